"""Packing of a face with what MMPose's samples have no place for."""
from typing import Sequence

from mmpose.datasets.transforms import PackPoseInputs
from mmpose.registry import TRANSFORMS

_META_KEYS = ('id', 'img_id', 'img_path', 'ori_shape', 'img_shape',
              'input_size', 'input_center', 'input_scale', 'flip',
              'flip_direction', 'flip_indices', 'dataset_name', 'subsets',
              'annotated_pose')


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
