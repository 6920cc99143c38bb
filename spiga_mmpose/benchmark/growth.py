"""What grows with what: time and memory against the size of the task.

Each class below is one task, to be run at growing sizes in a process of its
own (:mod:`.workers`).
"""
import io
import json
import os.path as osp
from contextlib import redirect_stderr
from typing import NamedTuple, Sequence

import numpy as np
from mmengine.config import Config
from mmpose.apis import init_model

from spiga_mmpose.apis import estimate_faces, load_model, process_video
from spiga_mmpose.apis.estimation import landmark_boxes
from spiga_mmpose.datasets.synthetic_backend import numbered_face
from spiga_mmpose.landmark_sets import load_landmark_set
from .faces import draw_crops
from .modes import locate
from .video import VideoWay, draw_video

_FACE = 128  # side of a drawn face in a picture of many, px
_ROW = 8  # faces a row
_SEED = 77
_CURVES = 15  # of a made-up landmark set, as of the 98 landmarks


class FacesOfAnImage:
    """All faces of one picture, their boxes known, 1 to 64.

    Args:
        config (str): Path of the config.
        checkpoint (str): Its weights.
    """

    def __init__(self, config: str, checkpoint: str) -> None:
        self.model = load_model(config, checkpoint, 'cpu')
        faces = [
            numbered_face('default', _FACE, _SEED, i) for i in range(_ROW**2)
        ]
        self.image = np.concatenate([
            np.concatenate([face.image for face in faces[i:i + _ROW]], 1)
            for i in range(0, len(faces), _ROW)
        ])
        corners = [(_FACE * (i % _ROW), _FACE * (i // _ROW))
                   for i in range(len(faces))]
        self.boxes = landmark_boxes(
            np.stack([
                face.landmarks + corner
                for face, corner in zip(faces, corners)
            ])).astype(np.float32)

    def run(self, size: int) -> None:
        """Crop, run the network and map back, of so many faces."""
        estimate_faces(self.model, self.image, self.boxes[:size])


class Batch:
    """The network alone on a batch of crops.

    Args:
        config (str): Path of the config.
        checkpoint (str): Its weights.
    """

    def __init__(self, config: str, checkpoint: str) -> None:
        self.model = load_model(config, checkpoint, 'cpu')
        self.crop = draw_crops(self.model, 1).images

    def run(self, size: int) -> None:
        """Landmarks of so many crops."""
        locate(self.model, self.crop.repeat(size, 0))


class Landmarks:
    """One face by networks of other numbers of landmarks, random weights.

    Args:
        config (str): Path of the config whose network is changed.
        folder (str): Where made-up landmark sets are written.
    """

    def __init__(self, config: str, folder: str) -> None:
        self.config, self.folder = config, folder
        self._made = 0, None, None

    def run(self, size: int) -> None:
        """One crop through a network of so many landmarks."""
        if self._made[0] != size:
            self._made = size, *self._make(size)
        locate(*self._made[1:])

    def _make(self, size: int) -> tuple:
        config = Config.fromfile(self.config)
        path = write_landmark_set(self.folder, size)
        size = config.model.head.decoder.input_size[0]
        for part in ('backbone', 'head'):
            config.model[part].landmark_set = path
        config.model.head.decoder.landmark_set = path
        crop = np.full((1, size, size, 3), 127, np.uint8)
        return init_model(config, device='cpu'), crop


def write_landmark_set(folder: str, count: int) -> str:
    """A made-up landmark set on the head of the 98 landmarks.

    Args:
        folder (str): Where to.
        count (int): Landmarks, at least 4.

    Returns:
        str: Path of its file.
    """
    head = load_landmark_set('wflw_98').head_model
    places = np.linspace(0, len(head) - 1, count)
    points = np.stack([
        np.interp(places, np.arange(len(head)), axis) for axis in head.T
    ], 1)
    curves = np.array_split(np.arange(count), min(_CURVES, count // 2))
    path = osp.join(folder, f'landmarks_{count}.json')
    with open(path, 'w') as file:
        json.dump(
            dict(
                name=f'landmarks_{count}',
                num_landmarks=count,
                head_model=points.tolist(),
                curves={
                    str(i): curve.tolist()
                    for i, curve in enumerate(curves)
                },
                robust_ids=list(range(count))), file)
    return path


class Frames:
    """The whole way of a video of one face.

    Args:
        config (str): Path of the config.
        checkpoint (str): Its weights.
        folder (str): For the videos.
    """

    def __init__(self, config: str, checkpoint: str, folder: str) -> None:
        self.way = VideoWay(load_model(config, checkpoint, 'cpu'))
        self.folder = folder

    def prepare(self, size: int) -> None:
        """Draw a video of so many frames."""
        draw_video(self._path(size), size)

    def run(self, size: int) -> None:
        """Process it."""
        with redirect_stderr(io.StringIO()):  # no progress bar of its own
            process_video(self.way, self._path(size), self.folder)

    def _path(self, size: int) -> str:
        return osp.join(self.folder, f'drawn_{size}.mp4')


class Line(NamedTuple):
    """A straight line through measured points.

    Args:
        slope (float): Of the line, units of y for one of x.
        start (float): y at x = 0.
        r2 (float): Share of the variance of y that the line explains, at
            most 1; NaN where y does not vary.
    """
    slope: float
    start: float
    r2: float


def fit_line(x: Sequence[float], y: Sequence[float]) -> Line:
    """Least squares of a straight line.

    Args:
        x (Sequence[float]): At least two different sizes.
        y (Sequence[float]): What was measured at each.

    Returns:
        Line: Slope, start and R^2.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    total = np.square(y - y.mean()).sum()
    if total == 0:
        return Line(0., float(y[0]), float('nan'))
    slope, start = np.polyfit(x, y, 1)
    rest = np.square(y - (slope * x + start)).sum()
    return Line(float(slope), float(start), float(1 - rest / total))
