"""GATCascadeHead on every backbone of MMPose."""
import json

import numpy as np
import pytest
import small_models
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.models import backbones
from mmpose.registry import MODELS

from spiga_mmpose.deployment.graph import LandmarkGraph
from spiga_mmpose.deployment.metadata import describe
from spiga_mmpose.geometry import project_head
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.models.heads.gat_cascade_head import last_map
from .conftest import SIZE, prepared, train, without_gradient

TWO_STAGES = dict(
    num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(1, ))


# Two branches, then three, then four: as small as HRNet's family gets.
BRANCHES = {
    f'stage{n}': dict(
        num_modules=1,
        num_branches=n,
        block='BASIC',
        num_blocks=(1, ) * n,
        num_channels=(8, 16, 32, 64)[:n])
    for n in (2, 3, 4)
}


STAGE_1 = dict(
    num_modules=1,
    num_branches=1,
    block='BOTTLENECK',
    num_blocks=(1, ),
    num_channels=(8, ))


ATTENTION = {
    name: dict(
        stage,
        block='HRFORMERBLOCK',
        window_sizes=(4, ) * stage['num_branches'],
        num_heads=(1, ) * stage['num_branches'],
        mlp_ratios=(2, ) * stage['num_branches'])
    for name, stage in BRANCHES.items()
}


TRANSFORMER = dict(embed_dims=8, num_heads=(1, 1, 1, 1), drop_path_rate=0.)


# Each as small as its class allows.
BACKBONES = {
    'AlexNet': dict(),
    'CPM': dict(
        in_channels=3, out_channels=8, feat_channels=8, num_stages=2),
    'CSPDarknet': dict(deepen_factor=0.33, widen_factor=0.125),
    'CSPNeXt': dict(deepen_factor=0.33, widen_factor=0.125),
    'HRFormer': dict(extra=dict(drop_path_rate=0., stage1=STAGE_1,
                                **ATTENTION)),
    'HRNet': dict(extra=dict(stage1=STAGE_1, **BRANCHES)),
    'HourglassAENet': dict(
        downsample_times=2,
        out_channels=8,
        stage_channels=(8, 8, 8),
        feat_channels=8),
    'HourglassNet': dict(
        downsample_times=2,
        num_stacks=2,
        stage_channels=(256, 8, 8),  # the first is the stem's
        stage_blocks=(1, 1, 1),
        feat_channel=8),
    'LiteHRNet': dict(
        extra=dict(
            stem=dict(stem_channels=16, out_channels=16, expand_ratio=1),
            num_stages=1,
            stages_spec=dict(
                num_modules=(1, ),
                num_branches=(2, ),
                num_blocks=(1, ),
                module_type=('LITE', ),
                with_fuse=(True, ),
                reduce_ratios=(8, ),
                num_channels=((16, 32), )),
            with_head=True)),
    # They give a list of maps a stage.
    'MSPN': dict(
        unit_channels=16, num_stages=1, num_units=2, num_blocks=(1, 1)),
    'RSN': dict(
        unit_channels=16, num_stages=1, num_units=2, num_blocks=(1, 1)),
    'MobileNetV2': dict(widen_factor=0.5),
    'MobileNetV3': dict(),
    'PyramidVisionTransformer': dict(
        TRANSFORMER,
        pretrain_img_size=SIZE,
        num_layers=(1, 1, 1, 1),
        out_indices=(3, )),
    'PyramidVisionTransformerV2': dict(
        TRANSFORMER, num_layers=(1, 1, 1, 1), out_indices=(3, )),
    'RegNet': dict(arch='regnetx_400mf'),
    'ResNeSt': dict(TWO_STAGES, depth=50),
    'ResNeXt': dict(TWO_STAGES, depth=50),
    'ResNet': dict(depth=18),
    'ResNetV1d': dict(depth=18, **TWO_STAGES),
    'SCNet': dict(TWO_STAGES, depth=50),
    'SEResNeXt': dict(TWO_STAGES, depth=50),
    'SEResNet': dict(TWO_STAGES, depth=50),
    'ShuffleNetV1': dict(widen_factor=0.5),
    'ShuffleNetV2': dict(widen_factor=0.5),
    'SwinTransformer': dict(
        embed_dims=8,
        num_heads=(1, 1, 1, 1),
        depths=(1, 1, 1, 1),
        window_size=4,
        out_indices=(3, ),
        drop_path_rate=0.),
    'VGG': dict(depth=11, norm_cfg=dict(type='BN')),
    'ViPNAS_MobileNetV3': dict(),
    'ViPNAS_ResNet': dict(TWO_STAGES, depth=50),
}


