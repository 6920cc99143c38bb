"""Time, precision and memory of the ways to run a network on a processor.

Without arguments beside --out: the network of configs/spiga_wflw.py with
random weights, so that the PyPI package spiga runs the same network. With a
config and a checkpoint: that network, without the package. Every mode has a
process of its own; they take turns, round by round. Drawn faces go in.

Writes results.json (after every part, so that an interrupted run keeps what
it has) and table.md into --out. What the columns mean: docs/speed.md.

Examples:
    python tools/benchmark.py --out work_dirs/speed
    python tools/benchmark.py configs/spiga_synthetic_long.py \\
        checkpoints/spiga_synthetic_long.pth --out work_dirs/speed_long
"""
import argparse
import os
import os.path as osp
import sys
import tempfile
import warnings
from collections import Counter
from functools import partial
from statistics import median

import numpy as np
from tqdm import tqdm

from spiga_mmpose.apis import find_config, load_model
from spiga_mmpose.benchmark import machine
from spiga_mmpose.benchmark.command_line import (add_common_arguments,
                                                 write_results)
from spiga_mmpose.benchmark.faces import box_nme, draw_crops, face_settings
from spiga_mmpose.benchmark.modes import (CROP, MATRIX_RATES, MODES, Files,
                                          MatrixProduct, count_flops, export)
from spiga_mmpose.benchmark.reference import write_random_weights
from spiga_mmpose.benchmark.video import STAGES, draw_video
from spiga_mmpose.benchmark.workers import Worker, ratio, take_turns
from spiga_mmpose.command_line import positive, run_tool
from spiga_mmpose.evaluation.report import to_markdown

_DEFAULT_CONFIG = 'spiga_wflw.py'
_CALIBRATION_FACES = 32
# A video takes long: it is measured in fewer rounds.
_VIDEO_ROUNDS = 3
# Share of the time of a mode from which on a kind of layer has a row.
_SMALL_LAYER = 0.02


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'config',
        nargs='?',
        help=f'config of the network (default: {_DEFAULT_CONFIG})')
    parser.add_argument(
        'checkpoint', nargs='?', help='its weights (default: random ones)')
    add_common_arguments(parser, rounds=10)
    parser.add_argument(
        '--modes',
        nargs='+',
        choices=MODES,
        metavar='MODE',
        default=[name for name, mode in MODES.items() if mode.usual],
        help=f'some of {", ".join(MODES)} (default: all but those that are '
        'compiled)')
    parser.add_argument(
        '--batches',
        nargs='+',
        type=positive,
        default=[1, 4, 16],
        metavar='B',
        help='faces at once (default: 1 4 16)')
    parser.add_argument(
        '--faces',
        type=positive,
        default=32,
        help='drawn faces by which precision is measured (default: 32)')
    parser.add_argument(
        '--frames',
        type=int,
        default=90,
        help='length of the drawn video; 0: no video (default: 90)')
    args = parser.parse_args(argv)
    args.modes = list(dict.fromkeys(args.modes))
    args.batches = sorted(set(args.batches))
    if args.frames < 0:
        parser.error(f'--frames: expected at least 0, found {args.frames}')
    return args


