"""A small untrained model with all that a demo shows, on disk."""
import os.path as osp
import warnings

import torch
from mmengine.config import Config
from mmpose.apis import init_model

from spiga_mmpose.landmark_sets import load_landmark_set

# Every face gets this pose: the weights of the pose layer are zero.
POSE = (15., -10., 8., 0., 0.1, 3.2)


def tiny_config(landmark_set: str = 'wflw_98', size: int = 64) -> Config:
    """Config of a cascade on one small hourglass.

    Args:
        landmark_set (str): Name of the landmark set.
        size (int): Side of the crop, px.

    Returns:
        Config: As the demo, ``init_model`` and the inferencer want it.
    """
    codec = dict(
        type='SPIGALabel', input_size=(size, size), landmark_set=landmark_set)
    loader = dict(
        dataset=dict(
            metainfo=load_landmark_set(landmark_set).metainfo(),
            pipeline=[
                dict(type='LoadFaceImage'),
                dict(type='FaceBoxCenterScale'),
                dict(type='TopdownAffine', input_size=(size, size)),
                dict(type='PackFaceInputs')
            ]))
    return Config(
        dict(
            default_scope='mmpose',
            dataset_type='WFLWDataset',
            data_mode='topdown',
            custom_imports=dict(imports=['spiga_mmpose']),
            model=dict(
                type='TopdownPoseEstimator',
                data_preprocessor=dict(
                    type='PoseDataPreprocessor', mean=[0] * 3, std=[255] * 3),
                backbone=dict(
                    type='HourglassPoseNet',
                    landmark_set=landmark_set,
                    input_size=size,
                    num_stacks=1,
                    channels=16,
                    stem_channels=(8, 8),
                    depth=2),
                head=dict(
                    type='GATCascadeHead',
                    landmark_set=landmark_set,
                    in_channels=16,
                    embed_channels=16,
                    position_channels=(16, ),
                    gat_channels=16,
                    num_gats=1,
                    offset_channels=(16, ),
                    decoder=codec),
                test_cfg=dict()),
            train_dataloader=loader,
            test_dataloader=loader,
            visualizer=dict(type='SPIGAVisualizer')))


def write_tiny_model(folder: str, landmark_set: str = 'wflw_98') -> tuple:
    """Write the config and random weights of the small model.

    Args:
        folder (str): Where to.
        landmark_set (str): Name of the landmark set.

    Returns:
        tuple: Paths of the config and of the checkpoint.
    """
    config = tiny_config(landmark_set)
    path = osp.join(folder, f'tiny_{landmark_set}.py')
    config.dump(path)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        model = init_model(Config.fromfile(path), device='cpu')
    for layer in model.modules():
        if isinstance(layer, torch.nn.Linear) and layer.out_features == 6:
            torch.nn.init.zeros_(layer.weight)
            layer.bias.data.copy_(torch.tensor(POSE))
    checkpoint = osp.join(folder, f'tiny_{landmark_set}.pth')
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    return path, checkpoint


def drawn_test(base: str,
               count: int,
               batch_size: int,
               image_size: int = 64,
               pack: str = 'PackFaceInputs') -> str:
    """Text of a config that tests the model of another one on synthetic faces.

    Args:
        base (str): Path of the other config, in the same folder.
        count (int): Faces.
        batch_size (int): Faces at once.
        image_size (int): Side of the drawn images, px.
        pack (str): Transform that ends the pipeline.
    """
    return f'''
_base_ = [{osp.basename(base)!r}]
test_dataloader = dict(
    batch_size={batch_size},
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='SyntheticFaceDataset',
        num_faces={count},
        image_size={image_size},
        test_mode=True,
        pipeline=[
            dict(type='FaceBoxCenterScale'),
            dict(type='SPIGACrop', input_size=(64, 64)),
            dict(type='{pack}')
        ],
        _delete_=True))
'''
