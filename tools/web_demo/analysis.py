"""Analyse an uploaded photograph: faces, images and files.

Shapes: N faces, L landmarks, S steps.
"""
import os
import os.path as osp
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from functools import lru_cache
from threading import RLock
from typing import Dict, List, Optional, Tuple

import cv2
import numpy as np
from mmpose.structures import PoseDataSample

from spiga_mmpose.apis import Frame, ResultWriter, SPIGAInferencer, write_jpeg
from spiga_mmpose.apis.estimation import check_refine
from spiga_mmpose.datasets.transforms import BadSampleError, LoadFaceImage
from spiga_mmpose.visualization import (SPIGAVisualizer, attention_grid,
                                        face_size)

# A photograph may have so many pixels and faces: 150 MB of memory while it is
# looked at, and half a megabyte a face for as long as it is shown.
MAX_PIXELS, MAX_FACES = 50_000_000, 50
# Longer side of the image that is shown, px: large enough to click at a
# landmark, small enough for a telephone.
_SIDES = (800, 1600)
_NEAR = 0.1  # share of the face's size within which a click means a landmark
_DRAWN = ('landmarks', 'pose', 'attention')  # in the image, and by a click
_KEPT = 3600  # seconds that files for download are kept


@dataclass(frozen=True, eq=False)
class Analysis:
    name: str
    image: np.ndarray  # (H, W, 3) RGB, in the size in which it is shown
    faces: PoseDataSample  # all N, in px of the image
    # Of each face (S, layers, 1, L, L), mean over heads; empty without any.
    attention: List[np.ndarray]
    record: dict  # in px of the photograph
    visualizer: SPIGAVisualizer
    notes: List[str] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """S, steps that can be shown; 0 where the model has none."""
        steps = self.faces.pred_instances.get('landmark_steps')
        return 0 if steps is None else steps.shape[1] - 1

    def landmarks(self, step: int) -> np.ndarray:
        """Landmarks (N, L, 2) after a step (0 to S), px of ``image``."""
        faces = self.faces.pred_instances
        return faces.landmark_steps[:, step] if self.steps else faces.keypoints

    def draw(self, step: int) -> np.ndarray:
        """The image with the faces after a step, (H, W, 3) RGB."""
        if not len(self.faces.pred_instances):
            return self.image
        sample = self.faces.clone()  # a shallow one
        sample.pred_instances = self.faces.pred_instances.clone()
        sample.pred_instances.keypoints = self.landmarks(step)
        return self.visualizer.draw_faces(self.name, self.image, sample)

    def nearest(self, step: int, x: float,
                y: float) -> Optional[Tuple[int, int]]:
        """Face and landmark at a place, px of ``image``; None if far."""
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
        if not self.attention or self.visualizer.landmark_set is None:
            raise ValueError('this model gives no attention to show')
        return attention_grid(self.image,
                              self.attention[face].astype(np.float32),
                              self.faces.pred_instances.keypoints[face],
                              self.visualizer.landmark_set, landmark)

    def write(self, step: int, folder: str) -> Tuple[str, str]:
        for entry in os.scandir(folder):
            if time.time() - entry.stat().st_mtime > _KEPT:
                shutil.rmtree(entry.path, ignore_errors=True)
        place = tempfile.mkdtemp(dir=folder)
        writer = ResultWriter(place, ['json'])
        name = writer.name_of(self.name)
        writer.add(name, self.record)
        write_jpeg(place, f'{name}_faces.jpg', self.draw(step))
        return tuple(osp.join(place, name + ending)
                     for ending in ('.json', '_faces.jpg'))


class FaceAnalyser:
    """Inferencers by name, and what they find in a photograph.

    Safe to call from several threads: one photograph is looked at at a time.
    """

    def __init__(self, models: Dict[str, Tuple[str, str]],
                 detectors: Dict[str, Tuple[str, Optional[str]]],
                 device: str = 'cpu', refine: int = 0) -> None:
        self.models, self.detectors = models, detectors
        self.device, self.refine = device, check_refine(refine)
        self.lock = RLock()
        # Of a model an inferencer a detector; they share its network.
        self._of_model = lru_cache(maxsize=2)(lambda model: {})

    def inferencer(self, model: str,
                   detector: Optional[str] = None) -> SPIGAInferencer:
        """That of names in ``models`` and ``detectors``, by default the first
        detector; it is loaded when it is first asked for."""
        detector = detector or next(iter(self.detectors))
        for kind, name, known in (('model', model, self.models),
                                  ('detector', detector, self.detectors)):
            if name not in known:
                raise ValueError(f'no {kind} {name!r}: expected one of '
                                 f'{", ".join(known)}')
        with self.lock:
            loaded = self._of_model(model)
            if loaded and detector not in loaded:
                first = next(iter(loaded.values()))
                loaded[detector] = first.with_detector(
                    *self.detectors[detector])
            elif detector not in loaded:
                config, checkpoint = self.models[model]
                loaded[detector] = SPIGAInferencer(
                    checkpoint, config, self.device, *self.detectors[detector],
                    refine=self.refine, draw=_DRAWN)
            return loaded[detector]

    def analyse(self, path: str, detector: str, model: str) -> Analysis:
        name = osp.basename(path)
        try:
            image = LoadFaceImage(MAX_PIXELS)(dict(img_path=path))['img']
        except BadSampleError as error:  # names the file as the user does
            raise BadSampleError(str(error).replace(path, name)) from None
        with self.lock:
            inferencer = self.inferencer(model, detector)
            attention = []

            def keep_mean(_, number, face):
                weights = face.pred_instances.pop('attention', None)
                if weights is not None:
                    mean = weights[0].mean(2, keepdims=True)
                    attention.append(mean.astype(np.float16))

            [result] = inferencer.find_faces([Frame(name, image=image)],
                                             steps=True, max_faces=MAX_FACES,
                                             see_face=keep_mean)
        if result.error:
            raise ValueError(result.error)
        notes = result.dropped
        if result.left_out:
            notes.append(f'{len(result.boxes) + result.left_out} faces were '
                         f'found; the first {MAX_FACES} are shown.')
        shown, factor = _fitted(image)
        return Analysis(name, shown, _scaled(result.faces, factor), attention,
                        result.record, inferencer.make_visualizer(), notes)


def _fitted(image: np.ndarray) -> Tuple[np.ndarray, float]:
    """A photograph, BGR, in the size in which it is shown, RGB, and how much
    larger that is."""
    side = max(image.shape[:2])
    factor = float(np.clip(side, *_SIDES)) / side
    size = [max(1, round(length * factor)) for length in image.shape[1::-1]]
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    shown = cv2.resize(image, size, interpolation=way)
    return np.ascontiguousarray(shown[..., ::-1]), factor


def _scaled(sample: PoseDataSample, factor: float) -> PoseDataSample:
    """Faces in px of the image; several are numbered from 1."""
    faces = sample.pred_instances
    for name in ('keypoints', 'landmark_steps', 'bboxes'):
        if name in faces:
            # Pixel centres are at integers.
            moved = (np.asarray(faces.get(name)) + 0.5) * factor - 0.5
            faces.set_field(moved, name)
    if len(faces) > 1:
        faces.track_ids = np.arange(1, len(faces) + 1)
    return sample