# What else MMPose calls backbones.
OTHERS = {
    'DSTFormer': 'takes joints, not images',
    'TCN': 'takes joints, not images',
    'V2VNet': 'takes volumes',
}


def test_every_backbone_of_mmpose_is_here():
    assert sorted([*BACKBONES, *OTHERS]) == sorted(backbones.__all__)


def build(name, **changes):
    """Estimator on a backbone; what the head must know is read from it."""
    backbone = dict(BACKBONES[name], type=name)
    with torch.no_grad():
        probe = MODELS.build(backbone)
        probe.eval()
        channels = last_map(probe(torch.zeros(1, 3, SIZE, SIZE))).shape[1]
    head = small_models.head(
        in_channels=channels,
        supervision=None,
        pose_regressor=dict(type='FeaturePoseRegressor', channels=8),
        loss_pose=dict(type='PoseL2Loss', loss_weight=0.1))
    model = small_models.build(
        small_models.estimator(backbone=backbone, head=dict(head, **changes)))
    # As deployment asks for.
    model.cfg = Config(
        dict(
            test_dataloader=dict(
                dataset=dict(pipeline=small_models.pipeline(labels=False)))))
    return model


@pytest.fixture(scope='class', params=sorted(BACKBONES))
def trained(request, faces):
    """Model after some steps, and its losses.

    From the mean shape the total is a function that its gradient goes down: a
    projected head moves with the pose, and no gradient of the cascade knows.
    """
    init_default_scope('mmpose')
    model = build(request.param, initial_shape='mean')
    return model, train(model, faces)


class TestEveryBackbone:

    def test_loss_falls(self, trained):
        _, losses = trained
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0]

    def test_every_parameter_gets_a_gradient(self, trained):
        model, _ = trained
        assert without_gradient(model) == []

    def test_predicts(self, trained, faces):
        model, _ = trained
        with torch.no_grad():
            model.test_cfg = dict(flip_test=True)
            results = model(**prepared(model, faces), mode='predict')
        for result in results:
            found = result.pred_instances
            assert found.landmark_steps.shape == (1, 4, 98, 2)
            assert found.head_poses.shape == (1, 6)
            assert np.isfinite(found.keypoints).all()
            # Without point maps there is no measure: every score is 1.
            assert (found.keypoint_scores == 1).all()

    def test_exports_what_it_predicts(self, trained):
        """The graph to export, and what it says of itself."""
        model, _ = trained
        crops = torch.randint(0, 256, (2, SIZE, SIZE, 3), dtype=torch.uint8)
        with torch.no_grad():
            outputs = LandmarkGraph(model).named(crops)
            expected = model(crops.permute(0, 3, 1, 2) / 255, None)
        torch.testing.assert_close(
            outputs['steps'], expected.steps, atol=1e-4, rtol=0)
        info = json.loads(describe(model, 'fp32', None, outputs).to_json())
        assert info['landmark_set'] == 'wflw_98'
        assert info['input_size'] == SIZE and info['padding'] == 1.6
        assert info['outputs'] == dict(
            steps=[4, 98, 2], pose=[6], scores=[98])


class TestPoseFromFeatures:
    """Where the backbone gives no pose."""

    def test_starts_at_a_face_in_its_crop(self):
        model = build('ResNet')
        with torch.no_grad():
            out = model(torch.rand(2, 3, SIZE, SIZE), None)
        assert (out.poses[:, 5] - 3).abs().max() < 2
        head = load_landmark_set('wflw_98').head_model
        np.testing.assert_allclose(
            out.steps[:, 0], project_head(head, out.poses.double().numpy()),
            atol=1e-5)

    def test_stage_of_the_pose_alone(self, faces):
        """It predicts what is trained: the projected head."""
        model = build('ResNet')
        model.train_cfg = dict(losses=('pose', ))
        losses = model(**prepared(model, faces), mode='loss')
        assert set(losses) == {'loss_pose'}
        model.head.record_trained(('pose', ))
        with torch.no_grad():
            results = model(**prepared(model, faces), mode='predict')
        found = results[0].pred_instances
        assert found.landmark_steps.shape == (1, 1, 98, 2)
        np.testing.assert_allclose(
            found.keypoints, found.landmark_steps[:, 0], atol=1e-3)

    def test_no_part_for_it_is_named(self, faces):
        model = build('ResNet', pose_regressor=None)
        with pytest.raises(ValueError, match='FeaturePoseRegressor'):
            model(**prepared(model, faces), mode='loss')

    def test_nothing_to_train_is_named(self, faces):
        model = build('ResNet', pose_regressor=None)
        model.train_cfg = dict(losses=('maps', ))
        with pytest.raises(ValueError, match='no loss for .*maps'):
            model(**prepared(model, faces), mode='loss')
