"""The old name of an experiment of compare.py, for this release."""
import re
import sys

import compare
from experiments import REPO

if __name__ == '__main__':
    words = '\n'.join(['configs/experiments/backbones.py', *sys.argv[1:]])
    words = re.sub('^--mixes', '--variants', words, flags=re.M)
    words = re.sub('^nme$', 'training', words, flags=re.M)
    words = re.sub('^--epoch-size[\n=]', '--cfg-options\ntrain_dataloader.'
                   'sampler.epoch_size=', words, flags=re.M)
    command = words.split('\n')
    print('now: python tools/analysis_tools/compare.py', *command,
          file=sys.stderr)
    sys.exit(compare.main([f'{REPO}/{command[0]}', *command[1:]]))
