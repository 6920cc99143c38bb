"""The annotation files that SPIGA's authors publish."""
import itertools
import os.path as osp
from typing import Dict, List, Optional, Sequence, Union

import numpy as np
from mmpose.registry import DATASETS

from spiga_mmpose.io import check_subsets, image_path, read_json, read_subsets
from spiga_mmpose.io.face_json import Compact, FaceReader, finite_numbers
from spiga_mmpose.landmark_sets import load_landmark_set
from .face_dataset import FaceDataset, check_fields, check_type

_FIELDS = ('imgpath', 'bbox', 'headpose', 'ids', 'landmarks', 'visible')


@DATASETS.register_module()
class SPIGAJsonDataset(FaceDataset):
    """WFLW, 300W, COFW-68 and MERL-RAV in the SPIGA authors' own format.

    :mod:`spiga_mmpose.io.face_json` describes the file, in which every face
    has all that it names. ``imgpath`` is relative to ``data_prefix['img']``;
    the box is the tight one of the landmarks in the published files.
    Landmarks whose ``ids`` are missing are masked out of training and
    evaluation (``keypoints_visible`` 0); that one is occluded is told on
    (``keypoints_hidden`` 1): :class:`SPIGALabel` decides whether it is
    trained.

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
        rows = read_json(self.ann_file, Compact(keep_visible=True))
        if not isinstance(rows, list):
            raise ValueError(f'{self.ann_file}: expected a list of faces, '
                             f'found {type(rows).__name__}')
        subsets_of = self._subsets_of(len(rows))
        source, places = self.landmark_set, itertools.count()
        if self.annotated_set is not None:
            source = load_landmark_set(self.annotated_set)
            places = source.ids_in(self.landmark_set).tolist()
        reader = FaceReader(
            dict(zip(source.annotation_ids, places)), source.name)
        image_ids, faces = {}, []
        for index, row in enumerate(rows):
            where = f'{self.ann_file}, face {index}'
            face = self._read_face(where, row, reader)
            image_id = image_ids.setdefault(face['img_path'], len(image_ids))
            faces.append(dict(face, id=index, img_id=image_id,
                              subsets=subsets_of[index]))
        return faces

    def _read_face(self, where: str, row: dict, reader: FaceReader) -> dict:
        check_fields(where, row, _FIELDS)
        check_type(where, 'imgpath', row['imgpath'], (str, ), 'a path')
        check_type(where, 'ids', row['ids'], (list, tuple),
                   'a list of landmark ids')
        try:
            places, landmarks = reader.landmarks(row)
            visible = finite_numbers(row, 'visible', len(landmarks))
            x, y, w, h = finite_numbers(row, 'bbox', 4)
            pose = row['headpose']
            if pose is not None:
                pose = finite_numbers(row, 'headpose', 6)
        except ValueError as error:
            raise ValueError(f'{where}: {error}') from None

        both = places >= 0
        places = places[both]
        count = self.landmark_set.num_landmarks
        keypoints, labelled, hidden = (np.zeros((count, 2)), np.zeros(count),
                                       np.zeros((1, count), np.float32))
        keypoints[places], labelled[places] = landmarks[both], 1
        hidden[0, places] = visible[both] < 0.5
        info = self.face_info(
            where,
            osp.join(self.data_prefix['img'], image_path(row['imgpath'])),
            np.array([x, y, x + w, y + h]),
            keypoints,
            labelled,
            keypoints_hidden=hidden)
        if pose is not None:
            info['annotated_pose'] = pose
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
