"""GATCascadeHead: every stage, every variant; backbones: test_mixing.py."""
import json

import numpy as np
import pytest
import small_models
import torch
from mmengine.runner.checkpoint import load_state_dict as mmengine_load
from mmpose.registry import MODELS

from spiga_mmpose.geometry import (crop_to_image, mirror_fit, mirror_pose,
                                   project_head)
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.models.heads.predictions import Labels, mirror_keypoints

SIZE, CHANNELS = small_models.SIZE, small_models.CHANNELS
ALL = ('maps', 'pose', 'cascade')


@pytest.fixture
def model():
    return small_models.build(small_models.estimator())


@pytest.fixture(scope='module')
def faces():
    return small_models.batch(3)


def prepared(model, faces):
    """Inputs and samples of their own, since predictions go into them."""
    faces = dict(
        inputs=faces['inputs'],
        data_samples=[sample.clone() for sample in faces['data_samples']])
    return model.data_preprocessor(faces)


def predict(model, faces, **test_cfg):
    model.test_cfg.update(test_cfg)
    with torch.no_grad():
        return model(**prepared(model, faces), mode='predict')


def loss(model, faces, *wanted):
    model.train()
    model.train_cfg = dict(losses=wanted)
    losses = model(**prepared(model, faces), mode='loss')
    return losses, sum(value for name, value in losses.items()
                       if 'loss' in name)


class TestForward:

    @pytest.mark.parametrize('name,count', [('wflw_98', 98), ('300w_68', 68)])
    def test_shapes_and_no_nan(self, name, count):
        config = small_models.estimator(
            backbone=small_models.backbone(landmark_set=name),
            head=small_models.head(landmark_set=name))
        model = small_models.build(config)
        steps, poses, scores = model(
            torch.rand(2, 3, SIZE, SIZE), None, mode='tensor')
        assert steps.shape == (2, 4, count, 2)
        assert poses.shape == (2, 6)
        assert scores.shape == (2, count)
        for value in (steps, poses, scores):
            assert torch.isfinite(value).all()
        assert scores.min() >= 0 and scores.max() <= 1

    def test_starts_at_the_projected_head(self, model):
        out = model(torch.rand(2, 3, SIZE, SIZE), None, mode='tensor')
        head = load_landmark_set('wflw_98').head_model
        expected = project_head(head, out.poses.detach().double().numpy())
        np.testing.assert_allclose(
            out.steps[:, 0].detach(), expected, atol=1e-5)

    def test_steps_move_by_at_most_half_their_window(self, model):
        with torch.no_grad():
            for step in model.head.steps:
                step.offset[-1].weight.mul_(1e4)
            out = model(torch.rand(2, 3, SIZE, SIZE), None, mode='tensor')
        moved = out.steps.diff(dim=1).abs().amax((0, 2, 3))
        torch.testing.assert_close(
            moved, torch.tensor([0.25, 0.125, 0.0625]) / 2, atol=1e-5, rtol=0)

    def test_number_of_steps_is_that_of_the_windows(self):
        head = MODELS.build(small_models.head(windows=(0.3, 0.2)))
        assert len(head.steps) == 2

    @pytest.mark.parametrize('variant', [
        dict(two_convs=True),
        dict(offset_activation='arctan'),
        dict(self_message=False),
        dict(two_convs=True, offset_activation='arctan', self_message=False),
        dict(detach_steps=False),
        dict(position='stack'),
        dict(position='none'),
        dict(shared_attention=True),
        dict(initial_shape='mean'),
    ])
    def test_variants_train_and_predict(self, faces, variant):
        config = small_models.estimator(head=small_models.head(**variant))
        model = small_models.build(config)
        _, total = loss(model, faces, *ALL)
        total.backward()
        assert torch.isfinite(total)
        for parameter in model.head.parameters():
            assert torch.isfinite(parameter.grad).all()
        model.eval()
        assert len(predict(model, faces)) == 3

    def test_under_autocast(self, model):
        """Coordinates and pose stay fp32, and near what they were."""
        image = torch.rand(2, 3, SIZE, SIZE)
        expected = model(image, None, mode='tensor')
        with torch.autocast('cpu', dtype=torch.bfloat16):
            found = model(image, None, mode='tensor')
        assert found.steps.dtype == found.poses.dtype == torch.float32
        assert (found.steps - expected.steps).abs().max() < 0.05


