"""Train variants of a config at equal budget, several seeds, and compare.

An experiment is a file of ``configs/experiments``: ``base`` (a config),
``options`` (what all variants change, as ``--cfg-options``), ``variants``
(name -> what one changes), ``seeds`` and ``metrics``. Every run has a folder
below --out; runs that are done are not done again, one that was interrupted
goes on. Writes ``table.md``, ``results.json`` and ``figure.png``: mean over
the seeds and half the distance of the worst seed from the best.

Example:
    python tools/analysis_tools/compare.py \\
        configs/experiments/recipe_choices.py --out work_dirs/recipe_choices
"""
import argparse
import json
import os
import os.path as osp
import subprocess
import sys

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmengine.config import Config
from tqdm import tqdm

REPO = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
TRAIN = osp.join(REPO, 'tools', 'train.py')


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('experiment', help='file of configs/experiments')
    parser.add_argument('--out', required=True, help='folder for all runs')
    parser.add_argument(
        '--variants', nargs='+', help='only these (default: all)')
    return parser.parse_args()


def write_config(experiment, name, seed, folder):
    """Config of one run, with nothing left to inherit."""
    cfg = Config.fromfile(osp.join(REPO, experiment.base))
    cfg.merge_from_dict(experiment.options.to_dict())
    cfg.merge_from_dict(experiment.variants[name].to_dict())
    cfg.merge_from_dict({
        'randomness.seed': seed,
        # Other faces to train on; 1 and up validate and test.
        'train_dataloader.dataset.seed': 1000 + seed,
    })
    os.makedirs(folder, exist_ok=True)
    path = osp.join(folder, 'config.py')
    cfg.dump(path)
    return path


def run(experiment, name, seed, folder):
    """Metrics of one run, trained if it is not done."""
    done = osp.join(folder, 'metrics.json')
    if osp.isfile(done):
        with open(done) as file:
            return json.load(file)
    path = write_config(experiment, name, seed, folder)
    with open(osp.join(folder, 'train.log'), 'a') as log:
        code = subprocess.run(
            [sys.executable, TRAIN, path, '--work-dir', folder, '--resume'],
            stdout=log,
            stderr=subprocess.STDOUT).returncode
    if code:
        raise SystemExit(f'{name}, seed {seed}: training ended with code '
                         f'{code}; see {log.name}')
    metrics = last_metrics(folder)
    with open(done, 'w') as file:
        json.dump(metrics, file, indent=1)
    return metrics


def last_metrics(folder):
    """Metrics of the last validation of a run."""
    names = sorted(
        entry for entry in os.listdir(folder)
        if osp.isfile(osp.join(folder, entry, 'vis_data', 'scalars.json')))
    rows = []
    for name in names:
        with open(osp.join(folder, name, 'vis_data', 'scalars.json')) as file:
            rows += [json.loads(line) for line in file]
    rows = [row for row in rows if 'NME' in row]
    if not rows:
        raise SystemExit(f'{folder}: the run never validated')
    return rows[-1]


def make_table(results, metrics):
    """Markdown: a row a variant, mean and spread of each metric."""
    lines = [
        '| variant | seeds | ' + ' | '.join(metrics) + ' |',
        '|---|---:|' + '---:|' * len(metrics)
    ]
    for name, runs in results.items():
        cells = []
        for key in metrics:
            values = [r[key] for r in runs if key in r]
            cells.append(f'{np.mean(values):.3f} ± {np.ptp(values) / 2:.3f}'
                         if len(values) == len(runs) else '')
        lines.append(f'| {name} | {len(runs)} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def draw(results, metric, path):
    """Every run as a point, a row a variant."""
    figure = Figure(
        figsize=(7, 1 + .35 * len(results)), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for row, runs in enumerate(results.values()):
        values = [r[metric] for r in runs]
        axes.plot(values, [row] * len(values), 'o', color='C0', alpha=.6)
        axes.plot(np.mean(values), row, '|', color='k', markersize=14)
    axes.set_yticks(range(len(results)), list(results))
    axes.invert_yaxis()
    axes.grid(axis='x', alpha=.3)
    axes.set_xlabel(f'{metric}; a dot a seed, a bar their mean')
    figure.savefig(path, dpi=150)


def main():
    args = parse_args()
    experiment = Config.fromfile(args.experiment)
    names = args.variants or list(experiment.variants)
    unknown = sorted(set(names) - set(experiment.variants))
    if unknown:
        raise SystemExit(f'no variants {unknown} in {args.experiment}; it '
                         f'has {list(experiment.variants)}')
    # Seed by seed, so that an interrupted comparison is one of fewer seeds.
    plan = [(name, seed) for seed in experiment.seeds for name in names]
    results = {name: [] for name in names}
    bar = tqdm(plan, unit='run')
    for name, seed in bar:
        bar.set_description(f'{name}, seed {seed}')
        folder = osp.join(args.out, name, f'seed{seed}')
        results[name].append(run(experiment, name, seed, folder))
    table = make_table(results, experiment.metrics)
    print(table)
    with open(osp.join(args.out, 'table.md'), 'w') as file:
        file.write(table)
    with open(osp.join(args.out, 'results.json'), 'w') as file:
        json.dump(results, file, indent=1)
    draw(results, experiment.metrics[0], osp.join(args.out, 'figure.png'))


if __name__ == '__main__':
    main()
