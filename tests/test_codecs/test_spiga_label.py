"""SPIGALabel: there and back, masks, and a pose that fits the crop."""
import numpy as np
import pytest
from mmpose.registry import KEYPOINT_CODECS

from spiga_mmpose.codecs import SPIGALabel
from spiga_mmpose.geometry import mirror_fit, mirror_pose, project_head
from spiga_mmpose.landmark_sets import load_landmark_set

POSE = np.array([20., -10, 5, 0.1, -0.05, 3.2])


@pytest.fixture(params=[('wflw_98', 256), ('300w_68', 128)])
def codec(request):
    name, size = request.param
    return KEYPOINT_CODECS.build(
        dict(type='SPIGALabel', input_size=(size, size), landmark_set=name))


def face(codec, pose=POSE):
    """A rigid face in the crop, (1, L, 2) crop px."""
    head = codec.landmark_set.head_model
    return (project_head(head, pose) * codec.input_size[0])[None]


def test_there_and_back(codec):
    keypoints = face(codec)
    encoded = codec.encode(keypoints, np.ones(keypoints.shape[:2]))
    decoded, scores = codec.decode(encoded['keypoint_labels'])
    np.testing.assert_allclose(decoded, keypoints, atol=1e-4)
    np.testing.assert_array_equal(scores, np.ones(keypoints.shape[:2]))


def test_encoded_is_what_the_pipeline_packs(codec):
    """Shapes and types; every label in the mapping table, of length N."""
    keypoints = np.repeat(face(codec), 2, axis=0)
    encoded = codec.encode(keypoints, np.ones(keypoints.shape[:2]))
    count = codec.landmark_set.num_landmarks
    shapes = dict(
        keypoint_labels=(2, count, 2),
        keypoint_weights=(2, count),
        pose_labels=(2, 6),
        pose_weights=(2, ))
    assert set(codec.label_mapping_table) == set(encoded) == set(shapes)
    for key, shape in shapes.items():
        assert encoded[key].shape == shape
        assert encoded[key].dtype == np.float32


def test_poses_of_decoded_landmarks(codec):
    """Each face its own pose; a face on one spot has none."""
    other = POSE * [-1, 1, 1, 1, 1, 1]
    keypoints = np.concatenate(
        [face(codec), face(codec, other), np.full_like(face(codec), 9)])
    poses, valid = codec.fit_poses(keypoints)
    np.testing.assert_allclose(poses[:2], [POSE, other], atol=0.1)
    np.testing.assert_array_equal(valid, [True, True, False])
    np.testing.assert_array_equal(poses[2], np.zeros(6))


def test_decode_takes_scores_and_copies(codec):
    """What the estimator changes in place must not be the input."""
    count = codec.landmark_set.num_landmarks
    encoded = np.random.default_rng(0).uniform(size=(1, count, 3))
    original = encoded.copy()
    keypoints, scores = codec.decode(encoded)
    np.testing.assert_array_equal(scores, original[..., 2])
    np.testing.assert_allclose(keypoints,
                               original[..., :2] * codec.input_size[0])
    keypoints += 1
    scores += 1
    np.testing.assert_array_equal(encoded, original)


def test_weights_are_of_labelled_landmarks_inside_the_crop(codec):
    size = codec.input_size[0]
    keypoints = face(codec)
    places = [[0, 0], [size - 1, size - 1], [-0.1, 5], [5, size - 0.9],
              [5, -3], [size + 9, 5]]
    keypoints[0, :6] = places
    visible = np.ones(keypoints.shape[:2])
    visible[0, 7:9] = 0
    weights = codec.encode(keypoints, visible)['keypoint_weights'][0]
    assert weights[:6].tolist() == [1, 1, 0, 0, 0, 0]
    assert weights[6:10].tolist() == [1, 0, 0, 1]
    assert (weights[10:] == 1).all()


@pytest.mark.parametrize('hidden, weights', [('train', [1, 1, 0]),
                                             ('mask', [0, 1, 0])])