class TestLoss:

    def test_names_by_stage(self, model, faces):
        maps = {'loss_coord', 'loss_points', 'loss_edges'}
        cascade = {f'loss_step{s}' for s in (1, 2, 3)}
        cascade |= {f'nme_step{s}' for s in range(4)}
        assert set(loss(model, faces, 'maps')[0]) == maps
        assert set(loss(model, faces, 'pose')[0]) == {'loss_pose'}
        assert set(loss(model, faces, 'cascade')[0]) == cascade
        losses, total = loss(model, faces, *ALL)
        assert set(losses) == maps | cascade | {'loss_pose'}
        assert torch.isfinite(total)
        assert all(value.ndim == 0 for value in losses.values())

    def test_gradient_reaches_every_parameter(self, model, faces):
        _, total = loss(model, faces, *ALL)
        total.backward()
        without = [
            name for name, parameter in model.named_parameters()
            if parameter.grad is None or not (parameter.grad != 0).any()
        ]
        # A constant added to every score leaves a softmax as it is.
        assert [name for name in without if '.key.bias' not in name] == []

    def test_stages_train_what_they_say(self, model, faces):

        def trained(*wanted):
            model.zero_grad(set_to_none=True)
            loss(model, faces, *wanted)[1].backward()
            return {
                name
                for name, parameter in model.named_parameters()
                if parameter.grad is not None
            }

        maps, pose = trained('maps'), trained('pose')
        cascade = trained('cascade')
        assert not any('pose' in name or 'head.' in name for name in maps)
        assert any('attention' in name for name in maps)
        assert any('pose_layers' in name for name in pose)
        assert not any('head.' in name for name in pose)
        assert any('head.steps.2' in name for name in cascade)

    def test_perfect_landmarks_cost_nothing(self, model):
        target = torch.rand(2, 98, 2)
        labels = Labels(target, torch.ones(2, 98), None, None)
        losses = model.head._cascade_losses(
            target[:, None].expand(-1, 4, -1, -1), labels)
        assert all(value == 0 for value in losses.values())

    def test_nme_by_hand(self, model):
        """Mean distance in per cent of the crop; masked ones do not count."""
        target = torch.zeros(2, 98, 2)
        steps = torch.zeros(2, 4, 98, 2)
        steps[:, 1] = torch.tensor([0.03, 0.04])
        steps[:, 2, 0] = 9.
        weights = torch.ones(2, 98)
        weights[:, 0] = 0
        losses = model.head._cascade_losses(
            steps, Labels(target, weights, None, None))
        assert losses['nme_step0'] == 0
        assert losses['nme_step1'].item() == pytest.approx(5)
        assert losses['nme_step2'] == 0 and losses['loss_step2'] == 0

    @pytest.mark.parametrize('detach', [True, False])
    def test_detached_steps_learn_for_themselves(self, faces, detach):
        config = small_models.estimator(
            head=small_models.head(detach_steps=detach))
        model = small_models.build(config)
        losses, _ = loss(model, faces, 'cascade')
        first = list(model.head.steps[0].parameters())
        gradients = torch.autograd.grad(losses['loss_step3'], first)
        assert all((g == 0).all() for g in gradients) == detach

    def test_unknown_stage_is_named(self, model, faces):
        with pytest.raises(ValueError, match=r"\['heatmaps'\].*'cascade'"):
            loss(model, faces, 'heatmaps')

    def test_masked_landmarks_have_no_influence(self, model, faces):
        data = prepared(model, faces)
        totals = []
        for place in (0., 5.):
            for sample in data['data_samples']:
                labels = sample.gt_instance_labels
                labels.keypoint_weights[:, 40:] = 0
                labels.keypoint_labels[:, 40:] = place
            losses = model(**data, mode='loss')
            totals.append({k: v.item() for k, v in losses.items()})
        assert totals[0] == pytest.approx(totals[1], rel=1e-5)


