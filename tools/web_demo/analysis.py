"""From an uploaded file to faces, pictures and files; without a browser.

Shapes: N faces, L landmarks, S steps.
"""
import os
import os.path as osp
import shutil
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from threading import RLock
from typing import Dict, List, Optional, Tuple

import cv2
import numpy as np
import torch.nn as nn
from mmpose.structures import PoseDataSample

from spiga_mmpose.apis import (ResultWriter, ask_for_views, estimate_each,
                               faces_to_dicts, load_model, make_finder,
                               make_visualizer, merge_faces, usable_boxes,
                               write_picture)
from spiga_mmpose.apis.estimation import check_refine, landmark_set_name
from spiga_mmpose.apis.formats import make_record
from spiga_mmpose.datasets.transforms import BadSampleError, LoadFaceImage
from spiga_mmpose.visualization import (SPIGAVisualizer, attention_sheet,
                                        face_size)

# A photograph may have so many pixels and faces: 150 MB of memory while it is
# looked at, and half a megabyte a face for as long as it is shown.
MAX_PIXELS, MAX_FACES = 50_000_000, 50
# Longer side of the picture that is shown, px: large enough to click at a
# landmark, small enough for a telephone.
_SIDES = (800, 1600)
# A click within this share of the face's size of a landmark means it.
_NEAR = 0.1
# Seconds that files for download are kept.
_KEPT = 3600


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was found in one photograph.

    Attributes:
        name (str): Name of its file.
        picture (np.ndarray): (H, W, 3) RGB: the photograph in the size in
            which it is shown.
        faces (:obj:`PoseDataSample`): Of all N faces, in px of ``picture``.
        attention (list[np.ndarray]): Of each face (S, layers, 1, L, L), mean
            over the heads; empty where the model gives none.
        record (dict): In px of the photograph (:mod:`..apis.formats`).
        visualizer (SPIGAVisualizer): That draws the faces.
        notes (list[str]): What was left out, in sentences.
    """
    name: str
    picture: np.ndarray
    faces: PoseDataSample
    attention: List[np.ndarray]
    record: dict
    visualizer: SPIGAVisualizer
    notes: List[str] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """S, steps that can be shown; 0 where the model has none."""
        steps = self.faces.pred_instances.get('landmark_steps')
        return 0 if steps is None else steps.shape[1] - 1

    def landmarks(self, step: int) -> np.ndarray:
        """Landmarks (N, L, 2) after a step (0 to S), px of ``picture``."""
        faces = self.faces.pred_instances
        return faces.landmark_steps[:, step] if self.steps else faces.keypoints

    def draw(self, step: int) -> np.ndarray:
        """The picture with the faces after a step, (H, W, 3) RGB."""
        if not len(self.faces.pred_instances):
            return self.picture
        sample = self.faces.clone()  # a shallow one
        sample.pred_instances = self.faces.pred_instances.clone()
        sample.pred_instances.keypoints = self.landmarks(step)
        return self.visualizer.draw_faces(self.name, self.picture, sample)

    def nearest(self, step: int, x: float,
                y: float) -> Optional[Tuple[int, int]]:
        """Face and landmark at a place, px of ``picture``; None if far."""
        points = self.landmarks(step)
        if not points.size:
            return None
        sizes = np.array([face_size(face) for face in points])
        distances = np.linalg.norm(points - (x, y), axis=-1) / sizes[:, None]
        distances = np.nan_to_num(distances, nan=np.inf)
        face, landmark = np.unravel_index(distances.argmin(), distances.shape)
        if distances[face, landmark] > _NEAR:
            return None
        return int(face), int(landmark)

    def draw_attention(self, face: int, landmark: int) -> np.ndarray:
        """What a landmark attends to in each step and layer, RGB.

        Raises:
            ValueError: If the model gives no attention.
        """
        if not self.attention or self.visualizer.landmark_set is None:
            raise ValueError('this model gives no attention to show')
        return attention_sheet(self.picture,
                               self.attention[face].astype(np.float32),
                               self.faces.pred_instances.keypoints[face],
                               self.visualizer.landmark_set, landmark)

    def write(self, step: int, folder: str) -> Tuple[str, str]:
        """Write what is offered for download, and remove what is old.

        Args:
            step (int): That the picture shows.
            folder (str): For nothing but these files.

        Returns:
            tuple: paths of the JSON and of the drawn picture, in a new folder
            below ``folder``.
        """
        for entry in os.scandir(folder):
            if time.time() - entry.stat().st_mtime > _KEPT:
                shutil.rmtree(entry.path, ignore_errors=True)
        place = tempfile.mkdtemp(dir=folder)
        writer = ResultWriter(place, ['json'])
        name = writer.name_of(self.name)
        writer.add(name, self.record)
        write_picture(place, f'{name}_faces.jpg', self.draw(step))
        return tuple(
            osp.join(place, name + ending)
            for ending in ('.json', '_faces.jpg'))


class FaceAnalyser:
    """Models and detectors by name, and what they find in a photograph.

    Safe to call from several threads: one photograph is looked at at a time.

    Args:
        models (dict): Of each name that is offered the paths of config and
            checkpoint; each is loaded when it is first asked for.
        detectors (dict): Of each name ``detector`` and ``weights`` of
            :func:`~spiga_mmpose.apis.make_finder`.
        device (str): E.g. ``'cpu'``.
        refine (int): See :func:`~spiga_mmpose.apis.estimate_each`.

    Raises:
        ValueError: If ``refine`` is no number of passes.
    """

    def __init__(self,
                 models: Dict[str, Tuple[str, str]],
                 detectors: Dict[str, Tuple[str, Optional[str]]],
                 device: str = 'cpu',
                 refine: int = 0) -> None:
        self.models = models
        self.detectors = detectors
        self.device = device
        self.refine = check_refine(refine)
        self.lock = RLock()
        self._model = lru_cache(maxsize=2)(self._load_model)
        self._finder = lru_cache(maxsize=None)(self._load_finder)

    def load(self, model: str, detector: str) -> None:
        """Load a model and a detector now.

        Raises:
            ValueError: See :meth:`analyse`.
        """
        with self.lock:
            self._model(model)
            self._finder(detector)

    def only_drawn_faces(self, model: str) -> bool:
        """Whether a model has seen synthetic faces alone in its training.

        Raises:
            ValueError: If it cannot be loaded.
        """
        with self.lock:
            config = self._model(model)[0].cfg
        return config.get('dataset_type') == 'SyntheticFaceDataset'

    def analyse(self, path: str, detector: str, model: str) -> Analysis:
        """Find the faces in a photograph.

        Args:
            path (str): Of an uploaded file; it need not be a photograph.
            detector (str): One of ``detectors``.
            model (str): One of ``models``.

        Returns:
            Analysis: Of at most ``MAX_FACES`` faces.

        Raises:
            BadSampleError: If the file is no photograph or has more than
                ``MAX_PIXELS``. The message is for the person who uploaded it.
            ValueError: If there is no such model or detector, or it cannot
                be loaded.
        """
        name = osp.basename(path)
        image = _read(path, name)
        with self.lock:
            network, visualizer = self._model(model)
            boxes, scores = self._finder(detector)(image)
            usable, notes = usable_boxes(boxes, *image.shape[1::-1])
            boxes, scores = boxes[usable], scores[usable]
            if len(boxes) > MAX_FACES:
                notes.append(f'{len(boxes)} faces were found; the first '
                             f'{MAX_FACES} are shown.')
            item = (image, boxes[:MAX_FACES], scores[:MAX_FACES])
            faces, attention = [], []
            for face in estimate_each(network, [item], refine=self.refine):
                weights = face.pred_instances.pop('attention', None)
                if weights is not None:
                    mean = weights[0].mean(2, keepdims=True)
                    attention.append(mean.astype(np.float16))
                faces.append(face)
            sample = merge_faces(network, image, faces)
        record = make_record(name, image,
                             landmark_set_name(network),
                             faces_to_dicts(sample, steps=True))
        picture, factor = _fitted(image)
        return Analysis(name, picture, _scaled(sample, factor), attention,
                        record, visualizer, notes)

    def _load_model(self, name: str) -> Tuple[nn.Module, SPIGAVisualizer]:
        if name not in self.models:
            raise ValueError(f'no model {name!r}: expected one of '
                             f'{", ".join(self.models)}')
        with warnings.catch_warnings(record=True):  # of metainfo by its name
            model = load_model(*self.models[name], self.device)
            ask_for_views(model, ['attention'])
            return model, make_visualizer(model)

    def _load_finder(self, name: str):
        if name not in self.detectors:
            raise ValueError(f'no detector {name!r}: expected one of '
                             f'{", ".join(self.detectors)}')
        with warnings.catch_warnings(record=True):  # of missing weights
            return make_finder(*self.detectors[name], device=self.device)


def _read(path: str, name: str) -> np.ndarray:
    """The photograph (H, W, 3) BGR; errors name the file as the user does."""
    try:
        return LoadFaceImage(MAX_PIXELS)(dict(img_path=path))['img']
    except BadSampleError as error:
        raise BadSampleError(str(error).replace(path, name)) from None


def _fitted(image: np.ndarray) -> Tuple[np.ndarray, float]:
    """A photograph, BGR, in the size in which it is shown, RGB, and how much
    larger that is."""
    side = max(image.shape[:2])
    factor = float(np.clip(side, *_SIDES)) / side
    size = [max(1, round(length * factor)) for length in image.shape[1::-1]]
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(image, size, interpolation=way)
    return np.ascontiguousarray(picture[..., ::-1]), factor


def _scaled(sample: PoseDataSample, factor: float) -> PoseDataSample:
    """Faces in px of the picture; several are numbered from 1."""
    faces = sample.pred_instances
    for name in ('keypoints', 'landmark_steps', 'bboxes'):
        if name in faces:
            # Pixel centres are at whole numbers.
            moved = (np.asarray(faces.get(name)) + 0.5) * factor - 0.5
            faces.set_field(moved, name)
    if len(faces) > 1:
        faces.track_ids = np.arange(1, len(faces) + 1)
    return sample
