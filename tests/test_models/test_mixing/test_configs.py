"""configs/backbones: each builds and trains."""
import glob
import os.path as osp

import numpy as np
import pytest
import small_models
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmpose.registry import DATASETS, MODELS

from .conftest import SIZE, prepared, train, without_gradient

STOCK = ('cspnext_m', 'hrnetv2_w18', 'mobilenetv2', 'resnet50', 'vit_small')


UNDER_STOCK_HEADS = ('hourglass_heatmap', 'hourglass_rtmcc',
                     'hourglass_regression')


@pytest.fixture
def load(repo):
    """Config of ``configs/backbones`` that downloads nothing."""

    def load(name):
        if name.startswith('vit'):
            pytest.importorskip('mmpretrain', reason='see docs/mixing.md')
        config = Config.fromfile(
            osp.join(repo, 'configs', 'backbones', f'{name}.py'))
        config.model.backbone.init_cfg = None
        return config

    return load


def test_every_config_is_tested(repo):
    names = {osp.basename(path)[:-3] for path in glob.glob(
        osp.join(repo, 'configs', 'backbones', '*.py'))}
    assert names == {*STOCK, *UNDER_STOCK_HEADS, 'base', 'resnet50_frozen',
                     'resnet50_wflw'}


@pytest.mark.parametrize('name', STOCK)
def test_stock_backbone(load, name):
    """All of it learns; the last map is the finest: 16 x 16 of 64 px."""
    config = load(name)
    model = small_models.build(config.model)
    losses = train(model, drawn_batch(config), steps=2)
    assert np.isfinite(losses).all()
    assert without_gradient(model) == []
    with torch.no_grad():
        fields = model.extract_feat(torch.rand(1, 3, SIZE, SIZE))
        out = model.head(fields)
    assert fields[-1].shape[1:] == (config.model.head.in_channels, 16, 16)
    assert out.steps.shape == (1, 4, 98, 2) and out.poses.shape == (1, 6)
    modules = dict(model.named_modules())
    for stage in config.stages:
        assert set(stage.frozen) <= set(modules)


def drawn_batch(config, count=3):
    """Faces as the training loader of a config gives them."""
    dataset = DATASETS.build(
        dict(config.train_dataloader.dataset, num_faces=count))
    return pseudo_collate([dataset[i] for i in range(count)])


@pytest.mark.parametrize('name', UNDER_STOCK_HEADS)
def test_hourglass_under_a_stock_head(load, name):
    config = load(name)
    model = small_models.build(config.model)
    faces = drawn_batch(config)
    losses = train(model, faces)
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    for parameter in (*model.backbone.hourglasses.parameters(),
                      *model.head.parameters()):
        assert torch.isfinite(parameter.grad).all()
    with torch.no_grad():
        for result in model(**prepared(model, faces), mode='predict'):
            found = result.pred_instances
            assert found.keypoints.shape == (1, 98, 2)
            assert np.isfinite(found.keypoints).all()


@pytest.mark.slow
def test_frozen_backbone_stays(load, tmp_path):
    """Through the Runner: weights and statistics, and a score at the end."""
    config = load('resnet50_frozen')
    weights = str(tmp_path / 'resnet50.pth')
    torch.save(MODELS.build(config.model.backbone).state_dict(), weights)
    # In the place of those to download.
    config.model.backbone.init_cfg = dict(
        type='Pretrained', checkpoint=weights)
    config.merge_from_dict({
        'work_dir': str(tmp_path),
        'log_level': 'ERROR',
        'stages.0.length': 1,
        'stages.0.schedulers': [],
        'train_cfg.val_interval': 1,
        'train_dataloader.batch_size': 4,
        'train_dataloader.sampler.epoch_size': 8,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'val_dataloader.dataset.num_faces': 2,
        'val_dataloader.num_workers': 0,
        'val_dataloader.persistent_workers': False,
    })
    config.test_dataloader = config.val_dataloader
    runner = Runner.from_cfg(config)
    runner.model.init_weights()  # not again in the training
    before = {name: value.clone()
              for name, value in runner.model.state_dict().items()}
    runner.train()
    metrics = runner.val_loop.run()
    changed = {name for name, value in runner.model.state_dict().items()
               if not torch.equal(value, before[name])}
    assert np.isfinite(metrics['NME'])
    assert not any(name.startswith('backbone.') for name in changed)
    for part in ('neck.', 'head.steps.', 'head.pose_regressor.'):
        assert any(name.startswith(part) for name in changed)


@pytest.mark.slow
def test_stock_backbone_on_photographs(load, sample_data):
    """Two steps on the sample, at 256 px, with the head as released."""
    config = load('resnet50_wflw')
    dataset = DATASETS.build(
        dict(
            config.train_dataloader.dataset,
            data_root=osp.join(sample_data, 'wflw'),
            ann_file='test_wflw.json',
            data_prefix=dict(img='')))
    batch = pseudo_collate([dataset[i] for i in range(2)])
    model = small_models.build(config.model)
    losses = train(model, batch, steps=2)
    assert np.isfinite(losses).all()
    assert without_gradient(model) == []
    assert losses[1] < losses[0]
