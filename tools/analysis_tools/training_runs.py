"""Train several configs, with several seeds each.

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
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.runner import Runner
from tqdm import tqdm

from spiga_mmpose.apis import evaluate_model, load_model
from spiga_mmpose.io import read_json, write_json, write_whole

TRAIN_TOOL = osp.join(
    osp.dirname(osp.dirname(osp.abspath(__file__))), 'train.py')
SHARED_SEED = 100  # no run sees the faces that a shared backbone saw
# Training faces of seed 0; the data sets' seeds below are for tests.
_FIRST_TRAINING_SEED = 1000


def seeded(config: Config, seed: int) -> Config:
    config = copy.deepcopy(config)
    config.merge_from_dict({'randomness.seed': seed})
    if 'seed' in config.train_dataloader.dataset:
        config.train_dataloader.dataset.seed = _FIRST_TRAINING_SEED + seed
    return config


def run_all(configs: Dict[str, Config], seeds: Sequence[int],
            out: str) -> Iterator[Dict[str, List[dict]]]:
    """Train every config with every seed, or test it once.

    Seed by seed, so that an interrupted comparison is one of fewer seeds.
    """
    plan = {seed: [name for name, config in configs.items()
                   if trains(config) or seed == seeds[0]]
            for seed in seeds}
    results = {name: [] for name in configs}
    with tqdm(total=sum(map(len, plan.values())), unit='run') as bar:
        for seed, names in plan.items():
            for name in names:
                bar.set_description(f'{name}, seed {seed}')
                config = configs[name]
                results[name].append(run(
                    seeded(config, seed) if trains(config) else config,
                    osp.join(out, name, f'seed{seed}')))
                bar.update()
            yield results


def trains(config: Config) -> bool:
    return config.get('train_cfg') is not None


def run(config: Config, folder: str) -> dict:
    path = _keep_config(config, folder)
    done = osp.join(folder, 'metrics.json')
    if osp.isfile(done):
        return read_json(done)
    if trains(config):
        with open(osp.join(folder, 'train.log'), 'a') as log:
            code = subprocess.run(
                [sys.executable, TRAIN_TOOL, path, '--work-dir', folder,
                 '--resume'], stdout=log, stderr=subprocess.STDOUT).returncode
        if code:
            raise RuntimeError(f'the training in {folder} ended with code '
                               f'{code}; see {log.name}')
        metrics = _last_metrics(folder)
    else:
        model = load_model(path, config.load_from, get_device())
        loader = Runner.build_dataloader(model.cfg.test_dataloader)
        metrics = evaluate_model(model, loader, 'test')[0]
    write_json(metrics, done)
    return metrics


def _keep_config(config: Config, folder: str) -> str:
    os.makedirs(folder, exist_ok=True)
    # Beside the folder: into it the Runner writes a config of the same name.
    path = Path(folder.rstrip(os.sep) + '.py')
    text = config.pretty_text
    if not path.exists():
        write_whole(str(path), text)
    elif path.read_text() != text:
        raise ValueError(
            f'{path} is not what would be run now, and its results would be '
            'mixed up with others: take another --out, or delete both '
            f'{path} and {folder}')
    return str(path)


def _last_metrics(folder: str) -> dict:
    """Metrics of the last validation, from MMEngine's logs of a run that may
    have been resumed."""
    last = None
    for path in sorted(Path(folder).glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines(keepends=True):
            # One without its end is what a kill left.
            if '"NME"' in line and line.endswith('\n'):
                last = line
    if last is None:
        raise RuntimeError(f'{folder}: the run never validated')
    return json.loads(last)
