"""How time and memory grow with the size of the task.

Against the faces of an image, the batch of the network, the number of
landmarks (random weights) and the length of a video. Every task has a process
of its own; sizes go up, and the memory is the most so far. Writes
results.json, table.md and growth.png into --out; a straight line is fitted to
each curve, and R^2 says how straight it is. See docs/speed.md.

Example:
    python tools/analysis_tools/benchmark_growth.py \\
        configs/spiga_synthetic_long.py checkpoints/spiga_synthetic_long.pth \\
        --out work_dirs/speed_growth
"""
import argparse
import os
import os.path as osp
import sys
import tempfile
import warnings
from functools import partial
from statistics import median

from tqdm import tqdm

from spiga_mmpose.benchmark import machine
from spiga_mmpose.benchmark.command_line import (add_common_arguments,
                                                 write_results)
from spiga_mmpose.benchmark.figure import draw_growth
from spiga_mmpose.benchmark.growth import (Batch, FacesOfAnImage, Frames,
                                           Landmarks, fit_line)
from spiga_mmpose.benchmark.workers import Worker
from spiga_mmpose.command_line import positive, run_tool
from spiga_mmpose.evaluation.report import to_markdown

# What stands below the axis of each task, in the order of the figure.
_WORDS = dict(
    faces='faces of an image',
    batch='crops at once',
    landmarks='landmarks',
    frames='frames of a video')


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the model')
    parser.add_argument('checkpoint')
    add_common_arguments(parser, rounds=5)
    for name, sizes, most in (('faces', [1, 2, 4, 8, 16, 32, 48, 64], 64),
                              ('batch', [1, 2, 4, 8, 16, 32, 48, 64], None),
                              ('landmarks', [19, 29, 68, 98, 106, 194, 300,
                                             478], None),
                              ('frames', [15, 30, 60, 120, 240], None)):
        parser.add_argument(
            f'--{name}',
            nargs='*',
            type=positive,
            default=sizes,
            metavar='N',
            help=f'{_WORDS[name]}, at least two sizes; with no number after '
            'it: not measured (default: '
            f'{" ".join(map(str, sizes))})')
    args = parser.parse_args(argv)
    for name in _WORDS:
        sizes = sorted(set(getattr(args, name)))
        setattr(args, name, sizes)
        if len(sizes) == 1:
            parser.error(f'--{name}: a line needs at least two sizes, found '
                         f'{sizes[0]} alone')
    if args.faces and args.faces[-1] > 64:
        parser.error('--faces: at most 64 faces are drawn, found '
                     f'{args.faces[-1]}')
    if args.landmarks and args.landmarks[0] < 4:
        parser.error('--landmarks: a pose needs at least 4, found '
                     f'{args.landmarks[0]}')
    if not any(getattr(args, name) for name in _WORDS):
        parser.error('nothing to do: give at least one task its sizes')
    return args


def tasks(args, folder):
    """What builds each task."""
    files = args.config, args.checkpoint
    return dict(
        faces=partial(FacesOfAnImage, *files),
        batch=partial(Batch, *files),
        landmarks=partial(Landmarks, args.config, folder),
        frames=partial(Frames, *files, folder))


def measure_task(name, build, sizes, args, bar):
    """Times (ms) and memory (MB) at each size."""
    worker = Worker(name, build, args.threads)
    curve = dict(sizes=sizes, ms=[], memory=[])
    try:
        for size in sizes:
            if name == 'frames':
                worker.call('prepare', size)
            worker.call('run', size)  # not counted: to warm up
            curve['memory'].append(worker.memory())
            seconds = [worker.time('run', size) for _ in range(args.rounds)]
            curve['ms'].append(1e3 * median(seconds))
            bar.update()
    finally:
        worker.close()
    return curve


def growth_table(curves):
    """A row for each task and size."""
    rows = [['task', 'size', 'ms', 'ms each', 'memory (MB)']]
    for name, curve in curves.items():
        for size, ms, memory in zip(*curve.values()):
            rows.append([
                _WORDS[name], size, f'{ms:.1f}', f'{ms / size:.2f}',
                f'{memory:.0f}'
            ])
    return rows


def line_table(curves):
    """A row for each line."""
    rows = [['task', 'what', 'each', 'at 0', 'R^2']]
    for name, curve in curves.items():
        for key, unit in (('ms', 'time (ms)'), ('memory', 'memory (MB)')):
            line = fit_line(curve['sizes'], curve[key])
            rows.append([
                _WORDS[name], unit, f'{line.slope:.4g}', f'{line.start:.4g}',
                line.r2
            ])
    return rows


def report(results):
    """Both tables as Markdown."""
    return '\n'.join([
        to_markdown(
            growth_table(results['curves']),
            f'{results["config"]}, {results["checkpoint"]}; medians of '
            f'{results["rounds"]} runs; memory: the most so far beyond the '
            f'imports. {machine.caption(results["machine"])}'),
        to_markdown(
            line_table(results['curves']),
            'Straight lines by least squares.')
    ])


def measure(args):
    """Run the tool; prints the tables."""
    os.makedirs(args.out, exist_ok=True)
    results = dict(
        machine=machine.describe(args.threads),
        config=args.config,
        checkpoint=args.checkpoint,
        rounds=args.rounds,
        curves={})
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of what is meant to be so
        total = sum(len(getattr(args, name)) for name in _WORDS)
        with tqdm(total=total, unit='size') as bar:
            for name, build in tasks(args, folder).items():
                sizes = getattr(args, name)
                if not sizes:
                    continue
                bar.set_description(_WORDS[name])
                results['curves'][name] = measure_task(
                    name, build, sizes, args, bar)
                write_results(results, args.out)
    draw_growth(
        {_WORDS[name]: curve
         for name, curve in results['curves'].items()},
        osp.join(args.out, 'growth.png'))
    text = report(results)
    with open(osp.join(args.out, 'table.md'), 'w') as file:
        file.write(text)
    print(text)
    print(f'wrote results.json, table.md and growth.png to {args.out}')


def main(argv=None):
    args = parse_args(argv)
    return run_tool('benchmark_growth.py', measure, args,
                    f'what was measured is in {args.out}')


if __name__ == '__main__':
    sys.exit(main())
