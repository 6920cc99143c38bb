"""Train the ablations of the paper at equal budget, and set them beside it.

The variants are the files of ``configs/ablations``. Each trains its cascade
on one shared backbone, from other initial weights and other synthetic faces a
seed, and is tested on the same 1,000 synthetic faces. Without --backbone the
shared backbone is trained first; a variant that changes the backbone gets one
of its own in either case. Every run has a folder below --out; runs that are
done are not done again, one that was interrupted goes on.

Writes into --out after every seed: ``table.md`` (NME and NPE90 of all faces
and of subsets, the paper's numbers below ours, NME after each step, and which
of the paper's orderings hold), ``results.json`` and ``figure.png``. Drawn
faces say nothing about photographs: compare signs, not numbers.

Example:
    python tools/analysis_tools/ablate.py --out work_dirs/ablations
"""
import argparse
import hashlib
import os.path as osp
import sys

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.runner.checkpoint import CheckpointLoader
from published import TABLES

from spiga_mmpose.analysis import comparison
from spiga_mmpose.command_line import run_tool
from spiga_mmpose.engine import select_stages
from spiga_mmpose.engine.command_line import check_options
from spiga_mmpose.evaluation.figures.variants import (VariantPanel,
                                                      draw_variants)
from spiga_mmpose.io import write_json

REPO = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
TRAIN = osp.join(REPO, 'tools', 'train.py')
CONFIGS = osp.join(REPO, 'configs', 'ablations')
# Whose first two stages make the backbone.
WHOLE_TRAINING = osp.join(REPO, 'configs', 'spiga_synthetic.py')
BACKBONE_SEED = 100  # no cascade sees the faces that its backbone saw
REFERENCE = 'spiga'
# In the paper's order, its own choices against the release's last.
VARIANTS = ('mtn', 'position_none', 'position_stacked', 'shared_attention',
            'windows_1_1_1', 'windows_4_4_4', 'steps_1', 'steps_2',
            'mean_shape', 'arctan', 'no_self_message', 'two_convs',
            'bottleneck_8x8')
