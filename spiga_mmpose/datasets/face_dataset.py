"""Base of the data sets of annotated photographs."""
import logging
import os.path as osp
import reprlib
from typing import Any, List, Optional, Sequence

import numpy as np
import torch
from mmengine.logging import print_log
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from spiga_mmpose.io import as_array
from spiga_mmpose.landmark_sets import load_landmark_set
from .seeded import SeededDataset
from .transforms import BadSampleError


def check_type(where: str, field: str, value: Any, types: tuple,
               wanted: str) -> None:
    """Check that what a JSON file holds in a field is of some types.

    Here and below ``where`` names file and face; ``wanted`` says the types in
    words, e.g. ``'a list'``.

    Raises:
        ValueError: If it is something else.
    """
    if not isinstance(value, types):
        raise ValueError(f'{where}: expected {wanted} in {field}, found '
                         f'{reprlib.repr(value)}')


def check_fields(where: str, row: Any, fields: Sequence[str]) -> None:
    """Check that a row is a dict that has all the fields.

    Raises:
        ValueError: If it is not. It names the first field that is missing.
    """
    if not isinstance(row, dict):
        raise ValueError(f'{where}: expected the fields {fields}, found '
                         f'{type(row).__name__}')
    for field in fields:
        if field not in row:
            raise ValueError(f'{where}: the field {field!r} is missing')


def read_array(where: str, field: str, values: Any) -> np.ndarray:
    """Numbers of a field, finite or not, as a float64 array of any shape.

    Raises:
        ValueError: If it holds anything but numbers, or lists of different
            lengths side by side.
    """
    try:
        return as_array(values, bools=True)
    except ValueError:
        raise ValueError(f'{where}: {field} holds what is no number: '
                         f'{reprlib.repr(values)}') from None


def read_numbers(where: str, field: str, values: Any,
                 shape: tuple) -> np.ndarray:
    """Finite numbers of a field as a float64 array of the given shape.

    Raises:
        ValueError: If it holds anything but numbers, has another shape, or
            a number is not finite in float32.
    """
    array = read_array(where, field, values)
    if array.shape != shape:
        raise ValueError(f'{where}: expected {field} of shape {shape}, found '
                         f'{array.shape}')
    bad = array[~_finite(array)]
    if len(bad):
        raise ValueError(f'{where}: {field} holds NaN, infinity or what is '
                         f'infinity in float32: {bad[0]}')
    return array


def _finite(array: np.ndarray) -> np.ndarray:
    """Mask of numbers that are finite in float32."""
    return np.abs(array) <= np.finfo(np.float32).max


def warn(message: str) -> None:
    """A warning in the log of the run."""
    print_log(message, logger='current', level=logging.WARNING)


