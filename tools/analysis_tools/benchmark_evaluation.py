"""Time and memory of tools/evaluate.py against the number of faces.

Writes made-up results of 98 landmarks in the authors' format into a temporary
folder, scores them in a process of their own, and prints one markdown table.

    python tools/analysis_tools/benchmark_evaluation.py --faces 1000 10000
"""
import argparse
import json
import os.path as osp
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from tqdm import tqdm

from spiga_mmpose.command_line import OneLineParser, positive
from spiga_mmpose.landmark_sets import load_landmark_set

REPO = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
EVALUATE = osp.join(REPO, 'tools', 'evaluate.py')


def write_faces(path, shape, ids, count, noise, seed):
    """A results file of faces that differ by noise, image px."""
    rng = np.random.default_rng(seed)
    with open(path, 'w') as file:
        for number in range(count):
            points = shape + rng.normal(0, noise, shape.shape)
            low, high = points.min(0), points.max(0)
            face = dict(
                imgpath=f'images/{number}.jpg',
                bbox=[*low, *(high - low)],
                headpose=rng.normal(0, 20, 6).tolist(),
                ids=ids,
                landmarks=points.round(3).tolist(),
                visible=[1] * len(ids))
            file.write('[' if number == 0 else ',\n')
            json.dump(face, file)
        file.write(']')


def measure(folder, count):
    """Megabytes of both files, seconds, and peak memory in MB."""
    landmarks = load_landmark_set('wflw_98')
    shape = landmarks.mean_shape * 256
    paths = [osp.join(folder, f'{name}.json') for name in ('found', 'true')]
    for seed, (path, noise) in enumerate(zip(paths, (6, 5))):
        write_faces(path, shape, landmarks.annotation_ids, count, noise, seed)
    size = sum(map(osp.getsize, paths)) / 1e6
    start = time.perf_counter()
    subprocess.run([sys.executable, EVALUATE, *paths, '--dataset', 'wflw'],
                   check=True,
                   stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    # Of the largest process so far: the counts go up.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    return size, seconds, peak


def make_parser():
    parser = OneLineParser(
        prog='benchmark_evaluation.py',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--faces',
        nargs='+',
        type=positive,
        metavar='N',
        default=[1, 1000, 10_000, 30_000, 100_000],
        help='numbers of faces (default: 1 1000 10000 30000 100000)')
    return parser


def main(argv=None):
    parser = make_parser()
    args = parser.parse_args(argv)
    rows = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for count in tqdm(sorted(args.faces), unit='run', disable=None):
                rows.append((count, *measure(folder, count)))
    except (subprocess.CalledProcessError, OSError) as error:
        parser.error(error)
    print('| faces | files (MB) | seconds | peak memory (MB) |')
    print('|---:|---:|---:|---:|')
    for row in rows:
        print('| {:,} | {:.1f} | {:.1f} | {:.0f} |'.format(*row))


if __name__ == '__main__':
    main()
