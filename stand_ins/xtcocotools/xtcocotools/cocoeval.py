"""pycocotools' evaluation, with the fork's arguments and statistics."""
import numpy as np
from pycocotools import cocoeval
from pycocotools.cocoeval import Params

__all__ = ['COCOeval', 'Params']


class COCOeval(cocoeval.COCOeval):
    """Average precision and recall of keypoints, boxes or masks.

    Args:
        cocoGt (COCO, optional): Annotations.
        cocoDt (COCO, optional): Results, of ``cocoGt.loadRes``.
        iouType (str): ``'keypoints'``, ``'bbox'`` or ``'segm'``.
        sigmas (array, optional): (K, ) tolerances of the keypoints; those of
            COCO's 17 by default.
        use_area (bool): True; False is the fork's.

    Raises:
        NotImplementedError: For what the fork alone has.
    """

    def __init__(self, cocoGt=None, cocoDt=None, iouType='keypoints',
                 sigmas=None, use_area=True):
        if iouType not in ('keypoints', 'bbox', 'segm') or not use_area:
            raise NotImplementedError(
                f'iouType={iouType!r} with use_area={use_area} takes '
                'xtcocotools itself (pycocotools stands in for it here), '
                'which needs Python 3.10 or 3.11 and numpy 1; type: pip '
                'uninstall -y xtcocotools && pip install xtcocotools "numpy<2"'
            )
        super().__init__(cocoGt, cocoDt, iouType)
        if sigmas is not None:
            self.params.kpt_oks_sigmas = np.asarray(sigmas)

    def _prepare(self):
        # The fork counts the labelled keypoints itself, leaves out results
        # without any, and knows annotations of id 0, which is "no match" to
        # pycocotools.
        keypoints = self.params.iouType == 'keypoints'
        if keypoints:
            for annotation in self.cocoGt.anns.values():
                annotation['num_keypoints'] = _count(annotation)
        super()._prepare()
        for group in self._gts.values():
            group[:] = [dict(gt, id=gt['id'] + 1) for gt in group]
        if keypoints:
            for group in self._dts.values():
                group[:] = [dt for dt in group if _count(dt)]


def _count(annotation):
    return int(np.count_nonzero(np.array(annotation['keypoints'][2::3]) > 0))
