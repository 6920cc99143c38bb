"""Train variants of a config at equal budget, several seeds, and compare.

An experiment is a file of ``configs/experiments``; what it can hold is in
``experiments.py``. Every run has a folder below --out; runs that are done are
not done again, one that was interrupted goes on. Writes ``table.md``,
``results.json`` and ``figure.png`` after every seed: mean over the seeds and
half the distance of the worst from the best, beside the paper's numbers where
the experiment names them. Costs are parameters, GMACs (multiply-adds as
MMEngine counts them) and ms of a face alone on one thread of the CPU.

Examples:
    python tools/analysis_tools/compare.py \\
        configs/experiments/recipe_choices.py --out work_dirs/recipe_choices
    python tools/analysis_tools/compare.py \\
        configs/experiments/backbones.py --out work_dirs/backbones
"""
import os
import os.path as osp
import sys

import numpy as np
import tools_path  # noqa: F401
import torch
import training_runs
from command_line import OneLineParser, add_cfg_options, run_tool
from experiments import (add_backbones, load_experiment, make_configs,
                         published_numbers, published_tables, title)
from mmengine.analysis import get_model_complexity_info
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch.utils.benchmark import Timer
from tqdm import tqdm

from spiga_mmpose.evaluation.figures.comparison import (VariantPanel,
                                                        draw_trade_off,
                                                        draw_variants)
from spiga_mmpose.evaluation.report import to_markdown
from spiga_mmpose.io import write_json, write_whole

PUBLISHED = """\
"paper": as printed in arXiv 2210.07233v1, {tables}; compare
directions, not sizes. Does a variant differ from {reference} in the direction
in which it does in the paper? "holds": with every seed; "reversed": in the
other one with every seed; "open": neither. Where a variant makes no
difference, chance says "holds" of one in 2^seeds and "reversed" as often."""


def measure_cost(config, with_time):
    init_default_scope('mmpose')
    # MMEngine names every operator that it does not count.
    MMLogger.get_current_instance().setLevel('ERROR')
    model = MODELS.build(config.model)
    model.eval()
    model.forward = model._forward  # of the image alone
    width, height = config.input_size
    found = get_model_complexity_info(
        model, (3, height, width), show_table=False, show_arch=False)
    cost = {'parameters (M)': found['params'] / 1e6,
            'GMACs': found['flops'] / 1e9}
    if with_time:
        timer = Timer('model(face)', globals=dict(
            model=model, face=torch.rand(1, 3, height, width)))
        with torch.no_grad():
            cost['ms a face'] = 1e3 * timer.blocked_autorange(
                min_run_time=1).median
    return cost


def summary(runs, key):
    values = [run[key] for run in runs if key in run]
    if not values or len(values) < len(runs):
        return None
    spread = f' ± {np.ptp(values) / 2:.3f}' if len(values) > 1 else ''
    return f'{np.mean(values):.3f}{spread}'


def ordering(expected, runs, reference, key):
    """Whether runs differ from those of the reference, seed by seed, as is
    expected; what was not trained has no seeds and is compared with each."""
    found = np.subtract([run[key] for run in runs],
                        [run[key] for run in reference])
    same = np.sign(found) * np.sign(expected)
    return ('holds' if (same > 0).all() else
            'reversed' if (same < 0).all() else 'open')


def make_table(experiment, results, costs, skipped):
    keys, reference = experiment.metrics, experiment.get('reference')
    best = published_numbers(experiment, reference)
    rows = [['variant', 'seeds', *next(iter(costs.values()), {}), *keys]]
    for name, runs in results.items():
        cost = costs.get(name, {}).values()
        rows.append([title(experiment, name), len(runs) or None, *cost,
                     *(summary(runs, key) for key in keys)])
        numbers = published_numbers(experiment, name)
        cells = [f'{numbers[key]:.2f}' if key in numbers else None
                 for key in keys]
        for place, key in enumerate(keys):
            if (key in numbers and key in best and name != reference
                    and summary(runs, key)):
                cells[place] += ', ' + ordering(
                    numbers[key] - best[key], runs, results[reference], key)
        if any(cells):
            rows.append(['', 'paper', *[None] * len(cost), *cells])
    notes = ['Mean over the seeds, and half the distance of the worst from '
             'the best.']
    if best:
        notes.append(PUBLISHED.format(
            reference=title(experiment, reference),
            tables='; '.join(f'{table.number} ({table.title})' for table in
                             published_tables(experiment))))
    notes += [f'{name}: skipped: {why}' for name, why in skipped.items()]
    return to_markdown(rows, '\n\n'.join(notes))


