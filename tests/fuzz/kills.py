"""Kills trainings and resumes them.

    python tests/fuzz/kills.py FOLDER KILLS SEED

Prints how many kills came while a checkpoint was written; ends in an
AssertionError where a file is not whole, a run does not resume, or its end is
not bit for bit that of a run that nobody killed. Each training is a fork of
this process, which has imported all that it needs.
"""
import os
import os.path as osp
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np

REPO = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
sys.path += [osp.join(REPO, 'tools'), osp.join(REPO, 'tests', 'helpers')]
warnings.simplefilter('ignore')

import train  # noqa: E402 of tools

# Before the forks, but after train, which imports spiga_mmpose first.
import torch  # noqa: E402 isort: skip

EPOCHS, EVERY = 5, 5  # kills a run
OPTIONS = {
    'train_cfg.val_interval': 100,
    'train_dataloader.batch_size': 4,
    'train_dataloader.sampler.epoch_size': 8,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'default_hooks.checkpoint.max_keep_ckpts': 2,
    'default_hooks.logger.interval': 1,
    'model.backbone.channels': 16,
    'model.backbone.stem_channels': '"(8,8)"',
    'model.head.in_channels': 16,
    'stages.0.length': EPOCHS - 2,
    'stages.1.length': 1,
    'stages.2.length': 1,
}


def start(folder: Path) -> int:
    """Process id of a training that resumes what is in the folder."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        log = os.open(folder / 'log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.argv = [
            'train.py',
            osp.join(REPO, 'configs', 'spiga_synthetic.py'), '--work-dir',
            str(folder), '--resume', '--no-validate', '--cfg-options',
            *(f'{key}={value}' for key, value in OPTIONS.items())
        ]
        train.main()
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def wait(pid: int) -> int:
    """Exit code of a process; negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def kill(pid: int, folder: Path, rng, duration: float) -> bool:
    """Kill a training at a random moment, every second time while it saves.

    Returns:
        bool: Whether it was still running.
    """
    until = time.time() + duration * rng.uniform(0.2, 1)
    saving = rng.integers(0, 2)
    before = (folder / 'log').read_text(errors='replace').count('Saving c')
    while time.time() < until:
        if saving and (folder / 'log').read_text(
                errors='replace').count('Saving c') > before:
            time.sleep(rng.uniform(0, 0.05))
            break
        if os.waitpid(pid, os.WNOHANG)[0]:
            return False
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    return wait(pid) == -signal.SIGKILL


def weights(folder: Path) -> dict:
    """Of the last epoch."""
    path = folder / f'epoch_{EPOCHS}.pth'
    return torch.load(path, weights_only=True)['state_dict']


def check(folder: Path) -> int:
    """Load all checkpoints; returns how many part files there are."""
    for path in folder.glob('epoch_*.pth'):
        torch.load(path, weights_only=True)
    known = ('epoch_', 'log', 'last_checkpoint', 'training.lock', 'landmarks',
             'multitask', 'cascade', 'spiga_synthetic.py', '20')
    return sum(not path.name.startswith(known) for path in folder.iterdir())


def main(folder: str, kills: int, seed: int) -> None:
    """Kill so many times."""
    rng = np.random.default_rng(seed)
    base = Path(folder)
    whole = base / 'whole'
    whole.mkdir(parents=True)
    began = time.time()
    assert wait(start(whole)) == 0, (whole / 'log').read_text()[-3000:]
    duration = time.time() - began
    expected = weights(whole)
    done = parts = runs = 0
    while done < kills:
        run = base / f'run{runs}'
        run.mkdir()
        (run / 'log').touch()
        for _ in range(min(EVERY, kills - done)):
            if not kill(start(run), run, rng, duration):
                break
            done += 1
            parts += check(run)
        assert wait(start(run)) == 0, (run / 'log').read_text()[-3000:]
        assert check(run) == 0, os.listdir(run)
        found = weights(run)
        assert all(
            torch.equal(value, found[name])
            for name, value in expected.items()), run
        runs += 1
    print(f'{done} kills of {runs} runs, {parts} part files left and removed')


if __name__ == '__main__':
    main(sys.argv[1], *map(int, sys.argv[2:]))