def test_hidden_landmarks_are_trained_or_masked(hidden, weights):
    """The key decides on the weight alone: place and pose stay."""
    codec = SPIGALabel((256, 256), hidden=hidden)
    keypoints = face(codec)
    visible, covered = np.ones((2, 1, 98))
    covered[0, 1] = 0
    visible[0, 2] = 0
    encoded = codec.encode(keypoints, visible, covered)
    assert encoded['keypoint_weights'][0, :3].tolist() == weights
    plain = codec.encode(keypoints, visible)
    assert plain['keypoint_weights'][0, :3].tolist() == [1, 1, 0]
    for key in ('keypoint_labels', 'pose_labels', 'pose_weights'):
        np.testing.assert_array_equal(encoded[key], plain[key])
    assert encoded['pose_weights'].tolist() == [1]


@pytest.mark.parametrize('hidden', ['train', 'mask'])
def test_pipeline_hands_on_what_is_hidden(hidden):
    """From RandomOcclusion to the weights of the packed sample."""
    from mmcv.transforms import Compose
    np.random.seed(0)
    codec = dict(type='SPIGALabel', hidden=hidden)
    sample = Compose([
        dict(type='FaceBoxCenterScale'),
        dict(type='SPIGACrop', input_size=(256, 256)),
        dict(type='RandomOcclusion', min_side=0.4),
        dict(type='GenerateTarget', encoder=codec),
        dict(type='PackFaceInputs')
    ])(dict(
        img=np.zeros((256, 256, 3), np.uint8),
        img_shape=(256, 256),
        bbox=np.array([[60., 60, 200, 200]]),
        keypoints=face(SPIGALabel((256, 256))),
        keypoints_visible=np.ones((1, 98))))['data_samples']
    covered = sample.gt_instances.keypoints_hidden > 0
    assert 0 < covered.sum() < 98
    weights = sample.gt_instance_labels.keypoint_weights.numpy()
    assert (weights[~covered] == 1).all()
    assert (weights[covered] == (hidden == 'train')).all()


def test_unknown_treatment_of_hidden_landmarks_is_refused():
    with pytest.raises(ValueError, match="'train' or 'mask', found 'no'"):
        SPIGALabel(hidden='no')


def test_landmarks_outside_keep_their_place(codec):
    """They are masked, but not moved to the border or to zero."""
    keypoints = face(codec)
    keypoints[0, 3] = [-20, 300]
    labels = codec.encode(keypoints)['keypoint_labels']
    np.testing.assert_allclose(labels[0, 3] * codec.input_size[0], [-20, 300])


def test_pose_is_that_of_the_face(codec):
    encoded = codec.encode(face(codec))
    assert encoded['pose_weights'].tolist() == [1]
    np.testing.assert_allclose(
        encoded['pose_labels'][0, :3], POSE[:3], atol=0.5)
    np.testing.assert_allclose(
        encoded['pose_labels'][0, 3:], POSE[3:], atol=0.03)


@pytest.mark.parametrize('scale', [0.7, 1, 1.2])
@pytest.mark.parametrize('angle', [0, 30])
def test_pose_fits_the_landmarks_after_augmentation(codec, scale, angle):
    """Project the encoded pose: it lands on the moved landmarks."""
    size = codec.input_size[0]
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    turn = scale * np.array([[cos, sin], [-sin, cos]])
    keypoints = (face(codec) - size / 2) @ turn + size / 2 + [3, -4]
    encoded = codec.encode(keypoints)
    projected = project_head(codec.landmark_set.head_model,
                             encoded['pose_labels'].astype(np.float64))
    off = np.abs(projected - encoded['keypoint_labels']).max()
    assert off < 0.03
    roll = encoded['pose_labels'][0, 2] - POSE[2]
    assert roll == pytest.approx(angle, abs=2)


