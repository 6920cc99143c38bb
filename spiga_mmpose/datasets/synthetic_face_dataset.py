"""Synthetic faces, drawn on demand, nothing stored: as data set, as files."""
import re
from typing import TYPE_CHECKING, Callable, List, Union

import cv2
import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.fileio import BaseStorageBackend
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

from spiga_mmpose.landmark_sets import load_landmark_set
from .seeded import SeededDataset
from .synthetic import VARIANTS

if TYPE_CHECKING:
    from .synthetic.renderer import SyntheticFace

_DRAWN = 'wflw_98'
_SUPPORTED = (_DRAWN, '300w_68')  # sets whose landmarks are among these
# Paths come from result files, too: an absurd size must not be drawn.
_MAX_SIZE = 4096
_PATH = re.compile(r'synthetic://(\w+)/(\d+)/(\d+)/(\d+)\.png')


def numbered_face(variant: str, size: int, seed: int,
                  index: int) -> 'SyntheticFace':
    """The face of a seed and an index, always the same, on ``size`` px."""
    from .synthetic.renderer import draw_face
    rng = np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, index])))
    return draw_face(rng, size, variant)


def face_path(variant: str, size: int, seed: int, index: int) -> str:
    """Path of a face for :func:`mmengine.fileio.get`."""
    return f'synthetic://{variant}/{size}/{seed}/{index:06d}.png'


class SyntheticFaceBackend(BaseStorageBackend):
    """Draws the face that a path names, instead of reading it.

    So visualisation hooks and loaders of MMPose, which read ``img_path``,
    work on synthetic faces, too.
    """

    def get(self, filepath: str) -> bytes:
        """A PNG file of the face at a :func:`face_path`.

        Raises:
            FileNotFoundError: If it is no such path.
        """
        match = _PATH.fullmatch(str(filepath))
        if match is None or match[1] not in VARIANTS:
            raise FileNotFoundError(
                f'{filepath}: no synthetic face; expected '
                'synthetic://VARIANT/SIZE/SEED/INDEX.png, VARIANT one of '
                f'{list(VARIANTS)}')
        size, seed, index = map(int, match.groups()[1:])
        if size > _MAX_SIZE:
            raise FileNotFoundError(f'{filepath}: a face of {size} px; at '
                                    f'most {_MAX_SIZE} px are drawn')
        image = numbered_face(match[1], size, seed, index).image
        return cv2.imencode('.png', image)[1].tobytes()

    def get_text(self, filepath: str, encoding: str = 'utf-8') -> str:
        """Raise ``ValueError``: an image is no text."""
        raise ValueError(f'{filepath} is an image')


