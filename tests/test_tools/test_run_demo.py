"""tools/run_demo.py as `make demo` runs it."""
import os
import shutil
import signal
import subprocess
import sys

import pytest

PHOTO = """
import os, sys
os.makedirs(sys.argv[2])
open(os.path.join(sys.argv[2], 'photo.jpg'), 'w').close()
"""
TRAIN = """
print('stages = [')
for name in ('landmarks', 'cascade'):
    print('    dict(')
    print('        length=1,')
for epoch in (1, 2):
    for step in (5, 10):
        print(f'Epoch(train)  [{epoch}][{step:2d}/10]  lr: 1', flush=True)
"""
REPORT = "print('the table')\n"
# With a worker, as a data loader has.
BUSY = """
import subprocess, sys, time
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print('here', flush=True)
time.sleep(60)
"""


@pytest.fixture
def start(repo, tmp_path):
    """Start run_demo.py beside three short scripts in the tools' places."""

    def run(photo=PHOTO, train=TRAIN, report=REPORT):
        folder = tmp_path / 'tools'
        folder.mkdir()
        shutil.copy(os.path.join(repo, 'tools', 'run_demo.py'), folder)
        for name, text in (('photo_demo', photo), ('train', train),
                           ('synthetic_report', report)):
            (folder / f'{name}.py').write_text(text)
        return start_demo(folder / 'run_demo.py', tmp_path / 'out')

    return run


def start_demo(script, out):
    """A process group of its own, as a shell makes one."""
    return subprocess.Popen(
        [sys.executable, str(script), '--out', str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True)


def ctrl_c(process):
    """As a terminal sends it: to the whole process group."""
    os.killpg(process.pid, signal.SIGINT)


def wait_for(stream, words):
    """Read up to words; what was read."""
    read = ''
    while words not in read:
        letter = stream.read(1)
        assert letter, read
        read += letter
    return read


def test_one_after_the_other(start):
    printed, errors = start().communicate(timeout=60)
    assert printed.splitlines()[1:] == ['the table']
    assert 'training on synthetic faces follows: about 10 min' in printed
    assert 'Ctrl-C' in printed.splitlines()[0]
    assert '20/20' in errors


@pytest.mark.parametrize('part', ['photo', 'train', 'report'])
def test_ctrl_c(start, tmp_path, part):
    """Ends all at once, in any part, with a line and no traceback."""
    script = dict(photo=PHOTO, train=TRAIN, report=REPORT)[part]
    process = start(**{part: script + BUSY})
    if part == 'train':
        wait_for(process.stderr, '20/20')
    else:
        wait_for(process.stdout, 'here')
    ctrl_c(process)
    # Its pipes end with the last process that holds them.
    printed, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert 'Traceback' not in errors
    assert printed.splitlines()[-1].startswith(
        f'[demo] interrupted; {tmp_path / "out"} holds photo.jpg;')
    assert (tmp_path / 'out' / 'photo.jpg').exists()


def test_a_tool_that_fails_ends_it(start):
    process = start(train='raise SystemExit("train.py: error: disk full")')
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and 'the table' not in printed
    assert 'disk full' in errors
    assert errors.splitlines()[-1] == (
        'run_demo.py: error: train.py failed (exit code 1); see above')


@pytest.mark.slow
def test_ctrl_c_in_the_real_training(repo, tmp_path):
    pytest.importorskip('lap', reason='no lap (requirements/video.txt)')
    process = start_demo(os.path.join(repo, 'tools', 'run_demo.py'), tmp_path)
    wait_for(process.stderr, '/3200')  # the bar of the training, under way
    ctrl_c(process)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert 'Traceback' not in errors
    last = printed.splitlines()[-1]
    for name in ('photo.jpg', 'video_faces.mp4', 'training'):
        assert name in last and (tmp_path / name).exists()
