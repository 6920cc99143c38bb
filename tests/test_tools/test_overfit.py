"""configs/experiments/overfit.py: every landmark set learns photographs."""
import os.path as osp

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

pytestmark = pytest.mark.slow


class Losses(Hook):
    """Total loss of every iteration, by stage."""

    def __init__(self):
        self.by_stage = {}

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        stage = runner.message_hub.get_info('stage')
        self.by_stage.setdefault(stage, []).append(float(outputs['loss']))


@pytest.mark.parametrize('landmark_set, file', [
    ('wflw_98', 'wflw/test_wflw.json'),
    ('300w_68', '300w/test_300w.json'),
    ('cofw_29', 'cofw/test_cofw.json'),
])
def test_photographs_are_learnt(repo, sample_data, tmp_path, monkeypatch,
                                landmark_set, file):
    """Through the Runner: the loss falls in every stage, and so does the NME
    of the faces."""
    monkeypatch.setenv('LANDMARK_SET', landmark_set)
    monkeypatch.setenv('FACES', osp.join(sample_data, file))
    config = Config.fromfile(
        osp.join(repo, 'configs', 'experiments', 'overfit.py'))
    stages = [dict(stage, length=3, schedulers=[]) for stage in config.stages]
    config.merge_from_dict({
        'work_dir': str(tmp_path),
        'log_level': 'ERROR',
        'randomness': dict(seed=0),
        'train_dataloader.dataset.times': 4,
        'train_cfg.val_interval': 100,
        'stages': stages,
    })
    runner = Runner.from_cfg(config)
    before = runner.val_loop.run()
    losses = Losses()
    runner.register_hook(losses)
    runner.train()
    assert set(losses.by_stage) == {stage['name'] for stage in stages}
    for stage, values in losses.by_stage.items():
        half = len(values) // 2
        assert sum(values[half:]) < sum(values[:half]), stage
    assert runner.val_loop.run()['NME'] < before['NME']
