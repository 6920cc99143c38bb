"""The old name of an experiment of compare.py, for this release."""
import sys

import compare
from experiments import REPO

if __name__ == '__main__':
    command = ['configs/experiments/ablations.py', *sys.argv[1:]]
    print('now: python tools/analysis_tools/compare.py', *command,
          file=sys.stderr)
    command[0] = f'{REPO}/{command[0]}'
    sys.exit(compare.main(command))
