"""The packed sample."""
import numpy as np

from spiga_mmpose.datasets.transforms import PackFaceInputs


def test_packs_what_faces_have():
    results = dict(
        img=np.zeros((8, 8, 3), np.uint8),
        img_path='a.jpg',
        bbox=np.zeros((1, 4)),
        bbox_score=np.ones(1),
        keypoints=np.zeros((1, 5, 2)),
        keypoints_visible=np.ones((1, 5)),
        keypoints_hidden=np.eye(5)[:1],
        keypoint_labels=np.zeros((1, 5, 2), np.float32),
        pose_labels=np.zeros((1, 6), np.float32),
        pose_weights=np.ones(1, np.float32),
        subsets=('pose', 'blur'),
        flip_indices=[0, 1, 2, 3, 4])
    sample = PackFaceInputs()(results)['data_samples']
    assert sample.gt_instances.keypoints_hidden.tolist() == [[1, 0, 0, 0, 0]]
    assert sample.gt_instances.bboxes.shape == (1, 4)
    assert sample.gt_instance_labels.pose_labels.shape == (1, 6)
    assert sample.gt_instance_labels.pose_weights.shape == (1, )
    assert sample.subsets == ('pose', 'blur')
    assert 'annotated_pose' not in sample
