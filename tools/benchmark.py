"""The old name of tools/benchmarks/inference.py, for this release."""
import os.path as osp
import runpy
import sys
from itertools import takewhile

if __name__ == '__main__':
    print('moved to tools/benchmarks/inference.py', file=sys.stderr)
    # CONFIG CHECKPOINT came first; without them it was the full network.
    files = list(takewhile(lambda word: word[0] != '-', sys.argv[1:]))
    options = sum(zip(('--config', '--checkpoint'), files), ())
    sys.argv[1:] = [*(options or ['--reference']), *sys.argv[1 + len(files):]]
    folder = osp.join(osp.dirname(osp.abspath(__file__)), 'benchmarks')
    sys.path.insert(0, folder)
    runpy.run_path(osp.join(folder, 'inference.py'), run_name='__main__')