SUBSETS = {
    'all': '',
    'make-up': 'makeup/',
    'occlusion': 'occlusion/',
    'blur': 'blur/',
    'expression': 'expression/',
    'pose': 'pose/',
}
COLUMNS = {
    f'{metric} {label}': f'{prefix}{metric}'
    for label, prefix in SUBSETS.items() for metric in ('NME', 'NPE90')
}
NOTES = '''\
"here": synthetic faces, % of the size of the landmark box, mean over the seeds
and half the distance of the worst from the best. "paper": WFLW, % of the
distance of the outer eye corners (arXiv 2210.07233v1, Tables 5 and 6); "-"
where it prints none. Lower is better.
'''
ORDERINGS = '''\
Does a variant differ from SPIGA in the direction in which it does in the
paper? "holds": with every seed; "reversed": in the other one with every seed;
"open": neither. Where a variant makes no difference, chance says "holds" of
one in 2^seeds and "reversed" as often.
'''


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True, help='folder for all runs')
    parser.add_argument(
        '--backbone',
        metavar='CHECKPOINT',
        help='of configs/spiga_synthetic.py, at least its multi-task stage '
        '(default: train one into OUT/backbone)')
    parser.add_argument(
        '--variants',
        nargs='+',
        choices=VARIANTS,
        default=VARIANTS,
        metavar='NAME',
        help=f'only these beside {REFERENCE}, of {", ".join(VARIANTS)}')
    parser.add_argument(
        '--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        help='key=value pairs that override the config of every run')
    return parser.parse_args(argv)


def make_configs(names):
    """Config of each variant, from its file."""
    return {
        name: Config.fromfile(osp.join(CONFIGS, f'{name}.py'))
        for name in (REFERENCE, *names)
    }


def add_backbones(configs, args):
    """Put the checkpoint that each config starts from into it."""
    shared = configs[REFERENCE].model.backbone
    found = {}
    for name, config in configs.items():
        own = config.model.backbone != shared
        place = f'backbone_{name}' if own else 'backbone'
        if place not in found:
            whole = osp.abspath(args.backbone) if (
                args.backbone and not own) else train_backbone(
                    config, osp.join(args.out, place), args)
            found[place] = whole, backbone_alone(
                whole, osp.join(args.out, place))
        whole, alone = found[place]
        config.load_from = alone if config.get('train_cfg') else whole


def train_backbone(variant, folder, args):
    """Checkpoint of the first two stages, with the variant's backbone."""
    config = Config.fromfile(WHOLE_TRAINING)
    config.model.backbone = variant.model.backbone
    add_options(config, args)
    select_stages(config, ['landmarks', 'multitask'])
    comparison.run(
        comparison.seeded(config, BACKBONE_SEED), folder, TRAIN)
    return osp.abspath(osp.join(folder, 'multitask.pth'))


def add_options(config, args):
    """Put --cfg-options into a config, where it has what they change."""
    check_options(args.cfg_options, config)
    config.merge_from_dict({
        key: value
        for key, value in args.cfg_options.items()
        if config.get(key.split('.')[0]) is not None
    })


def backbone_alone(checkpoint, stem):
    """Write the backbone's weights alone; returns their path.

    What else the checkpoint holds would be the first weights of every seed's
    cascade, or be of another shape. The file's name tells the weights, so
    that runs of two backbones are never taken for seeds of one.
    """
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    weights = loaded.get('state_dict', loaded)
    kept = {
        name: value
        for name, value in weights.items()
        if name.startswith('backbone.') or name == 'head.trained'
    }
    if not kept:
        raise ValueError(f'{checkpoint}: holds no weights of a backbone '
                         '(backbone.*); expected a checkpoint of '
                         'configs/spiga_synthetic.py')
    trained = kept.get('head.trained')
    if trained is not None and not trained[:2].all():
        raise ValueError(f'{checkpoint}: its backbone is not trained for both '
                         'maps and pose; expected a checkpoint of the '
                         'multi-task stage of configs/spiga_synthetic.py or a '
                         'later one')
    digest = hashlib.sha256()
    for name in sorted(kept):
        digest.update(kept[name].numpy().tobytes())
    path = f'{osp.abspath(stem)}_{digest.hexdigest()[:8]}.pth'
    torch.save(dict(state_dict=kept), path)
    return path


def published(methods):
    """Numbers of rows of the paper's Tables 5 and 6, by our keys."""
    numbers = {}
    for table in TABLES:
        if table.number not in ('Table 5', 'Table 6'):
            continue
        for row in table.rows:
            if row.method in methods:
                numbers.update(by_key(table.columns, row.values))
    return numbers


def by_key(columns, values):
    """Numbers of one row of a table; its last step is the result."""
    numbers = {}
    for column, text in zip(columns, values):
        if text == '-':
            continue
        prefix = f'{column.subset}/' if column.subset else ''
        if column.step is not None:
            numbers[column.metric] = float(text)
            prefix = f'step{column.step}/'
        numbers[prefix + column.metric] = float(text)
    return numbers


def make_table(rows, columns):
    """Markdown of ours and the paper's numbers, two lines a variant.

    Args:
        rows (list): Of each variant its title, its runs and the paper's
            numbers.
        columns (dict): Key of the metrics by the head of the column.
    """
    lines = [
        f'| variant | where | seeds | {" | ".join(columns)} |',
        '|---|---|---:|' + '---:|' * len(columns)
    ]
    for title, runs, paper in rows:
        cells = [
            comparison.mean_and_spread([run[key] for run in runs])
            if all(key in run for run in runs) else '-'
            for key in columns.values()
        ]
        lines.append(f'| {title} | here | {len(runs)} | '
                     f'{" | ".join(cells)} |')
        if any(key in paper for key in columns.values()):
            cells = [f'{paper[key]:.2f}' if key in paper else '-'
                     for key in columns.values()]
            lines.append(f'| | paper | - | {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def make_orderings(rows):
    """Markdown: whether the paper's differences from SPIGA hold here."""
    (_, reference, best), *others = rows
    columns = {label: key for label, key in COLUMNS.items() if key in best}
    lines = [
        f'| variant | {" | ".join(columns)} |',
        '|---|' + '---|' * len(columns)
    ]
    for title, runs, paper in others:
        if paper:
            cells = [
                ordering(paper[key] - best[key], changes(runs, reference, key))
                if key in paper else '-' for key in columns.values()
            ]
            lines.append(f'| {title} | {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def changes(runs, reference, key):
    """Difference of each seed from the reference with the same seed."""
    if len(runs) == 1:  # what was not trained has no seeds
        runs = runs * len(reference)
    return np.array([run[key] - other[key]
                     for run, other in zip(runs, reference)])


def ordering(expected, found):
    """``'holds'``, ``'reversed'`` or ``'open'``."""
    same = np.sign(found) * np.sign(expected)
    return ('holds' if (same > 0).all() else
            'reversed' if (same < 0).all() else 'open')


def draw(rows, path):
    """Change against SPIGA in per cent, ours and the paper's."""
    (_, reference, best), *others = rows
    panels = []
    for label in ('NME all', 'NPE90 all', 'NME occlusion'):
        key = COLUMNS[label]
        base = np.array([run[key] for run in reference])
        runs = {
            title: 100 * changes(runs, reference, key) / base
            for title, runs, _ in others
        }
        paper = {
            title: 100 * (paper[key] - best[key]) / best[key]
            for title, _, paper in others if key in paper
        }
        panels.append(
            VariantPanel(
                f'{label}: change against\nSPIGA (%), more is worse',
                runs,
                paper,
                line=0.))
    draw_variants(panels, path)


def make_report(configs, results):
    """Text of table.md, and the rows that it is made of."""
    rows = [(config.ablation.title, results[name],
             published(config.ablation.paper))
            for name, config in configs.items()]
    longest = max(len(config.model.head.windows)
                  for config in configs.values())
    steps = {f'step {s}': f'step{s}/NME' for s in range(longest + 1)}
    by_step = [row for row in rows if 'step0/NME' in row[1][0]]
    text = f'{NOTES}\n{make_table(rows, COLUMNS)}\n'
    text += ('NME of all faces after each step; step 0 is where they start.'
             f'\n\n{make_table(by_step, steps)}')
    if any(paper for _, _, paper in rows[1:]):
        text += f'\n{ORDERINGS}\n{make_orderings(rows)}'
    return text, rows


def ablate(args):
    """Train, then write all that --out gets; returns the report."""
    if not all(0 <= seed < BACKBONE_SEED for seed in args.seeds):
        raise ValueError(f'--seeds: expected 0 to {BACKBONE_SEED - 1}, found '
                         f'{args.seeds}: {BACKBONE_SEED} is the backbone\'s')
    configs = make_configs(args.variants)
    add_backbones(configs, args)
    for config in configs.values():
        add_options(config, args)
    for results in comparison.run_all(configs, args.seeds, args.out, TRAIN):
        write_json(results, osp.join(args.out, 'results.json'))
        text, rows = make_report(configs, results)
        with open(osp.join(args.out, 'table.md'), 'w') as file:
            file.write(text)
        draw(rows, osp.join(args.out, 'figure.png'))
    return text


def main(argv=None):
    args = parse_args(argv)
    return run_tool('ablate.py', ablate, args,
                    'the same command goes on')


if __name__ == '__main__':
    sys.exit(main())
