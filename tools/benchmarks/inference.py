"""Time, memory and precision of a network in every backend, on the CPU.

By default the network of the weights 'photo_98'; with --reference that of
configs/spiga_wflw.py with random weights, beside the authors' own code. Each
backend has a process of its own; they take turns, round by round, on synthetic
faces. Writes results.json and table.md into --out, after each batch size. What
the columns mean: docs/speed.md.

Examples:
    python tools/benchmarks/inference.py --out work_dirs/speed
    python tools/benchmarks/inference.py --reference --out work_dirs/speed_full
"""
import importlib.util
import os
import os.path as osp
import sys
import tempfile
import warnings
from contextlib import ExitStack
from functools import partial

import numpy as np
import tools_path  # noqa: F401
import torch
from authors_network import open_authors, write_random_weights
from backends import BACKENDS, open_with_crops, prepare
from command_line import one_line, positive, run_tool
from mmengine.config import Config
from mmpose.registry import DATASETS
from reporting import describe_machine, make_parser, save_report
from tqdm import tqdm
from workers import Worker, interleave

from spiga_mmpose.apis import find_config, find_weights, load_model
from spiga_mmpose.apis.weights import DEFAULT
from spiga_mmpose.evaluation.functional import norm_lengths, normalized_errors
from spiga_mmpose.geometry import image_to_crop

# Side of the crop in whose px landmarks are compared, whatever the network's.
_CROP = 256
# Of --reference: faces that BatchNorm and int8 are calibrated on.
_CALIBRATION_FACES = 8


def parse_args(argv=None):
    parser = make_parser('inference.py', __doc__, rounds=10)
    add = parser.add_argument
    add('--config', help='config of the network')
    add('--checkpoint', help='its weights')
    add('--reference', action='store_true',
        help="the authors' code, and ours with the same random weights")
    add('--backends', nargs='+', choices=BACKENDS, metavar='NAME',
        default=list(BACKENDS),
        help=f'torch and some of {", ".join(BACKENDS)} (default: all)')
    add('--batches', nargs='+', type=positive, default=[4, 16], metavar='B',
        help='faces at once, beside 1 (default: 4 16)')
    add('--faces', type=positive, default=32,
        help='synthetic faces that precision is measured on (default: 32)')
    args = parser.parse_args(argv)
    if bool(args.config) != bool(args.checkpoint) or (
            args.config and args.reference):
        parser.error('expected --config and --checkpoint, or --reference, or '
                     f'none of them, found {" ".join(argv or sys.argv[1:])}')
    if args.reference and importlib.util.find_spec('spiga') is None:
        parser.error("--reference: the authors' package is not installed: pip "
                     'install --no-deps -r requirements/reference.txt')
    args.batches = sorted({1, *args.batches})
    return args


def synthetic_dataset(config, count):
    """Config of N faces; without ``landmark_set`` where they are not labelled
    with the landmarks of the config."""
    dataset = dict(
        type='SyntheticFaceDataset', num_faces=count,
        seed=77,  # of no training and no test
        image_size=256, test_mode=True,
        pipeline=config.test_dataloader.dataset.pipeline)
    name = config.model.head.get('landmark_set', 'wflw_98')
    try:
        DATASETS.build(dict(dataset, landmark_set=name))
    except ValueError:
        return dataset
    return dict(dataset, landmark_set=name)


def make_crops(config, count):
    dataset = synthetic_dataset(config, count)
    faces = list(DATASETS.build(dataset))
    crops = torch.stack([face['inputs'] for face in faces])
    samples = [face['data_samples'] for face in faces]
    true = np.stack([image_to_crop(
        sample.gt_instances.keypoints[0], sample.input_center,
        sample.input_scale, 1.) for sample in samples])
    return (crops.permute(0, 2, 3, 1).contiguous().numpy(),
            true if 'landmark_set' in dataset else None)


