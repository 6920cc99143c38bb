"""MMPose's own annotation files of WFLW, 300W and other face data sets."""
import os.path as osp
from typing import Dict, List, Optional

import numpy as np
from mmpose.registry import DATASETS
from mmpose.structures.bbox import bbox_cs2xyxy

from spiga_mmpose.io import image_path, read_json
from .face_dataset import (FaceDataset, check_fields, check_type, read_array,
                           read_numbers, warn)


@DATASETS.register_module()
class CocoFaceDataset(FaceDataset):
    """A face data set in MMPose's COCO-style JSON, checked.

    Reads what ``WFLWDataset``, ``Face300WDataset``, ``AFLWDataset``,
    ``COFWDataset`` and ``LapaDataset`` of MMPose read, with the same boxes
    (``center`` and ``scale`` times 200, or else ``bbox`` as x, y, width,
    height; image px), for any landmark set, and says what is wrong with an
    annotation.

    The third number of a landmark is 0 where it is not labelled. COCO's 1
    says occluded (``keypoints_hidden`` 1) and 2 in view, which MMPose's file
    of COFW keeps to; those of WFLW and 300W write 1 for all. So 1 counts as
    occluded only in a file that has other numbers above 0, too.

    Args:
        subsets (dict, optional): Name -> annotation file of a part of the
            same faces, relative to ``data_root``, e.g.
            ``dict(blur='annotations/face_landmarks_wflw_test_blur.json')``.
            Faces in it that the annotation file does not have are counted in
            a warning. Defaults to none.
        kwargs: See :class:`FaceDataset`.

    Raises:
        ValueError: If the file is not as described. The message names the
            file, the id of the annotation and the field.
    """

    def __init__(self,
                 *args,
                 subsets: Optional[Dict[str, str]] = None,
                 **kwargs) -> None:
        self.subsets = subsets or {}
        super().__init__(*args, **kwargs)

    def read_faces(self) -> List[dict]:
        """Read and check the file."""
        members = {
            name: self._identities_in(name, path)
            for name, path in self.subsets.items()
        }
        faces, identities = [], set()
        for where, ann, points, file_name in _annotations(self.ann_file):
            face = self._read_face(where, ann, points, file_name)
            identity = _identity(points, file_name)
            identities.add(identity)
            face['subsets'] = tuple(name for name, faces_of in members.items()
                                    if identity in faces_of)
            faces.append(face)
        if all(face['keypoints_hidden'].sum() == face['num_keypoints']
               for face in faces):
            for face in faces:
                face['keypoints_hidden'][:] = 0
        for name, faces_of in members.items():
            if faces_of - identities:
                warn(f'{len(faces_of - identities)} of the {len(faces_of)} '
                     f'faces of the subset {name!r} are not in '
                     f'{self.ann_file}: they are left out')
        return faces

    def _identities_in(self, name: str, path: str) -> set:
        path = osp.join(self.data_root or '', path)
        if not osp.isfile(path):
            raise ValueError(f'the file {path} of the subset {name!r} is not '
                             'there; docs/data.md says how to get it '
                             '(subsets=None goes without)')
        return {
            _identity(points, file_name)
            for _, _, points, file_name in _annotations(path)
        }

    def _read_face(self, where: str, ann: dict, points: np.ndarray,
                   file_name: str) -> dict:
        count = self.landmark_set.num_landmarks
        if points.shape != (3 * count, ):
            raise ValueError(
                f'{where}: expected {count} landmarks (x, y, visible) in '
                f'keypoints as in the set {self.landmark_set.name!r}, found '
                f'{points.size} numbers')
        points = points.reshape(count, 3)
        visible = points[:, 2]
        bad = np.flatnonzero(~np.isfinite(visible))
        if len(bad):
            raise ValueError(f'{where}: landmark {bad[0]} in keypoints: '
                             'expected a finite number that says whether it '
                             f'is visible, found {visible[bad[0]]}')
        return self.face_info(
            where,
            osp.join(self.data_prefix['img'], file_name),
            _read_box(where, ann),
            points[:, :2],
            visible,
            keypoints_hidden=(visible == 1)[None].astype(np.float32),
            id=ann['id'],
            img_id=ann['image_id'])


def _read_box(where: str, ann: dict) -> np.ndarray:
    """(4,) x1, y1, x2, y2, image px."""
    if 'bbox' in ann and not {'center', 'scale'} & set(ann):
        x, y, w, h = read_numbers(where, 'bbox', ann['bbox'], (4, ))
        return np.array([x, y, x + w, y + h])
    check_fields(where, ann, ('center', 'scale'))
    center = read_numbers(where, 'center', ann['center'], (2, ))
    scale = read_numbers(where, 'scale', ann['scale'], ())
    return bbox_cs2xyxy(center, np.full(2, 200. * scale))


def _annotations(path: str):
    """Yield place, annotation, keypoints (as an array of any shape) and image
    name of every face in a file."""
    content = read_json(path)
    if not isinstance(content, dict) or not {'images', 'annotations'
                                             } <= set(content):
        raise ValueError(f"{path}: expected 'images' and 'annotations' as in "
                         'COCO. (The SPIGA authors\' files, which are lists, '
                         'go with SPIGAJsonDataset.)')
    for field in ('images', 'annotations'):
        check_type(path, field, content[field], (list, ), 'a list')
    images = {}
    for number, image in enumerate(content['images']):
        where = f'{path}, image {number}'
        check_fields(where, image, ('id', 'file_name'))
        _check_id(where, 'id', image['id'], images)
        check_type(where, 'file_name', image['file_name'], (str, ), 'a path')
        images[image['id']] = image_path(image['file_name'])
    ids = set()
    for number, ann in enumerate(content['annotations']):
        known = isinstance(ann, dict) and 'id' in ann
        where = f"{path}, annotation {ann['id'] if known else number}"
        check_fields(where, ann, ('id', 'image_id', 'keypoints'))
        _check_id(where, 'id', ann['id'], ids)
        ids.add(ann['id'])
        _check_id(where, 'image_id', ann['image_id'])
        if ann['image_id'] not in images:
            raise ValueError(f"{where}: image_id {ann['image_id']!r} is not "
                             'among the images')
        points = read_array(where, 'keypoints', ann['keypoints'])
        yield where, ann, points, images[ann['image_id']]


def _check_id(where: str, field: str, value, known=()) -> None:
    check_type(where, field, value, (int, float, str), 'a number or a string')
    if value in known:
        raise ValueError(f'{where}: the {field} {value!r} is given twice; '
                         'files that are put together need new ids')


def _identity(points: np.ndarray, file_name: str) -> tuple:
    """Key of a face across files whose ids differ."""
    return (file_name, *points.flat[:6])
