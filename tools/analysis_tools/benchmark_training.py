"""Time and memory of a training step, and the speed of the loader, apart.

Both against the plain way: float32, and the target maps drawn face by face
in the loader with NumPy and SciPy. Every way has a process of its own; two
take turns, the plain way and another, round by round. A config whose training
set is not there is given drawn faces in JPEG files instead, and the tool says
so.

Writes results.json and table.md into --out. See docs/speed.md.

Example:
    python tools/analysis_tools/benchmark_training.py configs/spiga_wflw.py \\
        --out work_dirs/speed_training
"""
import argparse
import os
import os.path as osp
import sys
import tempfile
import warnings
from contextlib import closing
from functools import partial
from statistics import median

from tqdm import tqdm

from spiga_mmpose.benchmark import machine
from spiga_mmpose.benchmark.command_line import (add_common_arguments,
                                                 write_results)
from spiga_mmpose.benchmark.training import STEPS, Loader, Step
from spiga_mmpose.benchmark.workers import Worker, ratio, take_turns
from spiga_mmpose.command_line import positive, run_tool
from spiga_mmpose.evaluation.report import to_markdown

_LOADERS = {'plain': True, 'ours': False}  # whether it draws the maps
_LOADED = 50  # faces a turn


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of the training')
    add_common_arguments(parser, rounds=5)
    parser.add_argument(
        '--batch', type=positive, default=24, help='faces (default: 24)')
    parser.add_argument(
        '--steps',
        nargs='+',
        choices=STEPS,
        metavar='NAME',
        default=list(STEPS),
        help=f'some of {"; ".join(STEPS)} (default: all)')
    return parser.parse_args(argv)


def measure_loaders(args, folder):
    """Faces a second of one core, each round; and what is loaded."""
    workers = []
    try:
        for name, with_maps in _LOADERS.items():
            workers.append(
                Worker(name, partial(Loader, args.config, folder, with_maps),
                       1))
        words = workers[0].call('words')
        total = (args.rounds + 1) * len(workers)
        with tqdm(total=total, unit='turn', desc='loader') as bar:
            for worker in workers:  # not counted: to warm up
                worker.call('load', _LOADED)
                bar.update()
            times = take_turns(workers, lambda w: w.time('load', _LOADED),
                               args.rounds, bar.update)
    finally:
        _close(workers)
    rates = {
        name: [_LOADED / seconds for seconds in rounds]
        for name, rounds in times.items()
    }
    return rates, words


def measure_steps(args, folder):
    """Times, ratio and memory of every way to train.

    The first and one other at a time: more networks in training might not
    fit into the memory.
    """
    base, *others = args.steps
    turns = 1 + ((1 + 2 * args.rounds) * len(others) or args.rounds)
    steps = {}
    with tqdm(total=turns, unit='turn') as bar:

        def start(name):
            bar.set_description(f'step, {name}')
            build = partial(Step, args.config, folder, STEPS[name],
                            args.batch)
            return closing(Worker(name, build, args.threads))

        def warm_up(worker):
            worker.call('run')  # not counted
            bar.update()

        def take(*workers):
            times = take_turns(workers, lambda w: w.time('run'), args.rounds,
                               bar.update)
            for worker in workers:
                entry = steps.setdefault(worker.name, dict(seconds=[]))
                entry['seconds'] += times[worker.name]
                entry['ratio'] = ratio(times[base], times[worker.name])
                entry['memory'] = worker.memory()

        with start(base) as first:
            warm_up(first)
            for name in others:
                with start(name) as other:
                    warm_up(other)
                    take(first, other)
            if not others:
                take(first)
    return steps


def _close(workers):
    for worker in workers:
        worker.close()


def loader_table(results):
    """Rows with a heading."""
    rates = results['loader']
    rows = [['loader', 'maps', 'faces/s a core', 'times as fast']]
    for name, rounds in rates.items():
        rows.append([
            name, 'drawn here' if _LOADERS[name] else 'left to the step',
            f'{median(rounds):.1f}', f'{ratio(rounds, rates["plain"]):.2f}'
        ])
    return rows


def step_table(results):
    """Rows with a heading."""
    steps = results['steps']
    rows = [['step', 'faces', 's a step', 'times as fast', 'memory (MB)']]
    for name, step in steps.items():
        rows.append([
            name, results['batch'], f'{median(step["seconds"]):.2f}',
            f'{step["ratio"]:.2f}', f'{step["memory"]:.0f}'
        ])
    return rows


def report(results):
    """Both tables as Markdown."""
    below = machine.caption(results['machine'])
    return '\n'.join([
        to_markdown(
            loader_table(results),
            f'{results["config"]}; {results["loaded"]}; medians of '
            f'{results["rounds"]} rounds of {_LOADED} faces, one thread.'),
        to_markdown(
            step_table(results),
            f'Forward, backward and the step of the optimizer; as fast as '
            f'{next(iter(results["steps"]))}; medians of '
            f'{results["rounds"]} rounds. {below}')
    ])


def measure(args):
    """Run the tool; prints the tables."""
    os.makedirs(args.out, exist_ok=True)
    results = dict(
        machine=machine.describe(args.threads),
        config=args.config,
        batch=args.batch,
        rounds=args.rounds)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of what is meant to be so
        results['loader'], results['loaded'] = measure_loaders(args, folder)
        write_results(results, args.out)
        results['steps'] = measure_steps(args, folder)
    write_results(results, args.out)
    text = report(results)
    with open(osp.join(args.out, 'table.md'), 'w') as file:
        file.write(text)
    print(text)
    print(f'wrote results.json and table.md to {args.out}')


def main(argv=None):
    args = parse_args(argv)
    return run_tool('benchmark_training.py', measure, args,
                    f'what was measured is in {args.out}')


if __name__ == '__main__':
    sys.exit(main())
