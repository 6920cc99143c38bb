"""The demo behind `make demo`: a photograph, then a training.

    python tools/run_demo.py [--out DIR]

Runs three tools of this folder, one after the other: ``photo_demo.py`` (under
a minute), ``train.py`` with ``configs/spiga_synthetic.py`` (about ten minutes
on two cores) and ``synthetic_report.py``. What each writes into --out its own
docstring tells. Ctrl-C ends the demo and keeps what is there (exit code 130).
"""
import argparse
import os
import os.path as osp
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

from tqdm import tqdm

TOOLS = osp.dirname(osp.abspath(__file__))
CONFIG = osp.join(osp.dirname(TOOLS), 'configs', 'spiga_synthetic.py')
# One thread: the second core draws the faces. Memory is kept instead of being
# given back and taken again at every step, which costs a tenth.
ENVIRONMENT = dict(OMP_NUM_THREADS='1', MALLOC_MMAP_MAX_='0',
                   MALLOC_TRIM_THRESHOLD_='4000000000',
                   MALLOC_TOP_PAD_='100000000')
# In MMEngine's log: a stage of the config, in epochs, and epoch, iteration,
# iterations of an epoch.
LENGTH = re.compile(r'\blength=(\d+)')
STEP = re.compile(r'Epoch\(train\) +\[ *(\d+)\]\[ *(\d+)/(\d+)\]')


@contextmanager
def running(script, *arguments, **options):
    """A tool at work, as ``Popen``; waits for its end. In a session of its
    own: Ctrl-C reaches this script alone, which then ends the tool and its
    data workers, so that there is no traceback wherever they are."""
    process = subprocess.Popen(
        [sys.executable, osp.join(TOOLS, script), *arguments],
        start_new_session=True, **options)
    try:
        yield process
        process.wait()
    except BaseException:  # whatever ends this script ends the tool
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    if process.returncode:
        raise SystemExit(f'run_demo.py: error: {script} failed (exit code '
                         f'{process.returncode}); see above')


def train(work_dir):
    with running('train.py', CONFIG, '--work-dir', work_dir,
                 stdout=subprocess.PIPE, text=True,
                 env={**os.environ, **ENVIRONMENT}) as process, tqdm(
                     desc='training', unit='step') as bar:
        epochs = 0
        for line in process.stdout:
            if found := LENGTH.search(line):
                epochs += int(found[1])
            if found := STEP.search(line):
                epoch, done, length = map(int, found.groups())
                bar.total = epochs * length
                bar.n = (epoch - 1) * length + done
                bar.refresh()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', default=osp.join('work_dirs', 'demo'))
    out = parser.parse_args().out
    try:
        with running('photo_demo.py', '--out', out):
            pass
        print(
            '[demo] training on synthetic faces follows: about 10 minutes on '
            f'2 cores; Ctrl-C ends the demo and keeps what is in {out}',
            flush=True)
        train(osp.join(out, 'training'))
        with running('synthetic_report.py', '--out', out):
            pass
    except KeyboardInterrupt:
        there = sorted(os.listdir(out)) if osp.isdir(out) else []
        print(f'\n[demo] interrupted; {out} holds '
              f'{", ".join(there) or "nothing"}; the demo starts again with '
              'the same command')
        return 130
    return 0


if __name__ == '__main__':
    # As Ctrl-C: no tool may outlive this script.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