def draw(experiment, results, costs, path):
    """The first metric that all have against the costs, or three of them of
    every seed; where there is a reference, changes against it."""
    keys = [key for key in experiment.metrics
            if all(key in runs[0] for runs in results.values())][:3]
    reference = experiment.get('reference')
    titles = {name: title(experiment, name) for name in results}
    if not keys:
        return None
    if costs:
        *_, cost = next(iter(costs.values()))  # ms or else GMACs
        points = {titles[name]: (costs[name][cost],
                                 np.mean([run[keys[0]] for run in runs]))
                  for name, runs in results.items()}
        return draw_trade_off(points, cost, keys[0], path)
    panels = []
    for key in keys:
        label = key
        values = {name: np.array([run[key] for run in runs])
                  for name, runs in results.items()}
        paper = {name: number for name in titles if
                 (number := published_numbers(experiment, name).get(key))}
        if reference:
            label += f': change against\n{titles[reference]} (%)'
            values, paper = (
                {name: 100 * (of[name] / of[reference] - 1) for name in of}
                for of in (values, paper))
        panels.append(VariantPanel(
            label, {titles[name]: found for name, found in values.items()},
            {titles[name]: number for name, number in paper.items()},
            line=0. if reference else None))
    return draw_variants(panels, path)


def compare(args):
    experiment = load_experiment(args.experiment)
    seeds = args.seeds or list(experiment.seeds)
    last = training_runs.SHARED_SEED - 1
    if len(set(seeds)) < len(seeds) or not all(
            0 <= seed <= last for seed in seeds):
        raise ValueError(f'--seeds: expected different ones, 0 to {last}, '
                         f'found {seeds}')
    if args.backbone and 'backbone' not in experiment:
        raise ValueError(f'--backbone: {args.experiment} has no shared one')
    os.makedirs(args.out, exist_ok=True)
    configs, skipped = make_configs(
        experiment, args.variants or list(experiment.variants),
        args.cfg_options)
    costs = {
        name: measure_cost(config, 'time' not in args.skip)
        for name, config in tqdm(configs.items(), desc='cost', unit='variant')
    } if experiment.get('costs') else {}
    if 'training' in args.skip:
        rounds = [{name: [] for name in configs}]
    else:
        if 'backbone' in experiment:
            add_backbones(experiment, configs, args.backbone, args.out,
                          args.cfg_options)
        rounds = training_runs.run_all(configs, seeds, args.out)
    for results in rounds:
        table = make_table(experiment, results, costs, skipped)
        write_json(dict(results=results, costs=costs, skipped=skipped),
                   osp.join(args.out, 'results.json'))
        write_whole(osp.join(args.out, 'table.md'), table)
        if any(results.values()):
            draw(experiment, results, costs, osp.join(args.out, 'figure.png'))
    return table


def main(argv=None):
    parser = OneLineParser('compare.py', __doc__)
    add = parser.add_argument
    add('experiment', help='file of configs/experiments')
    add('--out', required=True, help='folder for all runs')
    add('--variants', nargs='+', metavar='NAME',
        help='only these, and the reference (default: all)')
    add('--seeds', nargs='+', type=int, help="instead of the experiment's")
    add('--backbone', metavar='CHECKPOINT',
        help='take its backbone instead of training the shared one')
    add('--skip', nargs='+', choices=['time', 'training'], default=[],
        help='leave a column out: time on a busy machine, metrics without '
        'hours of training')
    add_cfg_options(parser)
    return run_tool('compare.py', compare, parser.parse_args(argv),
                    'the same command goes on')


if __name__ == '__main__':
    sys.exit(main())