class TestPredict:

    def test_last_step_is_the_keypoints(self, model, faces):
        for result in predict(model, faces):
            found = result.pred_instances
            assert found.keypoints.shape == (1, 98, 2)
            assert found.landmark_steps.shape == (1, 4, 98, 2)
            assert found.head_poses.shape == (1, 6)
            assert found.keypoint_scores.shape == (1, 98)
            assert 'attention' not in found
            np.testing.assert_allclose(
                found.landmark_steps[:, -1], found.keypoints, atol=1e-3)
            assert found.keypoint_scores.min() >= 0
            assert found.keypoint_scores.max() <= 1

    def test_first_step_is_the_head_in_the_image(self, model, faces):
        """The projected pose, taken from the crop to image px."""
        head = load_landmark_set('wflw_98').head_model
        for result in predict(model, faces):
            found, meta = result.pred_instances, result.metainfo
            crop = project_head(head, found.head_poses.astype(float)) * SIZE
            expected = crop_to_image(crop, meta['input_center'],
                                     meta['input_scale'], meta['input_size'])
            np.testing.assert_allclose(
                found.landmark_steps[:, 0], expected, atol=1e-2)

    def test_attention_on_demand(self, model, faces):
        result = predict(model, faces, output_attention=True)[0]
        attention = result.pred_instances.attention
        assert attention.shape == (1, 3, 2, 2, 98, 98)
        np.testing.assert_allclose(attention.sum(-1), 1, rtol=1e-4)

    def test_heatmaps_on_demand(self, model, faces):
        result = predict(model, faces, output_heatmaps=True)[0]
        assert result.pred_fields.heatmaps.shape == (98, 16, 16)
        assert result.pred_fields.edges.shape == (15, 16, 16)

    def test_results_as_dicts_for_the_metrics(self, model, faces):
        result = predict(model, faces)[0].to_dict()
        assert result['pred_instances']['head_poses'].shape == (1, 6)
        assert result['gt_instances']['keypoints'].shape == (1, 98, 2)

    def test_output_keypoint_indices(self, model, faces):
        """MMPose's choice of landmarks leaves our fields whole."""
        found = predict(
            model, faces, output_keypoint_indices=[3, 1])[0].pred_instances
        assert found.keypoints.shape == (1, 2, 2)
        assert found.landmark_steps.shape == (1, 4, 98, 2)

    def test_flip_test_is_off_by_default(self, model, faces):
        plain = predict(model, faces)[0].pred_instances.keypoints
        again = predict(
            model, faces, flip_test=False)[0].pred_instances.keypoints
        flipped = predict(
            model, faces, flip_test=True)[0].pred_instances.keypoints
        np.testing.assert_array_equal(plain, again)
        assert np.abs(plain - flipped).max() > 1e-3

    @pytest.mark.parametrize('by', ['maps', 'cascade'])
    def test_mirrored_input_gives_mirrored_output(self, model, faces, by):
        """With flip test; without it the network knows no such symmetry."""
        test_cfg = dict(flip_test=True, predict_by=by)
        data = prepared(model, faces)
        landmark_set = load_landmark_set('wflw_98')
        flip, fit = landmark_set.flip_indices, mirror_fit(landmark_set)
        with torch.no_grad():
            straight = model.extract_feat(data['inputs'])
            mirrored = model.extract_feat(data['inputs'].flip(-1))
            first = model.head.predict([straight, mirrored],
                                       data['data_samples'], test_cfg)
            second = model.head.predict([mirrored, straight],
                                        data['data_samples'], test_cfg)
        for one, other in zip(first, second):
            back = mirror_keypoints(
                torch.from_numpy(one.keypoints) / SIZE, flip, SIZE) * SIZE
            np.testing.assert_allclose(other.keypoints, back, atol=1e-3)
            np.testing.assert_allclose(
                other.keypoint_scores, one.keypoint_scores[:, flip], atol=1e-6)
            np.testing.assert_allclose(
                other.head_poses,
                mirror_pose(one.head_poses, fit),
                atol=2e-3)

    def test_without_a_decoder_says_what_to_do(self, faces):
        model = small_models.build(
            small_models.estimator(head=small_models.head(decoder=None)))
        with pytest.raises(ValueError, match='decoder=codec'):
            predict(model, faces)

    def test_unknown_way_is_named(self, model, faces):
        with pytest.raises(ValueError, match="'heatmaps'.*'cascade'"):
            predict(model, faces, predict_by='heatmaps')


