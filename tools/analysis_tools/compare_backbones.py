"""What each mix of backbone and head costs, and what it gives.

Prints and writes (OUT/table.md, OUT/results.json) a table of the configs of
``configs/backbones`` that train on synthetic faces, and of the whole method,
``configs/spiga_synthetic.py``: parameters and GMACs (multiply-adds as MMEngine
counts them), milliseconds a face on the CPU, and NME (% of the size of the
landmark box) of 1,000 drawn validation faces after a training of equal budget.
OUT/figure.png has the NME against the time, or against the GMACs.
Trainings have folders below --out, are resumed, and are not done twice.

Example:
    OMP_NUM_THREADS=1 python tools/analysis_tools/compare_backbones.py \\
        --out work_dirs/backbones
"""
import argparse
import os
import os.path as osp
import sys
import time
from importlib import import_module

import numpy as np
import torch
from mmengine.analysis import get_model_complexity_info
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from tqdm import tqdm

from spiga_mmpose.analysis import comparison
from spiga_mmpose.command_line import positive, run_tool
from spiga_mmpose.evaluation.figures import per_cent_of
from spiga_mmpose.evaluation.figures.trade_off import draw_trade_off
from spiga_mmpose.io import write_json

REPO = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
TRAIN = osp.join(REPO, 'tools', 'train.py')
# Files of configs, and what they mix.
MIXES = {
    'spiga_synthetic.py': 'HourglassPoseNet + GATCascadeHead',
    'backbones/hrnetv2_w18.py': 'HRNetv2-W18 + GATCascadeHead',
    'backbones/resnet50.py': 'ResNet-50 + GATCascadeHead',
    'backbones/cspnext_m.py': 'CSPNeXt-m + GATCascadeHead',
    'backbones/mobilenetv2.py': 'MobileNetV2 + GATCascadeHead',
    'backbones/vit_small.py': 'ViT-S + GATCascadeHead',
    'backbones/hourglass_heatmap.py': 'HourglassPoseNet + HeatmapHead',
    'backbones/hourglass_rtmcc.py': 'HourglassPoseNet + RTMCCHead',
    'backbones/hourglass_regression.py': 'HourglassPoseNet + RegressionHead',
}
# By their names, which runs and --mixes go by.
FILES = {osp.splitext(osp.basename(file))[0]: file for file in MIXES}
FACES_TO_TIME = 50


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--out', required=True, help='folder for the table and all runs')
    parser.add_argument(
        '--mixes',
        nargs='+',
        choices=FILES,
        default=list(FILES),
        metavar='NAME',
        help=f'only these, of {", ".join(FILES)}')
    parser.add_argument(
        '--skip',
        nargs='+',
        choices=['time', 'nme'],
        default=[],
        help='leave a column out: time on a busy machine, NME without hours '
        'of training')
    parser.add_argument(
        '--seeds', nargs='+', type=int, default=[0])
    parser.add_argument(
        '--epoch-size',
        type=positive,
        metavar='FACES',
        help="training faces an epoch (default: the configs', 3200)")
    return parser.parse_args(argv)


def load_configs(names, epoch_size=None):
    """Configs by name, and why others cannot be run here."""
    configs, skipped = {}, {}
    for name in names:
        config = Config.fromfile(osp.join(REPO, 'configs', FILES[name]))
        scope, dot, _ = config.model.backbone.type.rpartition('.')
        try:
            if dot:
                import_module(scope)
            if epoch_size:
                config.train_dataloader.sampler.epoch_size = epoch_size
            configs[name] = config
        except ImportError as error:
            skipped[name] = f'{error}; see docs/mixing.md'
    return configs, skipped


def measure_cost(config, with_time):
    """Parameters and multiply-adds of a config, ms a face."""
    init_default_scope('mmpose')
    model = MODELS.build(config.model)
    model.eval()
    model.forward = model._forward  # of the picture alone
    width, height = config.input_size
    found = get_model_complexity_info(
        model, (3, height, width), show_table=False, show_arch=False)
    cost = dict(parameters=found['params'], macs=found['flops'])
    if with_time:
        cost['ms'] = milliseconds(model, torch.rand(1, 3, height, width))
    return cost


def milliseconds(model, face):
    """Median time of a forward pass, after some to warm up."""
    times = []
    with torch.no_grad():
        for _ in range(5 + FACES_TO_TIME):
            start = time.perf_counter()
            model(face)
            times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times[5:]))


def label(name):
    """What a config mixes."""
    return MIXES[FILES[name]]


def make_table(costs, results, skipped):
    """Markdown: a row a mix."""
    lines = [
        '| backbone + head | parameters (M) | GMACs | ms a face '
        f'(threads: {torch.get_num_threads()}) | NME | seeds |',
        '|---|---:|---:|---:|---:|---:|'
    ]
    for name, cost in costs.items():
        runs = results.get(name, [])
        nme = comparison.mean_and_spread([run['NME'] for run in runs]) \
            if runs else '-'
        ms = f'{cost["ms"]:.1f}' if 'ms' in cost else '-'
        lines.append(f'| {label(name)} | {cost["parameters"] / 1e6:.2f} | '
                     f'{cost["macs"] / 1e9:.3f} | {ms} | {nme} | '
                     f'{len(runs) or "-"} |')
    lines += [f'\n{name}: skipped: {why}' for name, why in skipped.items()]
    return '\n'.join(lines) + '\n'


def draw(costs, results, with_time, path):
    """The NME of each mix against what a face costs."""
    points = {}
    for name, runs in results.items():
        cost = costs[name]['ms'] if with_time else costs[name]['macs'] / 1e9
        points[label(name)] = cost, np.mean([run['NME'] for run in runs])
    threads = torch.get_num_threads()
    draw_trade_off(
        points,
        f'ms a face (threads: {threads})' if with_time else 'GMACs a face',
        f'NME ({per_cent_of("lnd_bbox")})', path)


def compare(args):
    """Measure, train, and write; returns the table."""
    os.makedirs(args.out, exist_ok=True)
    configs, skipped = load_configs(args.mixes, args.epoch_size)
    with_time = 'time' not in args.skip
    costs = {
        name: measure_cost(config, with_time)
        for name, config in tqdm(configs.items(), desc='cost', unit='mix')
    }
    rounds = [{}] if 'nme' in args.skip else comparison.run_all(
        configs, args.seeds, args.out, TRAIN)
    for results in rounds:
        table = make_table(costs, results, skipped)
        write_json(
            dict(costs=costs, results=results, skipped=skipped),
            osp.join(args.out, 'results.json'))
        with open(osp.join(args.out, 'table.md'), 'w') as file:
            file.write(table)
        if results:
            draw(costs, results, with_time, osp.join(args.out, 'figure.png'))
    return table


def main(argv=None):
    args = parse_args(argv)
    # MMEngine names every operator that it does not count.
    MMLogger.get_current_instance().setLevel('ERROR')
    return run_tool('compare_backbones.py', compare, args,
                    'the same command goes on')


if __name__ == '__main__':
    sys.exit(main())