class Benchmark:
    """One run: the modes, and what has been measured so far."""

    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.results = dict(
            machine=machine.describe(args.threads),
            config=args.config or _DEFAULT_CONFIG,
            checkpoint=args.checkpoint or 'random weights',
            crop=CROP,
            skipped={},
            matrix_gflops={},
            modes={})
        self.workers = []
        self.rates = []

    def prepare(self):
        """Network, faces, exported graphs, and a process for each mode."""
        args, released = self.args, ''
        config = args.config or find_config(_DEFAULT_CONFIG)
        checkpoint = args.checkpoint
        if checkpoint is None:
            checkpoint, released = write_random_weights(config, self.folder)
        model = load_model(config, checkpoint, 'cpu')
        if released:  # random weights: their int8 is good for its time alone
            model.cfg.train_dataloader.dataset = face_settings(
                model, _CALIBRATION_FACES)
        self.faces = draw_crops(model, max(args.faces, *args.batches))
        self.results['gflop_a_face'] = count_flops(
            model, self.faces.images[0]) / 1e9
        files = Files(config, checkpoint, released, self.folder)
        with tqdm(args.modes, unit='mode') as bar:
            for name in bar:
                bar.set_description(f'prepare {name}')
                self._add(name, model, files)
        self.rates = [
            Worker(f'matrix {name}', build, args.threads)
            for name, build in MATRIX_RATES.items()
        ]
        if not self.workers:
            raise ValueError('no mode can be measured: see above')

    def _add(self, name, model, files):
        mode = MODES[name]
        try:
            export(mode, model, self.folder)
            worker = Worker(name, partial(mode.build, files),
                            self.args.threads)
        except (ImportError, OSError, ValueError) as error:
            reason = ' '.join(str(error).split()).removeprefix(f'{name}: ')
            tqdm.write(f'skipped {name}: {reason}', file=sys.stderr)
            self.results['skipped'][name] = reason
            return
        worker.call('take', self.faces.images)
        self.workers.append(worker)
        self.results['modes'][name] = dict(
            precision=mode.precision, batches=[])

    @property
    def base(self):
        """Name of the mode that the others are compared with."""
        return self.workers[0].name

    def measure_precision(self):
        """How far the landmarks of each mode are from those of the base."""
        found = {}
        for worker in tqdm(self.workers, unit='mode', desc='precision'):
            found[worker.name] = worker.call('landmarks')
        base, true = found[self.base], self.faces.landmarks
        for name, landmarks in found.items():
            drift = np.linalg.norm(landmarks - base, axis=-1)
            self.results['modes'][name]['drift'] = dict(
                mean=float(drift.mean()), largest=float(drift.max()))
            if self.args.checkpoint and true is not None:
                self.results['modes'][name]['nme'] = box_nme(
                    landmarks, true * CROP)

    def measure_times(self):
        """Each mode at each batch, in turns with the matrices."""
        args, everyone = self.args, self.workers + self.rates
        total = args.rounds * len(everyone) + len(self.workers)
        with tqdm(total=total * len(args.batches), unit='turn') as bar:
            for batch in args.batches:
                bar.set_description(f'batch {batch}')
                memory = {}
                for worker in self.workers:  # not counted: to warm up
                    worker.call('run', batch)
                    memory[worker.name] = worker.memory()
                    bar.update()
                times = take_turns(everyone,
                                   lambda worker: worker.time('run', batch),
                                   args.rounds, bar.update)
                self._add_rates(times)
                self._add_batch(batch, times, memory)
                write_results(self.results, args.out)

    def _add_rates(self, times):
        """GFLOP/s of a product of matrices, in each precision."""
        for name, worker in zip(MATRIX_RATES, self.rates):
            self.results['matrix_gflops'].setdefault(name, []).extend(
                MatrixProduct.FLOPS / seconds / 1e9
                for seconds in times[worker.name])

    def _add_batch(self, batch, times, memory):
        work = batch * self.results['gflop_a_face']
        for name, entry in self.results['modes'].items():
            seconds = times[name]
            rate = work / median(seconds)
            best = self.results['matrix_gflops'].get(entry['precision'])
            entry['batches'].append(
                dict(
                    batch=batch,
                    seconds=seconds,
                    median=median(seconds),
                    ratio=ratio(times[self.base], seconds),
                    gflops=rate,
                    share=100 * rate / median(best) if best else None,
                    memory=memory[name]))

    def measure_layers(self):
        """Where the time of one face goes, for the modes that tell."""
        for worker in tqdm(self.workers, unit='mode', desc='layers'):
            found = worker.call('layers')
            if found:
                self.results['modes'][worker.name]['layers'] = {
                    ', '.join(kind): seconds
                    for kind, seconds in found.items()
                }
        write_results(self.results, self.args.out)

    def measure_video(self):
        """The whole way of a video, for all modes but the package's."""
        path = osp.join(self.folder, 'drawn.mp4')
        draw_video(path, self.args.frames)
        workers = [w for w in self.workers if w.name != 'reference']
        rounds = min(self.args.rounds, _VIDEO_ROUNDS)
        out = osp.join(self.folder, 'video')
        with tqdm(total=len(workers) * (rounds + 1), unit='video') as bar:
            bar.set_description(f'video of {self.args.frames} frames')
            take_turns(workers, lambda w: w.call('film', path, out), 1,
                       bar.update)  # to warm up
            found = take_turns(workers, lambda w: w.call('film', path, out),
                               rounds, bar.update)
        for name, runs in found.items():
            self.results['modes'][name]['video'] = {
                key: median(run[key] for run in runs)
                for key in runs[0]
            }
        write_results(self.results, self.args.out)

    def run(self):
        """Everything, in order; returns the tables as Markdown."""
        try:
            self.prepare()
            self.measure_precision()
            self.measure_times()
            self.measure_layers()
            if self.args.frames:
                self.measure_video()
        finally:
            for worker in self.workers + self.rates:
                worker.close()
        return report(self.results)


def report(results):
    """All tables of a run, as Markdown."""
    tables = [to_markdown(time_table(results), time_caption(results))]
    tables.append(to_markdown(*precision_table(results)))
    if any('layers' in mode for mode in results['modes'].values()):
        tables.append(to_markdown(*layer_table(results)))
    if any('video' in mode for mode in results['modes'].values()):
        tables.append(to_markdown(*video_table(results)))
    tables += [
        f'Skipped {name}: {reason}\n'
        for name, reason in results['skipped'].items()
    ]
    return '\n'.join(tables)


