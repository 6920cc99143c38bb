"""Configs of tiny networks and batches of synthetic faces, for the tests."""
import torch
from mmengine.dataset import Compose, pseudo_collate
from mmengine.logging import MMLogger
from mmpose.registry import MODELS

from spiga_mmpose.datasets import SyntheticFaceDataset

SIZE = 64
CHANNELS = 16


def backbone(**changes) -> dict:
    """Config of a HourglassPoseNet with 16 x 16 maps."""
    config = dict(
        type='HourglassPoseNet',
        input_size=SIZE,
        num_stacks=2,
        channels=CHANNELS,
        stem_channels=(8, 8),
        depth=2)
    return dict(config, **changes)


def head(**changes) -> dict:
    """Config of a GATCascadeHead on it, with all supervision."""
    landmark_set = changes.get('landmark_set', 'wflw_98')
    config = dict(
        type='GATCascadeHead',
        in_channels=CHANNELS,
        window_samples=3,
        embed_channels=16,
        position_channels=(16, ),
        gat_channels=8,
        num_gats=2,
        num_heads=2,
        offset_channels=(8, ),
        supervision=dict(
            type='MultiTaskHead', points_weight=1., edges_weight=1.),
        decoder=codec(landmark_set))
    return dict(config, **changes)


def codec(landmark_set: str = 'wflw_98') -> dict:
    return dict(
        type='SPIGALabel', input_size=(SIZE, SIZE), landmark_set=landmark_set)


def estimator(**changes) -> dict:
    """Config of the whole model."""
    config = dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(
            type='PoseDataPreprocessor',
            mean=[0, 0, 0],
            std=[255, 255, 255],
            bgr_to_rgb=False),
        backbone=backbone(),
        head=head(),
        train_cfg=dict(losses=('maps', 'pose', 'cascade')))
    return dict(config, **changes)


def build(config: dict, seed: int = 0):
    """Model of a config with MMEngine's initial weights, in eval mode."""
    torch.manual_seed(seed)
    model = MODELS.build(config)
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('ERROR')  # it would list every parameter
    model.init_weights()
    logger.setLevel(level)
    model.eval()
    return model


def pipeline(landmark_set: str = 'wflw_98', labels: bool = True) -> list:
    """Transforms from a synthetic face to a packed one."""
    steps = [
        dict(type='FaceBoxCenterScale', padding=1.6),
        dict(type='SPIGACrop', input_size=(SIZE, SIZE)),
        dict(type='PackFaceInputs')
    ]
    if labels:
        steps.insert(2,
                     dict(type='GenerateTarget', encoder=codec(landmark_set)))
    return steps


def batch(count: int = 3, landmark_set: str = 'wflw_98') -> dict:
    """Inputs and data samples of synthetic faces, as a loader gives them."""
    faces = SyntheticFaceDataset(
        count, seed=5, image_size=SIZE, landmark_set=landmark_set)
    pack = Compose(pipeline(landmark_set))
    return pseudo_collate([pack(faces[i]) for i in range(count)])
