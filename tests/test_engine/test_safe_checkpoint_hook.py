"""Which checkpoints are there, and when one is deleted."""
import os
import shutil

import pytest
from mmpose.registry import HOOKS
from small_runs import run

from spiga_mmpose.engine.whole_file_backend import WholeFileBackend

ONE = dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=1)


def train(folder, **changes):
    return run(folder, folder.name, stages=None,
               default_hooks=dict(
                   logger=dict(type='LoggerHook', interval=100),
                   checkpoint=ONE), **changes)


def checkpoints(folder):
    return sorted(path.name for path in folder.glob('*.pth'))


def test_the_last_ones_are_kept_also_after_a_resume(tmp_path):
    train(tmp_path, train_cfg=dict(by_epoch=True, max_epochs=2))
    assert checkpoints(tmp_path) == ['epoch_2.pth']
    runner, _ = train(
        tmp_path,
        train_cfg=dict(by_epoch=True, max_epochs=3),
        load_from=str(tmp_path / 'epoch_2.pth'),
        resume=True)
    assert runner.epoch == 3
    assert checkpoints(tmp_path) == ['epoch_3.pth']


def test_a_full_disk_leaves_the_one_before(tmp_path, monkeypatch):
    train(tmp_path, train_cfg=dict(by_epoch=True, max_epochs=1))

    def full(self, obj, filepath):
        raise OSError(28, 'No space left on device', str(filepath))

    monkeypatch.setattr(WholeFileBackend, 'put', full)
    with pytest.raises(OSError, match='No space left'):
        train(
            tmp_path,
            train_cfg=dict(by_epoch=True, max_epochs=2),
            load_from=str(tmp_path / 'epoch_1.pth'),
            resume=True)
    assert checkpoints(tmp_path) == ['epoch_1.pth']


def test_the_best_of_another_folder_stays(tmp_path):
    """MMEngine would delete it when the resumed run finds a better one."""
    hook = dict(ONE, save_best='NME', rule='less')
    first, second = tmp_path / 'first', tmp_path / 'second'
    first.mkdir(), second.mkdir()
    runner, _ = train(first, train_cfg=dict(by_epoch=True, max_epochs=1))
    best = first / 'best_NME_epoch_1.pth'
    shutil.copy(first / 'epoch_1.pth', best)

    runner.message_hub.update_info('best_ckpt', str(best))
    runner._work_dir = str(second)
    safe = HOOKS.build(hook)
    safe.before_train(runner)
    assert safe.best_ckpt_path is None
    assert 'best_ckpt' not in runner.message_hub.runtime_info
    assert os.path.isfile(best)
    # That of the run's own folder is remembered.
    runner.message_hub.update_info('best_ckpt', str(best))
    runner._work_dir = str(first)
    safe = HOOKS.build(hook)
    safe.before_train(runner)
    assert safe.best_ckpt_path == str(best)


def test_the_best_comes_along_with_its_folder(tmp_path):
    """It was moved or copied: the next best one takes its place there."""
    runner, _ = train(tmp_path, train_cfg=dict(by_epoch=True, max_epochs=1))
    best = tmp_path / 'best_NME_epoch_1.pth'
    shutil.copy(tmp_path / 'epoch_1.pth', best)
    runner.message_hub.update_info('best_ckpt', f'/elsewhere/{best.name}')
    safe = HOOKS.build(dict(ONE, save_best='NME', rule='less'))
    safe.before_train(runner)
    assert safe.best_ckpt_path == str(best)


def test_a_copied_folder_goes_on_by_itself(tmp_path):
    """Also where a kill has left ``last_checkpoint`` empty, or half files."""
    first, second = tmp_path / 'first', tmp_path / 'second'
    train(first, train_cfg=dict(by_epoch=True, max_epochs=1))
    assert (first / 'last_checkpoint').read_text() == 'epoch_1.pth'
    shutil.copytree(first, second)
    (first / 'epoch_1.pth').unlink()
    (second / 'last_checkpoint').write_text('')
    for name in ('.epoch_2.pth.0123abcd', '.last_checkpoint.0123abcd'):
        (second / name).write_text('half')
    (second / '.mine.0123abcd').write_text('mine')
    runner, _ = train(
        second, train_cfg=dict(by_epoch=True, max_epochs=2), resume=True)
    assert runner.iter == 4
    assert checkpoints(second) == ['epoch_2.pth'] and not checkpoints(first)
    assert [path.name for path in second.glob('.*')] == ['.mine.0123abcd']


def test_nothing_to_resume_from_begins(tmp_path):
    (tmp_path / 'last_checkpoint').write_text('')
    runner, _ = train(
        tmp_path, train_cfg=dict(by_epoch=True, max_epochs=1), resume=True)
    assert runner.iter == 2