def time_table(results):
    """A row for each batch and mode."""
    rows = [[
        'mode', 'faces at once', 'ms', 'ms a face', 'times as fast', 'GFLOP/s',
        '% of matrix rate', 'memory (MB)'
    ]]
    entries = [(entry['batch'], name, entry)
               for name, mode in results['modes'].items()
               for entry in mode['batches']]
    entries.sort(key=lambda item: item[0])  # by batch; modes stay in order
    for batch, name, entry in entries:
        share = entry['share']
        rows.append([
            name, batch, f'{1e3 * entry["median"]:.1f}',
            f'{1e3 * entry["median"] / batch:.1f}', f'{entry["ratio"]:.2f}',
            f'{entry["gflops"]:.0f}',
            None if share is None else f'{share:.0f}',
            f'{entry["memory"]:.0f}'
        ])
    return rows


def time_caption(results):
    modes = results['modes']
    rounds = len(next(iter(modes.values()))['batches'][0]['seconds'])
    rates = ', '.join(f'{median(rates):.0f} in {name}'
                      for name, rates in results['matrix_gflops'].items())
    return (
        f'{results["config"]}, {results["checkpoint"]}; '
        f'{results["gflop_a_face"]:.2f} GFLOP a face; medians of {rounds} '
        f'rounds; times as fast as {next(iter(modes))}. A product of two '
        f'matrices of side {MatrixProduct.SIDE}: GFLOP/s {rates}. '
        + machine.caption(results['machine']))


def precision_table(results):
    """A row for each mode, and the caption."""
    modes = results['modes']
    base = next(iter(modes))
    rows = [['mode', 'precision', 'drift, mean (px)', 'drift, largest (px)']]
    scored = 'nme' in modes[base]
    rows[0] += ['NME', 'worse by (%)'] if scored else []
    for name, mode in modes.items():
        drift = mode['drift']
        row = [name, mode['precision']]
        row += [f'{drift[key]:.5f}' for key in ('mean', 'largest')]
        if scored:
            change = 100 * (mode['nme'] / modes[base]['nme'] - 1)
            row += [f'{mode["nme"]:.4f}', f'{change:.2f}']
        rows.append(row)
    caption = (f'Distance of the landmarks from those of {base}, in pixels of '
               f'a crop of {CROP}, over drawn faces')
    if scored:
        caption += '; NME over the size of the landmark box, per cent'
    return rows, caption + '.'


def layer_table(results):
    """A row for each kind of layer that takes time, and the caption."""
    columns = {
        name: Counter(mode['layers'])
        for name, mode in results['modes'].items() if 'layers' in mode
    }
    totals = {name: sum(layers.values()) for name, layers in columns.items()}
    shares = Counter()  # of each kind, in the mode where it is largest
    for name, layers in columns.items():
        for kind, seconds in layers.items():
            shares[kind] = max(shares[kind], seconds / totals[name])
    shown = [kind for kind, share in shares.most_common()
             if share > _SMALL_LAYER]
    others = [
        totals[name] - sum(layers[kind] for kind in shown)
        for name, layers in columns.items()
    ]
    rows = [['layer', 'type', *(f'{name} (ms)' for name in columns)]]
    for kind in shown:
        times = [layers[kind] for layers in columns.values()]
        rows.append([*kind.split(', '), *map(_milliseconds, times)])
    rows.append(['all others', '', *map(_milliseconds, others)])
    rows.append(['all', '', *map(_milliseconds, totals.values())])
    return rows, (
        'Where the time of one face goes, in ms: OpenVINO\'s own clock of '
        f'every layer, kinds that take more than {100 * _SMALL_LAYER:.0f} % '
        'of a mode; - where it has none.')


def _milliseconds(seconds):
    return f'{1e3 * seconds:.1f}' if seconds else None


def video_table(results):
    """A row for each mode, ms a frame by stage, and the caption."""
    rows = [['mode', 'frames/s', *(f'{name} (ms)' for name in STAGES)]]
    for name, mode in results['modes'].items():
        if 'video' not in mode:
            continue
        video = mode['video']
        count = round(video['frames'])
        rows.append([
            name, f'{count / video["total"]:.1f}',
            *(f'{1e3 * video[stage] / count:.2f}' for stage in STAGES)
        ])
    return rows, (
        f'A drawn video of {count} frames of one face, 640 x 480 px: '
        f'{video["faces"] / count:.2f} faces a frame, the detector on '
        f'{video["detections"]:.0f} frames (last mode). Stages: ms a frame.')


def measure(args):
    """Run the tool; prints the tables."""
    os.makedirs(args.out, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of what is meant to be so
        text = Benchmark(args, folder).run()
    with open(osp.join(args.out, 'table.md'), 'w') as file:
        file.write(text)
    print(text)
    print(f'wrote results.json and table.md to {args.out}')


def main(argv=None):
    args = parse_args(argv)
    return run_tool('benchmark.py', measure, args,
                    f'what was measured is in {args.out}')


if __name__ == '__main__':
    sys.exit(main())
