"""The old name of tools/benchmarks/training.py, for this release."""
import os.path as osp
import runpy
import sys

if __name__ == '__main__':
    print('moved to tools/benchmarks/training.py', file=sys.stderr)
    tools = osp.dirname(osp.dirname(osp.abspath(__file__)))
    folder = osp.join(tools, 'benchmarks')
    sys.path.insert(0, folder)
    runpy.run_path(osp.join(folder, 'training.py'), run_name='__main__')
