"""Commands, and what git knows of the checkout."""
import os.path as osp
import shutil
import subprocess
from typing import List

import pytest


def run(command: List[str], **kwargs) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout


def checkout_files(repo: str) -> List[str]:
    """Paths of all files that are tracked, or would be by `add`."""
    if shutil.which('git') is None or not osp.exists(osp.join(repo, '.git')):
        pytest.skip('not a git checkout')
    names = run([
        'git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'
    ],
                cwd=repo).split('\0')
    paths = [osp.join(repo, name) for name in names if name]
    return [path for path in paths if osp.isfile(path)]
