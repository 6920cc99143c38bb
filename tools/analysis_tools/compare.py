"""Train variants of a config at equal budget, several seeds, and compare.

An experiment is a file of ``configs/experiments``: ``base`` (a config),
``options`` (what all variants change, as ``--cfg-options``), ``variants``
(name -> what one changes), ``seeds`` and ``metrics``. Every run has a folder
below --out; runs that are done are not done again, one that was interrupted
goes on. Writes ``table.md``, ``results.json`` and ``figure.png`` after every
seed: mean over the seeds and half the distance of the worst from the best.

Example:
    python tools/analysis_tools/compare.py \\
        configs/experiments/recipe_choices.py --out work_dirs/recipe_choices
"""
import argparse
import os.path as osp
import sys

from mmengine.config import Config

from spiga_mmpose.analysis import comparison
from spiga_mmpose.command_line import run_tool
from spiga_mmpose.evaluation.figures.variants import (VariantPanel,
                                                      draw_variants)
from spiga_mmpose.io import write_json

REPO = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
TRAIN = osp.join(REPO, 'tools', 'train.py')


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('experiment', help='file of configs/experiments')
    parser.add_argument('--out', required=True, help='folder for all runs')
    parser.add_argument(
        '--variants', nargs='+', help='only these (default: all)')
    return parser.parse_args(argv)


def make_configs(experiment, names):
    """Config of each variant."""
    unknown = sorted(set(names) - set(experiment.variants))
    if unknown:
        raise ValueError(f'no variants {unknown} in {experiment.filename}; it '
                         f'has {list(experiment.variants)}')
    configs = {}
    for name in names:
        cfg = Config.fromfile(osp.join(REPO, experiment.base))
        cfg.merge_from_dict(experiment.options.to_dict())
        cfg.merge_from_dict(experiment.variants[name].to_dict())
        configs[name] = cfg
    return configs


def make_table(results, metrics):
    """Markdown: a row a variant, mean and spread of each metric."""
    lines = [
        '| variant | seeds | ' + ' | '.join(metrics) + ' |',
        '|---|---:|' + '---:|' * len(metrics)
    ]
    for name, runs in results.items():
        cells = []
        for key in metrics:
            values = [run[key] for run in runs if key in run]
            cells.append(
                comparison.mean_and_spread(values)
                if len(values) == len(runs) else '')
        lines.append(f'| {name} | {len(runs)} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def compare(args):
    """Train, then write all that --out gets; returns the table."""
    experiment = Config.fromfile(args.experiment)
    names = args.variants or list(experiment.variants)
    configs = make_configs(experiment, names)
    for results in comparison.run_all(configs, experiment.seeds, args.out,
                                      TRAIN):
        table = make_table(results, experiment.metrics)
        write_json(results, osp.join(args.out, 'results.json'))
        with open(osp.join(args.out, 'table.md'), 'w') as file:
            file.write(table)
        metric = experiment.metrics[0]
        runs = {name: [run[metric] for run in runs]
                for name, runs in results.items()}
        draw_variants([VariantPanel(metric, runs)],
                      osp.join(args.out, 'figure.png'))
    return table


def main(argv=None):
    args = parse_args(argv)
    return run_tool('compare.py', compare, args,
                    'the same command goes on')


if __name__ == '__main__':
    sys.exit(main())
