"""The ends of a pipeline: a good image or one clear error, and packing."""
from functools import partial
from typing import Optional, Sequence

from mmengine import fileio
from mmpose.datasets.transforms import LoadImage, PackPoseInputs
from mmpose.registry import TRANSFORMS

from spiga_mmpose.io import (MAX_PIXELS, ImageError, as_bgr, image_content,
                             read_image)

_META_KEYS = ('id', 'img_id', 'img_path', 'ori_shape', 'img_shape',
              'input_size', 'input_center', 'input_scale', 'flip',
              'flip_direction', 'flip_indices', 'dataset_name', 'subsets',
              'annotated_pose')


class BadSampleError(ValueError):
    """This one sample cannot be used: its image or its box is bad.

    A ``ValueError`` of its own class, so that a data set in training can skip
    the sample without hiding errors that every sample would raise.
    """


@TRANSFORMS.register_module()
class LoadFaceImage(LoadImage):
    """Load a photograph as (H, W, 3) BGR, uint8, or say what is wrong.

    Grey images get three equal channels, an alpha channel is dropped (as
    in the PyPI package ``spiga`` 0.0.6), 16-bit samples keep their upper
    byte, and the EXIF orientation is applied to files. The size is read from
    the file's header before decoding, so a small file that unpacks to a huge
    image is refused at once.

    Required Keys:

        - img_path, or img: an array (H, W), (H, W, 1), (H, W, 3) or
          (H, W, 4), uint8 or uint16, BGR(A)

    Added Keys:

        - img, img_shape, ori_shape, img_path

    Args:
        max_pixels (int): Refuse images of more pixels than this. At most
            178 million, where Pillow stops reading headers. Defaults to
            65 million; each takes some 20 bytes of memory in the demo.
        backend_args (dict, optional): File backend, see
            :func:`mmengine.fileio.get`. Defaults to ``None``.

    Raises:
        BadSampleError: If the file is missing, empty, no image, of an
            unsupported format, damaged or too large, or the array has another
            shape or type. The message names the file.
    """

    def __init__(self,
                 max_pixels: int = MAX_PIXELS,
                 backend_args: Optional[dict] = None) -> None:
        super().__init__(backend_args=backend_args)
        self.max_pixels = max_pixels

    def transform(self, results: dict) -> dict:
        """Load ``results['img_path']`` or check ``results['img']``."""
        path = results.setdefault('img_path', None)
        try:
            img = as_bgr(results['img'], path) if 'img' in results else (
                read_image(
                    path, self.max_pixels,
                    partial(fileio.get, backend_args=self.backend_args)))
        except ImageError as error:
            raise BadSampleError(str(error)) from None
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = img.shape[:2]
        return results


class FaceImageBackend(fileio.BaseStorageBackend):
    """Bytes of image files for loaders of others, checked as by ours.

    For pipelines whose loader must be MMCV's, as MMDet's tools want it:
    ``dict(type='LoadImageFromFile', backend_args=dict(backend='face_image'))``
    ends in an error that names the file where the stock backend hands on an
    empty file, one that unpacks to a huge image, or one that crashes OpenCV.
    """

    def get(self, filepath: str) -> bytes:
        """Content of a path or URL, as
        :func:`spiga_mmpose.io.image_content` gives it.

        Raises:
            OSError: If :func:`spiga_mmpose.io.read_image` refuses it. No
                ``ValueError``: ``MMPoseInferencer`` takes those of a detector
                for an old MMDet, and hides them behind one of its own.
        """
        try:
            return image_content(filepath)
        except ImageError as error:
            raise OSError(str(error)) from None

    def get_text(self, filepath: str) -> str:
        """Raise ``NotImplementedError``: an image is no text."""
        raise NotImplementedError(f'{filepath}: an image is no text')


@TRANSFORMS.register_module()
class PackFaceInputs(PackPoseInputs):
    """Pack a face: MMPose's fields and those of this package.

    Beside what :class:`PackPoseInputs` packs:

    * ``gt_instances.keypoints_hidden`` (1, L), 1 where a labelled landmark
      is occluded;
    * ``gt_instances.annotated_bboxes`` (1, 4), the box in the annotation
      file, where the crop is by another one (``BoxFromLandmarks``);
    * ``gt_instance_labels.pose_labels`` (1, 6) and ``pose_weights`` (1,) of
      a codec that makes them;
    * metainfo ``subsets``, tuple of str, and ``annotated_pose`` (6,), the
      head pose in the annotation file, where the data set has them.

    Args:
        meta_keys (Sequence[str]): Keys that go into the metainfo where the
            sample has them. Defaults to those that MMPose's heads, estimator
            and visualizer use, and the two above.
        pack_transformed (bool): Pack the landmarks in crop px too, as
            ``gt_instances.transformed_keypoints``. Defaults to ``False``.
    """

    instance_mapping_table = dict(
        PackPoseInputs.instance_mapping_table,
        keypoints_hidden='keypoints_hidden',
        annotated_bbox='annotated_bboxes')
    label_mapping_table = dict(
        PackPoseInputs.label_mapping_table,
        pose_labels='pose_labels',
        pose_weights='pose_weights')

    def __init__(self,
                 meta_keys: Sequence[str] = _META_KEYS,
                 pack_transformed: bool = False) -> None:
        super().__init__(meta_keys, pack_transformed)
