"""Variants of a training at equal budget, with several seeds.

Every run has a folder of its own, with ``train.log``, checkpoints and, once it
is done, ``metrics.json``; its config is beside the folder (``seed0.py``). What
is done is not done again, and what was interrupted goes on. A config that
trains nothing (``train_cfg = None``) is tested as its ``load_from`` is.
"""
import copy
import json
import os
import os.path as osp
import subprocess
import sys
from typing import Dict, Iterator, List, Sequence

import numpy as np
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.runner import Runner
from tqdm import tqdm

from spiga_mmpose.apis import evaluate_model, load_model
from spiga_mmpose.io import write_json

# Training faces of seed 0; the data sets' seeds below are for tests.
_FIRST_TRAINING_SEED = 1000


def seeded(config: Config, seed: int) -> Config:
    """One of several runs of a config.

    Args:
        config (Config): Of a training.
        seed (int): At least 0.

    Returns:
        Config: A copy with initial weights and augmentation of the seed, and
        where training faces are synthetic, faces of the seed; validation and
        test faces are the same for all.
    """
    config = copy.deepcopy(config)
    config.merge_from_dict({'randomness.seed': seed})
    if 'seed' in config.train_dataloader.dataset:
        config.train_dataloader.dataset.seed = _FIRST_TRAINING_SEED + seed
    return config


def run_all(configs: Dict[str, Config], seeds: Sequence[int], out: str,
            train_tool: str) -> Iterator[Dict[str, List[dict]]]:
    """Train every config with every seed, or test it once.

    Seed by seed, so that an interrupted comparison is one of fewer seeds.

    Args:
        configs (dict[str, Config]): By the name of their folder.
        seeds (Sequence[int]): All different, see :func:`seeded`.
        out (str): Folder of all runs.
        train_tool (str): Path of ``tools/train.py``.

    Yields:
        dict[str, list[dict]]: After every seed, the metrics of each config so
        far, in the order of the seeds, see :func:`run`.

    Raises:
        ValueError, RuntimeError: If a seed is given twice; see :func:`run`.
    """
    if len(set(seeds)) < len(seeds):
        raise ValueError(f'seeds: expected different ones, found {seeds}')
    plan = {
        seed: [name for name, config in configs.items()
               if _trains(config) or seed == seeds[0]]
        for seed in seeds
    }
    results = {name: [] for name in configs}
    with tqdm(total=sum(map(len, plan.values())), unit='run') as bar:
        for seed, names in plan.items():
            for name in names:
                bar.set_description(f'{name}, seed {seed}')
                config = configs[name]
                if _trains(config):
                    config = seeded(config, seed)
                folder = osp.join(out, name, f'seed{seed}')
                results[name].append(run(config, folder, train_tool))
                bar.update()
            yield results


def _trains(config: Config) -> bool:
    return config.get('train_cfg') is not None


def run(config: Config, folder: str, train_tool: str) -> dict:
    """Train a config, or test it, unless it is done.

    Args:
        config (Config): Of the training.
        folder (str): Of the run.
        train_tool (str): Path of ``tools/train.py``.

    Returns:
        dict: Metrics of the last validation, or of the test.

    Raises:
        ValueError: If the folder holds a run of another config, or a
            checkpoint to test does not fit.
        RuntimeError: If the training ends with an error, or never validates.
    """
    path = _keep_config(config, folder)
    done = osp.join(folder, 'metrics.json')
    if osp.isfile(done):
        with open(done) as file:
            return json.load(file)
    if _trains(config):
        _train(path, folder, train_tool)
        metrics = last_metrics(folder)
    else:
        metrics = _test(path, config.load_from)
    write_json(metrics, done)
    return metrics


def _train(path: str, folder: str, train_tool: str) -> None:
    with open(osp.join(folder, 'train.log'), 'a') as log:
        code = subprocess.run(
            [sys.executable, train_tool, path, '--work-dir', folder,
             '--resume'],
            stdout=log,
            stderr=subprocess.STDOUT).returncode
    if code:
        raise RuntimeError(f'the training in {folder} ended with code {code}; '
                           f'see {log.name}')


def _test(path: str, checkpoint: str) -> dict:
    model = load_model(path, checkpoint, get_device())
    loader = Runner.build_dataloader(model.cfg.test_dataloader)
    return evaluate_model(model, loader, 'test')[0]


def _keep_config(config: Config, folder: str) -> str:
    """Path of the run's config, with nothing left to inherit."""
    os.makedirs(folder, exist_ok=True)
    # Beside the folder: into it the Runner writes a config of the same name.
    path = folder.rstrip(os.sep) + '.py'
    text = config.pretty_text
    if not osp.isfile(path):
        with open(path + '.part', 'w') as file:
            file.write(text)
        os.replace(path + '.part', path)
        return path
    with open(path) as file:
        if file.read() != text:
            raise ValueError(
                f'{path} is not what would be run now, and its results would '
                'be mixed up with others: take another --out, or delete '
                f'both {path} and {folder}')
    return path


def last_metrics(folder: str) -> dict:
    """Metrics of the last validation of a run, from MMEngine's log.

    Args:
        folder (str): Work folder of the run, which may have been resumed.

    Returns:
        dict: By name.

    Raises:
        RuntimeError: If the run never validated, or its log is damaged.
    """
    rows = []
    for name in sorted(os.listdir(folder)):
        path = osp.join(folder, name, 'vis_data', 'scalars.json')
        if osp.isfile(path):
            rows += _read_lines(path)
    rows = [row for row in rows if 'NME' in row]
    if not rows:
        raise RuntimeError(f'{folder}: the run never validated')
    return rows[-1]


def _read_lines(path: str) -> List[dict]:
    """Of a log; a last line that a kill has cut off is left out."""
    rows = []
    with open(path) as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            if number < len(lines):
                raise RuntimeError(f'{path}, line {number}: damaged: {error}'
                                   ) from None
    return rows


def mean_and_spread(values: Sequence[float]) -> str:
    """``'3.842 ± 0.030'``: mean and half the range of the seeds."""
    mean = f'{np.mean(values):.3f}'
    return mean if len(values) == 1 else f'{mean} ± {np.ptp(values) / 2:.3f}'