class TestTrainedParts:
    """A checkpoint predicts as well as its stage can."""

    def test_the_loss_records_nothing(self, model, faces):
        loss(model, faces, *ALL)
        assert model.head.trained_parts == ()
        assert model.head.trained.tolist() == [0, 0, 0]

    def test_stage_1_by_the_maps(self, model, faces):
        model.head.record_trained(('maps', ))
        assert model.head.trained_parts == ('maps', )
        found = predict(model, faces)[0].pred_instances
        assert 'head_poses' not in found and 'landmark_steps' not in found
        expected = predict(
            model, faces, predict_by='maps')[0].pred_instances.keypoints
        np.testing.assert_array_equal(found.keypoints, expected)
        assert found.keypoint_scores.max() <= 1

    def test_stage_1_under_flip_test(self, model, faces):
        model.head.record_trained(('maps', ))
        found = predict(model, faces, flip_test=True)[0].pred_instances
        assert np.isfinite(found.keypoints).all()
        assert 'head_poses' not in found

    def test_stage_2_also_the_pose(self, model, faces):
        model.head.record_trained(('maps', 'pose'))
        found = predict(model, faces)[0].pred_instances
        assert found.head_poses.shape == (1, 6)
        assert 'landmark_steps' not in found

    def test_stage_3_by_the_cascade(self, model, faces):
        model.head.record_trained(('maps', 'pose'))
        model.head.record_trained(('cascade', ))
        assert model.head.trained_parts == ALL
        assert 'landmark_steps' in predict(model, faces)[0].pred_instances

    def test_checkpoint_carries_them(self, model, faces):
        model.head.record_trained(('maps', ))
        other = small_models.build(small_models.estimator(), seed=1)
        assert other.head.trained_parts == ()
        other.load_state_dict(model.state_dict())
        assert other.head.trained_parts == ('maps', )

    def test_weights_of_another_shape_are_refused(self):
        """Also where MMEngine would only warn (strict=False)."""
        model = small_models.build(small_models.estimator())
        state = small_models.build(
            small_models.estimator(
                backbone=small_models.backbone(landmark_set='300w_68'),
                head=small_models.head(landmark_set='300w_68'))).state_dict()
        for strict in (True, False):
            with pytest.raises(ValueError, match='68.*98.*--transfer'):
                mmengine_load(model, state, strict=strict)

    def test_converted_weights_have_no_last_maps(self, model, faces):
        """Scores, point and edge maps come from the stack before."""
        model.head.record_trained(('pose', 'cascade'))
        with torch.no_grad():
            for part in model.backbone.attention[-1].parameters():
                part.zero_()
        result = predict(model, faces, output_heatmaps=True)[0]
        assert result.pred_instances.keypoint_scores.std() > 1e-4
        assert result.pred_fields.heatmaps.std() > 1e-4
        assert result.pred_fields.edges.std() > 1e-4
        # Without the flags they would be the constant 0.5 of empty maps.
        model.head.record_trained(ALL)
        result = predict(model, faces)[0]
        assert result.pred_instances.keypoint_scores.std() < 1e-6


