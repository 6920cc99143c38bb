"""Base of OpenCV's face detectors behind MMDet's interface."""
from typing import List, Optional, Tuple

import numpy as np
import torch
from mmdet.models.detectors import BaseDetector
from mmengine.structures import InstanceData
from torch import Tensor


class OpenCVFaceDetector(BaseDetector):
    """A detector that reads NumPy images, in the place of MMDet's own.

    It has no parameters, runs on the CPU whatever the device, and cannot be
    trained. The data preprocessor must leave the image as it is: BGR or grey,
    0 to 255. A subclass implements :meth:`find`.

    The ``backbone`` is not used: ``mmdet.apis.init_detector`` reads
    ``model.backbone`` of every config, so there must be one. Nor is
    ``init_cfg``, as there are no weights.
    """

    def __init__(self, backbone: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(
            data_preprocessor=data_preprocessor, init_cfg=init_cfg)

    def find(self, image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Boxes (N, 4) x1, y1, x2, y2 in image px and scores (N,) in (0, 1),
        best first, both float32, of the faces in an image (H, W, 3) BGR or
        (H, W, 1) grey, uint8."""
        raise NotImplementedError

    def predict(self, batch_inputs: Tensor, batch_data_samples: list,
                rescale: bool = True) -> list:
        """Find the faces of each image.

        Args:
            batch_inputs (Tensor): (B, 3, H, W) BGR, or (B, 1, H, W) grey, 0
                to 255, padded at the right and below.
            batch_data_samples (list[:obj:`DetDataSample`]): With metainfo
                ``img_shape``, and ``scale_factor`` (w, h) where the pipeline
                resized the image.
            rescale (bool): Give boxes of the image before resizing.

        Returns:
            list[:obj:`DetDataSample`]: The same samples with
            ``pred_instances``: ``bboxes`` and ``scores`` as of :meth:`find`,
            ``labels`` (N,), all 0.
        """
        results = []
        for image, sample in zip(batch_inputs, batch_data_samples):
            height, width = sample.img_shape[:2]
            boxes, scores = self.find(_pixels(image[:, :height, :width]))
            if rescale and 'scale_factor' in sample:
                boxes = boxes / np.tile(sample.scale_factor, 2).astype('f4')
            results.append(
                InstanceData(
                    bboxes=batch_inputs.new_tensor(boxes),
                    scores=batch_inputs.new_tensor(scores),
                    labels=batch_inputs.new_zeros(
                        len(boxes), dtype=torch.long)))
        return self.add_pred_to_datasample(batch_data_samples, results)

    def _forward(self, batch_inputs: Tensor,
                 batch_data_samples: Optional[list] = None) -> List[tuple]:
        """Boxes and scores of each image, see :meth:`find`."""
        return [self.find(_pixels(image)) for image in batch_inputs]

    def extract_feat(self, batch_inputs: Tensor) -> Tensor:
        """Return the images: OpenCV computes its features itself."""
        return batch_inputs

    def loss(self, batch_inputs: Tensor, batch_data_samples: list) -> dict:
        """Raise ``NotImplementedError``: OpenCV trains nothing here."""
        raise NotImplementedError(f'{type(self).__name__} cannot be trained; '
                                  'take a detector of MMDet')


def _pixels(image: Tensor) -> np.ndarray:
    """(C, H, W) tensor as a contiguous (H, W, C) uint8 array."""
    pixels = image.clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(pixels)