def start_workers(args, folder, stack, results):
    """Start a worker for each backend; returns them and the true landmarks,
    None where they say nothing."""
    ways = {}
    if args.reference:
        config = find_config('spiga_wflw.py')
        crops, _ = make_crops(Config.fromfile(config), _CALIBRATION_FACES)
        theirs, ours = write_random_weights(crops, folder)
        ways['reference'] = lambda: (partial(open_authors, theirs), [theirs])
        files, weights = (config, ours), 'random weights'
    else:
        files = (args.config, args.checkpoint) if args.config else (
            find_weights(DEFAULT)[::-1])
        weights = osp.basename(files[1])
    results['network'] = f'{osp.basename(files[0])}, {weights}'
    model = load_model(*files, 'cpu')
    crops, true = make_crops(model.cfg, results['faces'])
    if args.reference:
        true = None
        model.cfg.train_dataloader.dataset = synthetic_dataset(
            model.cfg, _CALIBRATION_FACES)
    for name, backend in BACKENDS.items():
        if name in ('torch', *args.backends):
            ways[name] = partial(prepare, backend, model, files, folder)
    workers = []
    for name in tqdm(ways, desc='prepare', unit='backend', disable=None):
        try:
            opener, paths = ways[name]()
            build = partial(open_with_crops, opener, crops)
            worker = stack.enter_context(Worker(name, build, args.threads))
        except (ImportError, OSError, ValueError) as error:
            results['skipped'][name] = one_line(error)
            continue
        workers.append(worker)
        results['backends'][name] = dict(
            disk=sum(map(osp.getsize, paths)) / 1e6, batches={})
    return workers, true


def measure_precision(workers, true, results, batch):
    starts = range(0, results['faces'], batch)
    found = {worker.name: np.concatenate(
                 [worker.turn(start, start + batch)[0] for start in starts])
             for worker in workers}
    for name, landmarks in found.items():
        entry = results['backends'][name]
        drift = np.linalg.norm(landmarks - found['torch'], axis=-1).max()
        entry.update(drift=_CROP * float(drift), nme=None)
        if true is not None:
            labelled = np.ones(true.shape[:2], bool)
            lengths = norm_lengths('lnd_bbox', true, labelled)
            entry['nme'] = float(
                normalized_errors(landmarks, true, labelled, lengths).mean())


def report(results, folder):
    backends = results['backends']
    first, entry = next(iter(backends.items()))
    header = ['backend', 'precision']
    for batch in entry['batches']:
        unit = '1 face (ms)' if batch == '1' else f'{batch} faces (faces/s)'
        header += [unit, 'speed-up']
    header += ['memory (MB)', 'disk (MB)', 'largest drift (px)', 'NME',
               'NME change (%)']
    rows = []
    for name, entry in backends.items():
        row = [name, BACKENDS[name].precision if name in BACKENDS else 'fp32']
        for batch, found in entry['batches'].items():
            row += [f'{1e3 * found["seconds"]:.1f}' if batch == '1' else
                    f'{int(batch) / found["seconds"]:.2f}',
                    f'{found["speed_up"]:.2f}']
        row += [f'{entry["memory"]:.0f}', f'{entry["disk"]:.1f}',
                f'{entry["drift"]:.5f}', None, None]
        if entry['nme']:
            change = 100 * (entry['nme'] / backends['torch']['nme'] - 1)
            row[-2:] = f'{entry["nme"]:.4f}', f'{change:.2f}'
        rows.append(row)
    caption = (
        f'{results["network"]}. Medians of {results["rounds"]} rounds; '
        f'speed-up over {first}; drift from torch in px of a crop of {_CROP} '
        f'and NME in % of the landmark box on {results["faces"]} synthetic '
        'faces.')
    for name, reason in results['skipped'].items():
        caption += f' Skipped {name}: {reason}.'
    return save_report(results, header, rows, caption, folder)


def measure(args):
    os.makedirs(args.out, exist_ok=True)
    results = dict(
        machine=describe_machine(args.threads), rounds=args.rounds,
        faces=max(args.faces, *args.batches), backends={}, skipped={})
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of the export
            workers, true = start_workers(args, folder, stack, results)
        measure_precision(workers, true, results, args.batches[-1])
        for batch in args.batches:
            found = interleave(workers, args.rounds, 0, batch)
            for name, times in found.items():
                entry = results['backends'][name]
                entry['memory'] = times.pop('memory')  # of the largest batch
                entry['batches'][str(batch)] = times
            table = report(results, args.out)
    return table


def main(argv=None):
    args = parse_args(argv)
    return run_tool('inference.py', measure, args,
                    f'what was measured is in {args.out}')


if __name__ == '__main__':
    sys.exit(main())