@DATASETS.register_module()
class SyntheticFaceDataset(SeededDataset, BaseDataset):
    """Endless labelled faces that a fresh clone can train on.

    Every face is drawn when it is asked for and depends on ``(seed, index)``
    alone, bit for bit, whatever the process or the order. So a million faces
    cost neither memory nor time, and a large ``num_faces`` means that
    training never sees a face twice. Scores on these faces say nothing about
    photographs.

    A sample has what MMPose's top-down pipelines read, with ``img`` already
    there (the pipeline has no ``LoadImage``), and:

    * ``bbox`` (1, 4): tight box of the landmarks, x1, y1, x2, y2, px.
    * ``keypoints_visible`` (1, L): ones, every landmark is labelled.
    * ``keypoints_hidden`` (1, L): 1 behind an object, dark lenses, hair, a
      mask or the head itself.
    * ``subsets``: names out of pose, expression, illumination, makeup,
      occlusion, blur; thresholds: ``STRONG_*`` in :mod:`.synthetic`.
    * ``drawn_pose`` (6,): the pose that drew the face. The truth to train on
      is the fit of the rigid head to the landmarks, as for photographs.

    Args:
        num_faces (int): Length of the dataset, at least 1.
        seed (int): Faces of different seeds are different faces.
        variant (str): ``'default'`` (yaw to 60 degrees) or ``'hard'`` (to
            75); pitch and roll reach 40 in both.
        image_size (int): Side of the square canvas, px, at least 32. The
            landmark box padded by 1.6 about fills it.
        landmark_set (str): ``'wflw_98'`` or ``'300w_68'``.
        pipeline (list): Transforms, see MMPose.
        test_mode (bool): As in :class:`mmengine.dataset.BaseDataset`.

    Raises:
        ValueError: If an argument is out of its range.
    """
    METAINFO: dict = load_landmark_set(_DRAWN).metainfo()

    def __init__(self,
                 num_faces: int = 10000,
                 seed: int = 0,
                 variant: str = 'default',
                 image_size: int = 128,
                 landmark_set: str = _DRAWN,
                 pipeline: List[Union[dict, Callable]] = [],
                 test_mode: bool = False):
        for name, value, least in (('num_faces', num_faces, 1),
                                   ('seed', seed, 0),
                                   ('image_size', image_size, 32)):
            if int(value) != value or value < least:
                raise ValueError(
                    f'SyntheticFaceDataset: {name} must be an integer of '
                    f'at least {least}, found {value!r}')
        if variant not in VARIANTS:
            raise ValueError(f'SyntheticFaceDataset: no variant {variant!r}; '
                             f'expected one of {list(VARIANTS)}')
        if landmark_set not in _SUPPORTED:
            raise ValueError(
                f'SyntheticFaceDataset: cannot label {landmark_set!r}; '
                f'expected one of {list(_SUPPORTED)}')
        self.num_faces = int(num_faces)
        self.seed = int(seed)
        self.variant = variant
        self.image_size = int(image_size)
        labelled = load_landmark_set(landmark_set)
        self.landmark_ids = labelled.ids_in(load_landmark_set(_DRAWN))
        super().__init__(
            metainfo=labelled.metainfo(),
            serialize_data=False,
            pipeline=pipeline,
            test_mode=test_mode)

    @classmethod
    def _load_metainfo(cls, metainfo: dict = None) -> dict:
        return parse_pose_metainfo(dict(metainfo or cls.METAINFO))

    def load_data_list(self) -> List[dict]:
        """Nothing to load: faces are drawn when they are asked for."""
        return []

    def __len__(self) -> int:
        return self.num_faces

    def get_data_info(self, idx: int) -> dict:
        """Draw face ``idx`` (negative: from the end).

        Raises:
            IndexError: If there is no such face.
        """
        if not -self.num_faces <= idx < self.num_faces:
            raise IndexError(f'face {idx} of {self.num_faces}')
        idx = int(idx) % self.num_faces
        number = self.variant, self.image_size, self.seed, idx
        face = numbered_face(*number)
        keypoints = face.landmarks[self.landmark_ids].astype(np.float32)
        box = np.concatenate([keypoints.min(0), keypoints.max(0)])
        count = len(keypoints)
        info = dict(
            img=face.image,
            img_path=face_path(*number),
            img_shape=face.image.shape[:2],
            ori_shape=face.image.shape[:2],
            id=idx,
            img_id=idx,
            bbox=box[None],
            bbox_score=np.ones(1, np.float32),
            keypoints=keypoints[None],
            keypoints_visible=np.ones((1, count), np.float32),
            keypoints_hidden=face.hidden[None, self.landmark_ids].astype(
                np.float32),
            num_keypoints=count,
            area=np.float32((box[2:] - box[:2]).prod()),
            category_id=np.array(1),
            iscrowd=0,
            subsets=face.subsets,
            drawn_pose=face.pose.astype(np.float32))
        for key in ('dataset_name', 'upper_body_ids', 'lower_body_ids',
                    'flip_pairs', 'dataset_keypoint_weights', 'flip_indices',
                    'skeleton_links'):
            info[key] = self._metainfo[key]
        return info