class FaceDataset(SeededDataset, BaseCocoStyleDataset):
    """Photographs with annotated faces of one landmark set, one face a sample.

    A subclass reads its kind of file in :meth:`read_faces`; this class checks
    the paths, looks for the images, and keeps training going past an image
    or a box that turns out bad: such a sample is replaced by the next one,
    counted, and reported in a warning. In test mode it is an error.

    Args:
        ann_file (str): Annotation file, relative to ``data_root``.
        landmark_set (str): Name or path of the landmark set. It also gives
            the metainfo, unless that is set. Defaults to ``'wflw_98'``.
        allow_missing (bool): Leave out faces whose image is not there, with
            one warning that counts them, instead of raising an error.
            Defaults to ``False``.
        metainfo (dict, optional): See MMPose.
        kwargs: ``data_root``, ``data_prefix=dict(img=...)``, ``pipeline``,
            ``test_mode``, ``indices``, ... of MMPose's data sets.

    Raises:
        ValueError: If the data root, the annotation file or an image is not
            there, or an annotation is wrong. The message names the file, the
            face and the field.
    """

    METAINFO: dict = load_landmark_set('wflw_98').metainfo()

    def __init__(self,
                 ann_file: str = '',
                 landmark_set: str = 'wflw_98',
                 allow_missing: bool = False,
                 metainfo: Optional[dict] = None,
                 **kwargs) -> None:
        self.landmark_set = load_landmark_set(landmark_set)
        self.allow_missing = allow_missing
        # Shared memory: the loader's worker processes count into it.
        self._num_skipped = torch.zeros(1, dtype=torch.int64).share_memory_()
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo or self.landmark_set.metainfo(),
            **kwargs)

    @property
    def num_skipped(self) -> int:
        """Bad samples met in training so far, by all loader workers."""
        return int(self._num_skipped)

    def read_faces(self) -> List[dict]:
        """Data infos, as :meth:`face_info` makes them, of the file."""
        raise NotImplementedError

    def load_data_list(self) -> List[dict]:
        """Read the annotations and look for the images."""
        if self.data_root and not osp.isdir(self.data_root):
            raise ValueError(f'the data root {self.data_root} is not there '
                             '(a folder); docs/data.md says what goes where')
        if not osp.isfile(self.ann_file):
            raise ValueError(f'the annotation file {self.ann_file} is not '
                             'there; docs/data.md says how to get it, and '
                             'which config reads what')
        faces = self.read_faces()
        if not faces:
            raise ValueError(f'{self.ann_file} holds no face')
        return self._with_images(faces)

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline; in training, None where the sample is bad."""
        try:
            return super().prepare_data(idx)
        except BadSampleError as error:
            if self.test_mode:
                raise
            self._num_skipped += 1
            warn(f'skipped a bad sample, number {self.num_skipped} of this '
                 f'run: {error}')
            return None

    def face_info(self, where: str, img_path: str, bbox: np.ndarray,
                  keypoints: np.ndarray, labelled: np.ndarray,
                  **extra) -> dict:
        """Data info in MMPose's form of one face, checked.

        Args:
            where (str): File and face, for error messages.
            img_path (str): Path of the image.
            bbox (np.ndarray): (4,) x1, y1, x2, y2, image px.
            keypoints (np.ndarray): (L, 2) image px.
            labelled (np.ndarray): (L,) 0 or 1.
            extra: More keys of the data info.

        Raises:
            ValueError: If a number is not finite (in float32) or the box has
                no area.
        """
        labelled = np.asarray(labelled) > 0
        bad = np.flatnonzero(~_finite(keypoints).all(-1) & labelled)
        if len(bad):
            raise ValueError(f'{where}: landmark {bad[0]} is not finite in '
                             f'float32: {keypoints[bad[0]].tolist()}')
        if not _finite(bbox).all() or (bbox[:2] >= bbox[2:]).any():
            raise ValueError(f'{where}: expected a bbox of finite numbers '
                             '(in float32) with a width and height above 0, '
                             f'found (x1, y1, x2, y2) {bbox.tolist()}')
        if not labelled.any():
            raise ValueError(f'{where}: no landmark is labelled')
        keypoints = np.where(labelled[:, None], keypoints, 0)
        return dict(
            img_path=img_path,
            bbox=bbox[None],
            bbox_score=np.ones(1, np.float32),
            keypoints=keypoints[None].astype(np.float32),
            keypoints_visible=labelled[None].astype(np.float32),
            num_keypoints=int(labelled.sum()),
            **extra)

    def _with_images(self, faces: List[dict]) -> List[dict]:
        paths = {face['img_path'] for face in faces}
        missing = {path for path in paths if not osp.isfile(path)}
        if not missing:
            return faces
        found = (f'{len(missing)} of the {len(paths)} images that '
                 f'{self.ann_file} names are missing, e.g. {min(missing)}')
        if not self.allow_missing:
            raise ValueError(f'{found}. Set allow_missing=True (train.py '
                             '--allow-missing) to leave their faces out')
        kept = [face for face in faces if face['img_path'] not in missing]
        if not kept:
            raise ValueError(f'{found}: nothing is left')
        warn(f'{found}; left out {len(faces) - len(kept)} of {len(faces)} '
             'faces')
        return kept


def allow_missing(dataset: dict) -> None:
    """Let the data set of a config, or those that it wraps, leave out faces
    whose image is not there.

    Args:
        dataset (dict): Config of a :class:`FaceDataset`, or of a wrapper
            with ``dataset`` or ``datasets``. It is changed.

    Raises:
        ValueError: If a data set is none that can leave faces out.
    """
    wrapped = [*dataset.get('datasets', ())]
    if 'dataset' in dataset:
        wrapped.append(dataset['dataset'])
    if wrapped:
        for part in wrapped:
            allow_missing(part)
        return
    kind = dataset['type']
    found = DATASETS.get(kind) if isinstance(kind, str) else kind
    if found is None or not issubclass(found, FaceDataset):
        raise ValueError(
            'allow_missing (--allow-missing) is for photographs read by '
            f'CocoFaceDataset or SPIGAJsonDataset; found {kind}, which has no '
            'such thing: leave it out')
    dataset['allow_missing'] = True