class TestOptions:

    def test_landmark_set_without_a_head(self, tmp_path):
        path = tmp_path / 'flat.json'
        path.write_text('{"name": "flat", "num_landmarks": 5}')
        with pytest.raises(ValueError, match="'flat' has no head_model"):
            MODELS.build(dict(type='GATCascadeHead', landmark_set=str(path)))
        with pytest.raises(ValueError, match="'flat' has no mean_shape"):
            MODELS.build(
                dict(
                    type='GATCascadeHead',
                    landmark_set=str(path),
                    initial_shape='mean'))

    def test_landmark_set_of_ones_own(self, tmp_path):
        """Five points, no edges: all parts follow the file."""
        path = tmp_path / 'dog.json'
        path.write_text(
            json.dumps(
                dict(
                    name='dog',
                    num_landmarks=5,
                    flip_pairs=[[0, 1]],
                    head_model=[[0., 1, 0], [0, -1, 0], [.5, 0, 0], [0, 0, 1],
                                [0, 0, -1]],
                    robust_ids=[0, 1, 2, 3])))
        config = small_models.estimator(
            backbone=small_models.backbone(landmark_set=str(path)),
            head=small_models.head(landmark_set=str(path)))
        model = small_models.build(config)
        steps, _, _ = model(torch.rand(1, 3, SIZE, SIZE), None, mode='tensor')
        assert steps.shape == (1, 4, 5, 2)

    @pytest.mark.parametrize('key', [
        'offset_activation', 'position', 'initial_shape'])
    def test_unknown_choice_is_named(self, key):
        with pytest.raises(ValueError, match=f"{key} must be .* 'tanh'"):
            MODELS.build(small_models.head(**{key: 'tanh'}))

    @pytest.mark.parametrize('windows', [
        (), (8, 4, 2), (.5, 0.), (.5, -1.), (.5, float('nan'))])
    def test_windows_are_shares(self, windows):
        with pytest.raises(ValueError, match='windows must be shares'):
            MODELS.build(small_models.head(windows=windows))

    def test_another_width_of_the_map_is_named(self, faces):
        model = small_models.build(
            small_models.estimator(head=small_models.head(in_channels=32)))
        with pytest.raises(ValueError, match=f'{CHANNELS} channels.*expected '
                           '32: .*model.head.in_channels'):
            loss(model, faces, 'cascade')

    @pytest.mark.parametrize('changes', [
        dict(supervision=None), dict(supervision=dict(type='MultiTaskHead'))])
    def test_another_landmark_set_is_named(self, faces, changes):
        """Of the labels, or of the backbone."""
        changes = dict(changes, landmark_set='300w_68')
        model = small_models.build(
            small_models.estimator(head=small_models.head(**changes)))
        with pytest.raises(ValueError, match="98 (point maps|landmarks).*"
                           "'300w_68'.*same landmark_set"):
            loss(model, faces, 'cascade')

    def test_a_second_source_of_the_pose_is_refused(self, faces):
        model = small_models.build(
            small_models.estimator(
                head=small_models.head(
                    pose_regressor=dict(type='FeaturePoseRegressor'))))
        with pytest.raises(ValueError, match='leave pose_regressor'):
            loss(model, faces, 'maps', 'pose', 'cascade')

    def test_from_the_mean_shape_every_face_starts_alike(self, model):
        config = small_models.estimator(
            head=small_models.head(initial_shape='mean'))
        model = small_models.build(config)
        out = model(torch.rand(2, 3, SIZE, SIZE), None, mode='tensor')
        start = torch.tensor(load_landmark_set('wflw_98').mean_shape).float()
        assert torch.equal(out.steps[:, 0], start.expand(2, -1, -1))
        # The backbone still tells the pose.
        assert out.poses.shape == (2, 6)

    @pytest.mark.parametrize('backbone,supervision', [
        (dict(type='MobileNetV2', out_indices=(1, )), None),
        (None, dict(type='MultiTaskHead')),
    ])
    def test_without_a_head_model_there_is_no_pose(self, tmp_path, faces,
                                                   backbone, supervision):
        """Nothing can teach it, even where the backbone has a pose layer."""
        path = tmp_path / 'flat.json'
        shape = np.random.default_rng(0).uniform(.2, .8, (98, 2)).tolist()
        path.write_text(
            json.dumps(dict(name='flat', num_landmarks=98, mean_shape=shape)))
        config = small_models.estimator(
            backbone=backbone
            or small_models.backbone(landmark_set=str(path)),
            head=small_models.head(
                in_channels=24 if backbone else CHANNELS,
                landmark_set=str(path),
                initial_shape='mean',
                supervision=supervision))
        model = small_models.build(config)
        _, total = loss(model, faces, 'maps', 'pose', 'cascade')
        total.backward()
        model.eval()
        for by in ('cascade', 'maps') if supervision else ('cascade', ):
            found = predict(model, faces, predict_by=by)[0].pred_instances
            assert found.keypoints.shape == (1, 98, 2)
            assert 'head_poses' not in found

    def test_unknown_option_is_named(self):
        with pytest.raises(TypeError, match='GATCascadeHead.*num_gat'):
            MODELS.build(dict(type='GATCascadeHead', num_gat=4))

    def test_unknown_part_is_named(self):
        with pytest.raises(KeyError, match='GATCascadeHaed'):
            MODELS.build(dict(type='GATCascadeHaed'))

    def test_constants_are_not_in_checkpoints(self, model):
        names = set(dict(model.head.named_parameters()))
        others = {
            name
            for name in model.head.state_dict()
            if name not in names and not name.endswith(
                ('running_mean', 'running_var', 'num_batches_tracked'))
        }
        assert others == {'trained'}
