"""The whole way of a video, with a clock on every stage of it."""
import io
import os.path as osp
import time
from collections import Counter
from contextlib import redirect_stderr
from typing import Callable, Dict

import cv2
import numpy as np

from spiga_mmpose.apis import (estimate_images, make_finder, make_visualizer,
                               process_video, read_frames)
from spiga_mmpose.apis.encoding import open_video
from spiga_mmpose.datasets.synthetic_backend import numbered_face
from spiga_mmpose.visualization import SPIGAVisualizer

_DETECTOR = 'haar'
_SIZE = 640, 480  # width and height, px
_FACE = 240  # side of the drawn picture of the face, px
_RATE = 30.  # frames a second
_SEED = 77
# The detector finds most faces that are drawn, and not all of them.
_MOST_TRIES = 100
STAGES = ('decode', 'detect', 'crop', 'network', 'draw', 'write', 'rest')


def draw_video(path: str, frames: int) -> None:
    """Write a video of one drawn face that sways before an even wall.

    Args:
        path (str): Of the MP4 file.
        frames (int): Its length.

    Raises:
        ValueError: If the detector finds none of the drawn faces.
        OSError: If it cannot be written.
    """
    face = _detectable_face()
    video = open_video(path, _RATE, _SIZE)
    try:
        for i in range(frames):
            angle = 2 * np.pi * i / (2 * _RATE)
            move = np.float64(
                [[1, 0, (_SIZE[0] - _FACE) / 2 + 40 * np.sin(angle)],
                 [0, 1, (_SIZE[1] - _FACE) / 2 + 10 * np.sin(2 * angle)]])
            picture = cv2.warpAffine(
                face, move, _SIZE, borderValue=(120, 120, 120))
            video.write(picture[..., ::-1])
    finally:
        video.close()


def _detectable_face() -> np.ndarray:
    """(side, side, 3) BGR: the first face that the detector finds once."""
    find = make_finder(_DETECTOR)
    for index in range(_MOST_TRIES):
        face = numbered_face('default', _FACE, _SEED, index).image
        wall = cv2.copyMakeBorder(
            face, 100, 100, 100, 100, cv2.BORDER_CONSTANT,
            value=(120, 120, 120))
        if len(find(wall)[0]) == 1:
            return face
    raise ValueError(f'the detector {_DETECTOR} finds none of the first '
                     f'{_MOST_TRIES} drawn faces')


class VideoWay:
    """What :func:`process_video` asks of an inferencer, with clocks.

    Args:
        estimator: Of :func:`~spiga_mmpose.apis.load_model`, or a
            ``BackendEstimator``. Its ``test_step`` is wrapped.
    """

    def __init__(self, estimator) -> None:
        self._seconds = Counter()
        self.model = estimator
        self.detect = self._timed('detect', make_finder(_DETECTOR))
        self.estimate = self._timed('estimate', self._estimate)
        self.visualizer: SPIGAVisualizer = make_visualizer(estimator)
        self.visualizer.draw_faces = self._timed('draw',
                                                 self.visualizer.draw_faces)
        estimator.test_step = self._timed('network', estimator.test_step)

    def _estimate(self, items: list, *args, **options) -> list:
        return estimate_images(self.model, items, *args, **options)

    def _timed(self, stage: str, function: Callable) -> Callable:

        def run(*args, **options):
            start = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                self._seconds[stage] += time.perf_counter() - start

        return run

    def run(self, path: str, folder: str) -> Dict[str, float]:
        """Process a video as ``tools/demo.py`` does.

        Decoding and writing are measured again on their own; what is left of
        the whole (following the faces, smoothing, tables) is ``rest``.

        Args:
            path (str): Of the video.
            folder (str): Where its results go.

        Returns:
            dict: Seconds of each of ``STAGES``, and ``total``; ``frames``,
            ``faces`` (over all frames) and ``detections``, runs of the
            detector.

        Raises:
            ValueError: If the video cannot be read to its end.
        """
        self._seconds.clear()
        start = time.perf_counter()
        with redirect_stderr(io.StringIO()):  # no progress bar of its own
            summary = process_video(self, path, folder)
        total = time.perf_counter() - start
        if summary.error:
            raise ValueError(summary.error)
        stages = {name: self._seconds[name] for name in STAGES}
        stages['crop'] = self._seconds['estimate'] - stages['network']
        stages['decode'] = _decode(path)
        stages['write'] = _write(summary.files[0],
                                 osp.join(folder, 'again.mp4'))
        stages['rest'] = total - sum(stages.values())
        return dict(
            stages,
            total=total,
            frames=summary.frames,
            faces=summary.faces,
            detections=summary.detections)


def _decode(path: str) -> float:
    """Seconds that reading a video takes."""
    start = time.perf_counter()
    for _ in read_frames(path):
        pass
    return time.perf_counter() - start


def _write(source: str, path: str) -> float:
    """Seconds that writing the pictures of a video takes."""
    seconds, video = 0., None
    for frame in read_frames(source):
        picture = np.ascontiguousarray(frame.image[..., ::-1])
        start = time.perf_counter()
        if video is None:
            video = open_video(path, _RATE, picture.shape[1::-1])
        video.write(picture)
        seconds += time.perf_counter() - start
    start = time.perf_counter()
    video.close()
    return seconds + time.perf_counter() - start
