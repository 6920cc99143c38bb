"""The annotation files that SPIGA's authors publish."""
import os.path as osp
from typing import Dict, List, Optional, Sequence, Union

import numpy as np
from mmpose.registry import DATASETS

from spiga_mmpose.io import check_subsets, image_path, read_json, read_subsets
from spiga_mmpose.landmark_sets import load_landmark_set
from .face_dataset import FaceDataset, check_fields, check_type, read_numbers

_FIELDS = ('imgpath', 'bbox', 'headpose', 'ids', 'landmarks', 'visible')


@DATASETS.register_module()
class SPIGAJsonDataset(FaceDataset):
    """WFLW, 300W, COFW-68 and MERL-RAV in the SPIGA authors' own format.

    The file is a list of faces, each with

    * ``imgpath``: path of the image, relative to ``data_prefix['img']``;
    * ``bbox``: x, y, width, height, image px (the tight box of the
      landmarks, in the published files);
    * ``headpose``: yaw, pitch, roll in degrees, tx, ty, tz, or null;
    * ``ids``: ids of the labelled landmarks, as the landmark set's
      ``annotation_ids``; those that are missing are masked out of training
      and evaluation (``keypoints_visible`` 0);
    * ``landmarks``: x, y of each id, image px;
    * ``visible``: 1 or 0 for each id; 0 says occluded, which is told on
      (``keypoints_hidden`` 1): :class:`SPIGALabel` decides whether such a
      landmark is trained.

    (PyPI package ``spiga`` 0.0.6, ``data/loaders/alignments.py``.)

    Every sample carries the names of its ``subsets`` as a tuple, and
    ``annotated_pose`` (6,) where the file has one. That is the pose of the
    box's crop with landmarks rounded to whole pixels; training poses are
    fitted again to the landmarks by the codec.

    Args:
        subsets (str | dict, optional): Name -> indices of faces in the file;
            or the path of a JSON file with that, as itself or under
            ``test_subsets`` as in the authors' ``db_info.json``, relative to
            ``data_root``. Defaults to none.
        annotated_set (str, optional): The landmark set of the file, where it
            is another one than ``landmark_set``: landmarks at places of the
            head that both have are taken over, the others are masked. So
            photographs of 300W's 68 landmarks train a network of WFLW's 98.
        kwargs: See :class:`FaceDataset`.

    Raises:
        ValueError: If the file is not as described. The message names the
            file, the index of the face and the field.
    """

    def __init__(self,
                 *args,
                 subsets: Union[str, Dict[str, Sequence[int]], None] = None,
                 annotated_set: Optional[str] = None,
                 **kwargs) -> None:
        self.subsets = subsets
        self.annotated_set = annotated_set
        super().__init__(*args, **kwargs)

    def read_faces(self) -> List[dict]:
        """Read and check the file."""
        rows = read_json(self.ann_file)
        if not isinstance(rows, list):
            raise ValueError(f'{self.ann_file}: expected a list of faces, '
                             f'found {type(rows).__name__}')
        subsets_of = self._subsets_of(len(rows))
        row_of = self._rows_of_ids()
        image_ids = {}
        faces = []
        for index, row in enumerate(rows):
            where = f'{self.ann_file}, face {index}'
            face = self._read_face(where, row, row_of)
            face['id'] = index
            face['img_id'] = image_ids.setdefault(face['img_path'],
                                                  len(image_ids))
            face['subsets'] = subsets_of[index]
            faces.append(face)
        return faces

    def _rows_of_ids(self) -> Dict[int, int]:
        """Row of each annotation id; -1 where only the file's set has it."""
        if self.annotated_set is None:
            rows = range(self.landmark_set.num_landmarks)
            return dict(zip(self.landmark_set.annotation_ids, rows))
        source = load_landmark_set(self.annotated_set)
        rows = source.ids_in(self.landmark_set).tolist()
        return dict(zip(source.annotation_ids, rows))

    def _read_face(self, where: str, row: dict,
                   row_of: Dict[int, int]) -> dict:
        check_fields(where, row, _FIELDS)
        check_type(where, 'imgpath', row['imgpath'], (str, ), 'a path')
        ids = row['ids']
        check_type(where, 'ids', ids, (list, ), 'a list of landmark ids')
        landmarks = read_numbers(where, 'landmarks', row['landmarks'],
                                 (len(ids), 2))
        visible = read_numbers(where, 'visible', row['visible'], (len(ids), ))
        x, y, w, h = read_numbers(where, 'bbox', row['bbox'], (4, ))
        unknown = [
            i for i in ids if isinstance(i, (list, dict)) or i not in row_of
        ]
        if unknown:
            raise ValueError(
                f'{where}: the landmark id {unknown[0]!r} in ids is not one '
                f'of {self.annotated_set or self.landmark_set.name!r}. Is '
                'this a file of another landmark set (annotated_set)?')
        if len(set(ids)) != len(ids):
            raise ValueError(f'{where}: an id occurs twice in ids')

        rows = np.array([row_of[i] for i in ids], int)
        both = rows >= 0
        rows, landmarks, visible = rows[both], landmarks[both], visible[both]
        count = self.landmark_set.num_landmarks
        keypoints, labelled, hidden = (np.zeros((count, 2)), np.zeros(count),
                                       np.zeros((1, count), np.float32))
        keypoints[rows], labelled[rows] = landmarks, 1
        hidden[0, rows] = visible < 0.5
        info = self.face_info(
            where,
            osp.join(self.data_prefix['img'], image_path(row['imgpath'])),
            np.array([x, y, x + w, y + h]),
            keypoints,
            labelled,
            keypoints_hidden=hidden)
        if row['headpose'] is not None:
            info['annotated_pose'] = read_numbers(where, 'headpose',
                                                  row['headpose'], (6, ))
        return info

    def _subsets_of(self, num_faces: int) -> List[tuple]:
        """Names of the subsets of each face."""
        subsets = self.subsets or {}
        if isinstance(subsets, str):
            subsets = read_subsets(
                osp.join(self.data_root or '', subsets), num_faces)
        else:
            check_subsets('subsets', subsets, num_faces)
        names = [()] * num_faces
        for name, indices in subsets.items():
            for index in indices:
                names[index] += (name, )
        return names
