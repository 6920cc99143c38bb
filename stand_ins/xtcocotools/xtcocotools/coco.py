"""pycocotools' annotations, with the fork's arguments."""
import numpy as np
from pycocotools import coco


class COCO(coco.COCO):
    """Annotations in COCO's format.

    Args:
        annotation_file (str, optional): Path of the JSON file.
        test_index (list[int], optional): Keypoints to keep; all by default.
        ann_data (dict, optional): What the file holds, if it is read already.
    """

    def __init__(self, annotation_file=None, test_index=None, ann_data=None):
        super().__init__(annotation_file if ann_data is None else None)
        if ann_data is not None:
            self.dataset = ann_data
            self.createIndex()
        for annotation in self.dataset.get('annotations', ()):
            annotation.setdefault('iscrowd', False)
            if test_index is not None:
                points = np.reshape(annotation['keypoints'], (-1, 3))
                annotation['keypoints'] = points[test_index].ravel().tolist()

    def loadRes(self, resFile, resData=None):
        """Results, of a file or ``resData``, as :class:`COCO`."""
        return super().loadRes(resFile if resData is None else resData)
