"""Damaged files at every entry point: no crash, no hang, no traceback.

A few hundred in the suite; ``FUZZ_COUNT=10000 FUZZ_OUT=work_dirs/fuzz python
-m pytest tests/fuzz`` takes more and keeps what fails.
"""
import json
import os
import os.path as osp
import subprocess
import sys
from pathlib import Path

import pytest

COUNT = int(os.environ.get('FUZZ_COUNT', 260))


@pytest.mark.slow
@pytest.mark.skipif(not osp.exists('/proc/self/statm'), reason='not Linux')
def test_every_door(tmp_path, repo):
    folder = Path(os.environ.get('FUZZ_OUT', tmp_path)).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'failures.jsonl').write_text('')
    done, died = 0, []
    while done < COUNT:
        (folder / 'next').unlink(missing_ok=True)
        child = subprocess.run(
            [
                sys.executable,
                osp.join(repo, 'tests', 'fuzz', 'child.py'),
                str(folder),
                str(done),
                str(COUNT)
            ],
            capture_output=True,
            text=True,
            errors='replace',
            env=dict(os.environ, PYTHONPATH=repo, OMP_NUM_THREADS='1'))
        assert (folder / 'next').exists(), child.stderr[-3000:]
        number, name, *path = (folder / 'next').read_text().split(maxsplit=2)
        done = int(number)
        if name == 'end':
            break
        kept = folder / 'failed' / f'{number}_{osp.basename(path[0])}'
        os.replace(path[0], kept)
        died.append(f'{number} {name} {kept}: exit code {child.returncode}\n'
                    f'{child.stderr[-3000:]}')
        done += 1
    failed = [
        '{} {} {}\n{}'.format(*json.loads(line))
        for line in (folder / 'failures.jsonl').read_text().splitlines()
    ]
    print(f'{done} inputs')
    assert not died + failed, '\n\n'.join(died + failed)[:20000]
