"""A video or a camera with faces, into a drawn video and tables."""
import json
import os
import os.path as osp
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import chain
from typing import List, Optional, Union

import numpy as np
from tqdm import tqdm

from spiga_mmpose.io import GrowingFile
from .encoding import VideoWriter
from .inferencer import SPIGAInferencer
from .inputs import is_camera
from .smoothing import FaceSmoother
from .sources import USUAL_RATE, Frame, read_frames
from .tracking import DET_EVERY, FaceFollower
from .writing import CsvFile, ResultWriter, make_folder

# A higher one is none.
_HIGHEST_RATE = 1000.


@dataclass
class VideoSummary:
    """Summary of a processed video."""
    # The drawn video, the JSON Lines and the CSV; none without a frame.
    files: List[str] = field(default_factory=list)
    codec: str = ''  # of the video, in words
    lost_sound: str = ''  # why the source's sound is not in the video
    frames: int = 0  # that were processed
    # Announced frames that could not be decoded; a few may never have been.
    missing: int = 0
    error: str = ''  # why the rest of the video could not be read
    faces: int = 0  # over all frames
    identities: int = 0  # different faces, as far as they could be followed
    empty: int = 0  # frames without a face
    detections: int = 0  # runs of the detector
    losses: int = 0  # times that a face was lost
    interrupted: bool = False  # by Ctrl-C


def process_video(inferencer: SPIGAInferencer,
                  source: Union[str, os.PathLike, int], out_dir: str,
                  det_every: int = DET_EVERY, smooth: str = 'light',
                  name: Optional[str] = None) -> VideoSummary:
    """Follow the faces of a video, draw them and write what was found.

    Writes ``NAME_faces.mp4``, the drawn video, with the times and the sound of
    the source; ``NAME.jsonl``, a line a frame, the record of
    :mod:`~spiga_mmpose.apis.formats`; ``NAME.csv``, a row a face a frame.
    Boxes are tight around the landmarks. One frame is in memory at a time.
    Ctrl-C ends the video as if it were over there; a kill loses a few seconds
    of the drawn video and nothing of the tables. Without a frame nothing is
    written. A video that breaks off is no exception: see ``error`` of the
    summary.

    Args:
        inferencer (SPIGAInferencer): Finds and draws the faces.
        source (str | int): Path of a video (told by its ending), or a camera
            (its number, ``'webcam'`` or ``'webcam:1'``), until Ctrl-C.
        out_dir (str): Where to, and nowhere else; made if it is missing.
        det_every (int): See :class:`~spiga_mmpose.apis.tracking.FaceFollower`.
        smooth (str): ``'off'``, ``'light'`` or ``'strong'``, in all files; see
            :mod:`~spiga_mmpose.apis.smoothing`.
        name (str, optional): NAME. Defaults to that of the source.

    Raises:
        ValueError: If the source is no video or camera, or cannot be opened,
            or an argument is out of its range.
        OSError: If a file cannot be written.
        ImportError: If the package ``lap`` or ``av`` is missing.
    """
    if not is_camera(source) and not osp.isfile(source):
        raise ValueError(f'no such video file: {source}')
    follower = FaceFollower(inferencer.detect, inferencer.estimate, det_every)
    with ExitStack() as stack:
        frames = stack.enter_context(closing(read_frames(source)))
        first = next(frames)  # it tells rate and size
        if first.error:
            raise ValueError(first.error)
        if first.index is None:
            raise ValueError(f'{first.name}: an image; expected a video, with '
                             'an ending as .mp4, .avi or .mov, or a camera')
        rate = first.rate if 0 < first.rate < _HIGHEST_RATE else USUAL_RATE
        smoother = FaceSmoother(smooth, rate)

        def track(frame):
            sample = follower(frame.image)
            sample.pred_instances = smoother(sample.pred_instances, frame.time)
            return sample

        files = stack.enter_context(
            closing(_Files(out_dir, name, first, rate)))
        visualizer = inferencer.make_visualizer()
        summary = VideoSummary()
        bar = stack.enter_context(
            tqdm(total=first.announced or None, unit='frame',
                 desc=osp.basename(first.name)))
        try:
            for result in inferencer.find_faces(
                    chain([first], frames), track=track):
                if result.error:
                    summary.error = result.error
                    break
                files.add(result.record, result.draw(visualizer))
                summary.frames += 1
                summary.faces += len(result.boxes)
                summary.empty += not len(result.boxes)
                bar.update()
        except KeyboardInterrupt:
            summary.interrupted = True
        files.close()
        if files.video is not None:
            summary.files, summary.codec = files.paths, files.video.codec
            summary.lost_sound = files.video.lost_sound
    if not summary.interrupted:
        summary.missing = max(first.announced - summary.frames, 0)
    summary.identities = follower.identities
    summary.detections = follower.detections
    summary.losses = follower.losses
    return summary


class _Files:
    """The three files of a video, begun with its first frame."""

    def __init__(self, folder: str, name: Optional[str], first: Frame,
                 rate: float) -> None:
        make_folder(folder)
        if name is None:
            name = ResultWriter(folder, ['json']).name_of(first.name)
        self.paths = [osp.join(folder, name + ending)
                      for ending in ('_faces.mp4', '.jsonl', '.csv')]
        self._sound = None if is_camera(first.name) else first.name
        self._rate = rate
        self._stack = ExitStack()
        self.video = None

    def _opened(self, file):
        return self._stack.enter_context(closing(file))

    def add(self, record: dict, drawn: np.ndarray) -> None:
        """Write a frame into each file."""
        if self.video is None:
            video, lines, table = self.paths
            self._lines = self._opened(GrowingFile(lines))
            self._table = self._opened(CsvFile(table))
            self.video = self._opened(VideoWriter(
                video, self._rate, drawn.shape[1::-1], self._sound))
        self.video.write(drawn, record.get('time'))
        self._lines.add(json.dumps(record, allow_nan=False) + '\n')
        self._table.add(record)

    def close(self) -> None:
        self._stack.close()