def test_mirrored_face_has_the_mirrored_pose(codec):
    """Also where the head is not symmetric, as the authors' is not."""
    keypoints = face(codec)
    flip = codec.landmark_set.flip_indices
    mirrored = keypoints[:, flip] * [-1, 1] + [codec.input_size[0], 0]
    pose, expected = (
        codec.encode(points)['pose_labels'][0]
        for points in (mirrored, keypoints))
    plain = mirror_pose(expected)
    expected = mirror_pose(expected, mirror_fit(codec.landmark_set))
    np.testing.assert_allclose(pose[:3], expected[:3], atol=1)
    np.testing.assert_allclose(pose[3:], expected[3:], atol=0.05)
    assert np.abs(pose[:3] - plain[:3]).max() > 1


def test_pose_needs_four_robust_landmarks(codec):
    keypoints = face(codec)
    robust = codec.landmark_set.robust_ids
    visible = np.ones(keypoints.shape[:2])
    visible[0, robust[3:]] = 0
    encoded = codec.encode(keypoints, visible)
    assert encoded['pose_weights'].tolist() == [0]
    assert (encoded['pose_labels'] == 0).all()
    visible[0, robust[3:12]] = 1
    assert codec.encode(keypoints, visible)['pose_weights'].tolist() == [1]


def test_each_face_has_its_own_pose(codec):
    """One without a pose does not spoil the next."""
    keypoints = np.repeat(face(codec), 2, axis=0)
    visible = np.ones(keypoints.shape[:2])
    visible[0] = 0
    encoded = codec.encode(keypoints, visible)
    assert encoded['pose_weights'].tolist() == [0, 1]
    assert (encoded['keypoint_weights'][0] == 0).all()
    assert np.abs(encoded['pose_labels'][1]).max() > 1


def test_unlabelled_nan_is_harmless(codec):
    keypoints = face(codec)
    visible = np.ones(keypoints.shape[:2])
    visible[0, 5] = 0
    keypoints[0, 5] = np.nan
    encoded = codec.encode(keypoints, visible)
    for value in encoded.values():
        assert np.isfinite(value).all()
    assert encoded['keypoint_weights'][0, 5] == 0


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_labelled_nan_is_refused(codec, bad):
    keypoints = face(codec)
    keypoints[0, 5, 1] = bad
    with pytest.raises(ValueError, match='NaN or infinite'):
        codec.encode(keypoints)


@pytest.mark.parametrize('shape', [(1, 29, 2), (29, 2), (1, 98, 3)])
def test_wrong_number_of_landmarks_is_named(shape):
    codec = SPIGALabel((64, 64), 'wflw_98')
    with pytest.raises(
            ValueError, match=rf'wflw_98.*98 landmarks.*{shape[-2]}'):
        codec.encode(np.zeros(shape))


def test_crop_that_is_not_square_is_refused():
    with pytest.raises(ValueError, match='square'):
        SPIGALabel((192, 256))


def test_unknown_landmark_set_is_named():
    with pytest.raises(ValueError, match='wflw_9'):
        SPIGALabel((64, 64), 'wflw_9')


def test_set_without_a_head_has_no_pose(tmp_path):
    path = tmp_path / 'flat.json'
    path.write_text('{"name": "flat", "num_landmarks": 5}')
    codec = SPIGALabel((64, 64), str(path))
    encoded = codec.encode(np.full((1, 5, 2), 32.))
    assert encoded['pose_weights'].tolist() == [0]
    assert encoded['keypoint_weights'].tolist() == [[1] * 5]


def test_sets_agree_on_their_robust_landmarks():
    """The pose of one face hardly depends on the set of landmarks."""
    poses = []
    for name in ('wflw_98', '300w_68'):
        codec = SPIGALabel((256, 256), name)
        points = project_head(load_landmark_set(name).head_model, POSE) * 256
        poses.append(codec.encode(points[None])['pose_labels'][0])
    np.testing.assert_allclose(poses[0], poses[1], atol=0.3)
