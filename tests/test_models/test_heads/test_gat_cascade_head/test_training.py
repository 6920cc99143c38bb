"""GATCascadeHead: forward pass, losses and what it records of training."""
import numpy as np
import pytest
import small_models
import torch
from mmengine.runner.checkpoint import load_state_dict as mmengine_load
from mmpose.registry import MODELS

from spiga_mmpose.geometry import project_head
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.models.heads.predictions import Labels
from .conftest import SIZE, loss, predict, prepared

ALL = ('maps', 'pose', 'cascade')


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
        losses = model.head.cascade_losses(
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
        losses = model.head.cascade_losses(
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
