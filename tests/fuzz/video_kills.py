"""Kills a demo while it writes a video.

    python tests/fuzz/video_kills.py FOLDER KILLS SEED

Ends in an AssertionError where a table is not whole, or more than two seconds
of the drawn video are lost. Each demo is a fork of this process.
"""
import csv
import json
import os
import os.path as osp
import signal
import sys
import time
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np

REPO = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
sys.path += [osp.join(REPO, 'tests', 'helpers')]
warnings.simplefilter('ignore')

from cartoon import cartoon_face  # noqa: E402
from tiny_model import write_tiny_model  # noqa: E402

from spiga_mmpose.apis import SPIGAInferencer, process_video  # noqa: E402
from spiga_mmpose.apis.encoding import VideoWriter  # noqa: E402
from spiga_mmpose.apis.sources import read_frames  # noqa: E402

RATE, FRAMES = 10, 80
LOST = 2 * RATE + 1  # frames: two seconds, and the one that was being drawn


def start(source: str, model: list, folder: Path) -> int:
    """Process id of a demo that writes the faces of a video into a folder."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.dup2(os.open(folder / 'log', os.O_WRONLY | os.O_CREAT), 2)
        inferencer = SPIGAInferencer(
            *model, device='cpu', det_model='whole_image')
        process_video(inferencer, source, str(folder / 'out'))
    finally:
        os._exit(0)


def check(folder: Path) -> int:
    """Read the files; returns the number of frames in the tables."""
    lines = (folder / 'a.jsonl').read_text().split('\n')
    assert lines.pop() == ''
    frames = [json.loads(line)['frame'] for line in lines]
    assert frames == list(range(len(frames)))
    with open(folder / 'a.csv', newline='') as file:
        header, *rows = csv.reader(file)
    assert all(len(row) == len(header) for row in rows)
    # Maybe the frame whose row was to be written next.
    assert len(frames) - 1 <= len(rows) <= len(frames)
    video = folder / 'a_faces.mp4'
    if len(frames) > LOST:
        seen = sum(
            frame.image is not None for frame in read_frames(str(video)))
        assert seen >= len(frames) - LOST, (seen, len(frames))
    return len(frames)


def main(folder: str, kills: int, seed: int) -> None:
    """Kill so many times."""
    rng = np.random.default_rng(seed)
    base = Path(folder)
    base.mkdir(parents=True)
    source = str(base / 'a.mp4')
    with closing(VideoWriter(source, RATE, (96, 96))) as video:
        for shift in range(FRAMES):
            video.write(np.roll(cartoon_face(96), shift % 20, 1))
    model = write_tiny_model(str(base))[::-1]
    found = []
    for number in range(kills):
        run = base / f'run{number}'
        run.mkdir()
        pid = start(source, model, run)
        wanted = rng.integers(1, FRAMES)
        table = run / 'out' / 'a.csv'
        until = time.time() + 60
        while time.time() < until and (not table.exists() or table.read_bytes(
        ).count(b'\n') <= wanted):
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert table.exists(), (run / 'log').read_text()[-3000:]
        found.append(check(run / 'out'))
    print(f'{kills} kills of videos, after {min(found)} to {max(found)} of '
          f'{FRAMES} frames')


if __name__ == '__main__':
    main(sys.argv[1], *map(int, sys.argv[2:]))
