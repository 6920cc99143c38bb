"""MMPose's own annotation files of WFLW, 300W and other face data sets."""
import os.path as osp
from typing import Dict, List, Optional

import numpy as np
from mmpose.registry import DATASETS
from mmpose.structures.bbox import bbox_cs2xyxy

from .face_dataset import FaceDataset, read_json


@DATASETS.register_module()
class CocoFaceDataset(FaceDataset):
    """A face data set in MMPose's COCO-style JSON, checked.

    Reads what ``WFLWDataset`` and ``Face300WDataset`` of MMPose read, with
    the same boxes (``center`` and ``scale`` times 200, image px), for any
    landmark set, and says what is wrong with an annotation.

    Args:
        subsets (dict, optional): Name -> annotation file of a part of the
            same faces, relative to ``data_root``, e.g.
            ``dict(blur='annotations/face_landmarks_wflw_test_blur.json')``.
            Defaults to none.
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
            name: {
                _identity(ann, file_name)
                for _, ann, file_name in _annotations(
                    osp.join(self.data_root or '', path))
            }
            for name, path in self.subsets.items()
        }
        faces = []
        for where, ann, file_name in _annotations(self.ann_file):
            face = self._read_face(where, ann, file_name)
            identity = _identity(ann, file_name)
            face['subsets'] = tuple(name for name, faces_of in members.items()
                                    if identity in faces_of)
            faces.append(face)
        return faces

    def _read_face(self, where: str, ann: dict, file_name: str) -> dict:
        count = self.landmark_set.num_landmarks
        points = np.asarray(ann['keypoints'], np.float64)
        if points.shape != (3 * count, ):
            raise ValueError(
                f'{where}: expected {count} landmarks (x, y, visible) in '
                f'keypoints as in the set {self.landmark_set.name!r}, found '
                f'{points.size} numbers')
        points = points.reshape(count, 3)
        bbox = bbox_cs2xyxy(
            np.asarray(ann['center'], np.float64),
            np.full(2, 200. * ann['scale']))
        return self.face_info(
            where,
            osp.join(self.data_prefix['img'], file_name),
            bbox,
            points[:, :2],
            points[:, 2],
            id=ann['id'],
            img_id=ann['image_id'])


def _annotations(path: str):
    """Yield place, annotation and image name of every face in a file."""
    content = read_json(path)
    if not isinstance(content, dict) or not {'images', 'annotations'
                                             } <= set(content):
        raise ValueError(f"{path}: expected 'images' and 'annotations' as in "
                         'COCO. (The SPIGA authors\' files, which are lists, '
                         'go with SPIGAJsonDataset.)')
    images = {image['id']: image['file_name'] for image in content['images']}
    for number, ann in enumerate(content['annotations']):
        where = f"{path}, annotation {ann.get('id', number)}"
        for key in ('id', 'image_id', 'keypoints', 'center', 'scale'):
            if key not in ann:
                raise ValueError(f'{where}: the field {key!r} is missing')
        if ann['image_id'] not in images:
            raise ValueError(f"{where}: image_id {ann['image_id']!r} is not "
                             'among the images')
        yield where, ann, images[ann['image_id']]


def _identity(ann: dict, file_name: str) -> tuple:
    """What tells a face of one file in another, where ids differ."""
    return (file_name, *ann['keypoints'][:6])
