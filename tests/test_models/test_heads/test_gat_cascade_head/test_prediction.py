"""GATCascadeHead: predictions and options."""
import json

import numpy as np
import pytest
import small_models
import torch
from mmpose.registry import MODELS

from spiga_mmpose.geometry import (crop_to_image, mirror_fit, mirror_pose,
                                   project_head)
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.models.heads.predictions import mirror_keypoints
from .conftest import CHANNELS, SIZE, loss, predict, prepared


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

    @pytest.mark.parametrize('by', ['pose', 'maps', 'cascade'])
    def test_fitted_pose(self, model, faces, by):
        """It projects the head nearer to the landmarks than the network's,
        which is what the projected head model was made from."""
        landmark_set = load_landmark_set('wflw_98')
        robust = landmark_set.robust_ids
        plain = predict(model, faces, predict_by=by)
        fitted = predict(model, faces, predict_by=by, fit_pose=True)
        for one, other in zip(plain, fitted):
            meta = one.metainfo
            one, other = one.pred_instances, other.pred_instances
            np.testing.assert_array_equal(one.keypoints, other.keypoints)
            errors = []
            for pose in (one.head_poses, other.head_poses):
                head = project_head(landmark_set.head_model, pose)
                head = crop_to_image(head * SIZE, meta['input_center'],
                                     meta['input_scale'], meta['input_size'])
                distance = head[0, robust] - one.keypoints[0, robust]
                errors.append(np.linalg.norm(distance, axis=-1).mean())
            if by == 'pose':
                np.testing.assert_allclose(
                    other.head_poses, one.head_poses, atol=0.5)
            else:
                assert errors[1] < errors[0]

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
