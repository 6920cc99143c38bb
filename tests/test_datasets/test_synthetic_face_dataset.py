"""The dataset: determinism, labels, pipeline, arguments."""
import pickle
import time
import tracemalloc
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS
from torch.utils.data import DataLoader

from spiga_mmpose.datasets import SyntheticFaceDataset
from spiga_mmpose.geometry import fit_pose, image_to_crop, project_head
from spiga_mmpose.landmark_sets import load_landmark_set

PIPELINE = [
    dict(type='GetBBoxCenterScale', padding=1.6),
    dict(type='RandomFlip', prob=1.0, direction='horizontal'),
    dict(type='TopdownAffine', input_size=(64, 64)),
    dict(
        type='GenerateTarget',
        encoder=dict(
            type='MSRAHeatmap', input_size=(64, 64), heatmap_size=(16, 16),
            sigma=1.)),
    dict(type='PackPoseInputs',
         meta_keys=('id', 'img_id', 'img_path', 'subsets', 'drawn_pose'))
]


@pytest.fixture(scope='module')
def faces():
    """The first 200 samples."""
    dataset = SyntheticFaceDataset(num_faces=200, seed=3)
    return [dataset.get_data_info(index) for index in range(200)]


def _draw(index):
    info = SyntheticFaceDataset(num_faces=20, seed=5).get_data_info(index)
    return info['img'].tobytes(), info['keypoints'].tobytes()


def test_same_face_in_any_order():
    forward = [_draw(index) for index in range(6)]
    assert forward == [_draw(index) for index in reversed(range(6))][::-1]


@pytest.mark.slow
def test_same_face_in_a_fresh_process():
    with ProcessPoolExecutor(1, get_context('spawn')) as pool:
        elsewhere = list(pool.map(_draw, range(6)))
    assert elsewhere == [_draw(index) for index in range(6)]


def test_seed_index_and_variant_each_change_the_face():
    def image(seed, index, variant='default'):
        dataset = SyntheticFaceDataset(10, seed=seed, variant=variant)
        return dataset.get_data_info(index)['img'].tobytes()

    assert len({image(0, 0), image(1, 0), image(0, 1),
                image(0, 0, 'hard')}) == 4


def test_sample_fields(faces):
    for info in faces[:20]:
        assert info['img'].shape == (128, 128, 3)
        assert info['img'].dtype == np.uint8
        assert info['img'].std() > 3
        assert info['keypoints'].shape == (1, 98, 2)
        assert info['keypoints'].dtype == np.float32
        assert (info['keypoints_visible'] == 1).all()
        assert set(np.unique(info['keypoints_hidden'])) <= {0., 1.}
        np.testing.assert_array_equal(
            info['bbox'][0], np.concatenate([
                info['keypoints'][0].min(0), info['keypoints'][0].max(0)]))
        assert info['drawn_pose'].shape == (6, )
    path = faces[7]['img_path']
    assert path.startswith('synthetic://') and path.endswith('/3/000007.png')
    assert faces[7]['id'] == faces[7]['img_id'] == 7


def test_crop_about_fills_the_canvas(faces):
    boxes = np.concatenate([info['bbox'] for info in faces])
    crop = 1.6 * (boxes[:, 2:] - boxes[:, :2]).max(1) / 128
    assert crop.min() > .7 and crop.max() < 1.2
    assert crop.std() > .03
    assert boxes.min() > 0 and boxes.max() < 127


def test_subsets_are_common_and_none_is_the_rule(faces):
    counts = Counter(name for info in faces for name in info['subsets'])
    assert set(counts) == {'pose', 'expression', 'illumination', 'makeup',
                           'occlusion', 'blur'}
    for name, count in counts.items():
        assert .05 * 200 < count < .45 * 200, (name, count)


@pytest.mark.parametrize('variant, limit', [('default', 60), ('hard', 75)])
def test_pose_limits_and_subset(variant, limit):
    dataset = SyntheticFaceDataset(60, seed=1, variant=variant)
    infos = [dataset.get_data_info(index) for index in range(60)]
    angles = np.abs([info['drawn_pose'][:3] for info in infos])
    assert (angles <= [limit, 40, 40]).all()
    assert angles[:, 0].max() > .8 * limit
    for info, (yaw, pitch, roll) in zip(infos, angles):
        strong = yaw > 38 or pitch > 26 or roll > 30
        assert ('pose' in info['subsets']) == strong


def test_neither_a_rigid_head_nor_the_mean_shape_is_enough(faces):
    marks = load_landmark_set('wflw_98')
    robust = np.isin(np.arange(98), marks.robust_ids)
    shapes, errors = [], []
    for info in faces:
        box = info['bbox'][0]
        side = 1.6 * (box[2:] - box[:2]).max()
        points = image_to_crop(info['keypoints'][0].astype(float),
                               (box[:2] + box[2:]) / 2, [side, side],
                               [256, 256])
        pose = fit_pose(marks.head_model, points, robust, 256)
        rigid = project_head(marks.head_model, pose) * 256
        norm = np.sqrt((box[2:] - box[:2]).prod()) * 256 / side
        shapes.append(points / norm)
        errors.append(np.linalg.norm(rigid - points, axis=1).mean() / norm)
    mean = np.mean(shapes, 0)
    of_mean = np.linalg.norm(shapes - mean, axis=2).mean()
    assert .025 < np.mean(errors) < .06
    assert of_mean > .10


def test_occluded_faces_have_more_hidden_landmarks(faces):
    def share(keep):
        return np.mean([info['keypoints_hidden'].mean() for info in faces
                        if 'pose' not in info['subsets'] and keep(info)])

    covered = share(lambda info: 'occlusion' in info['subsets'])
    free = share(lambda info: 'occlusion' not in info['subsets'])
    assert covered > free + .06


def test_pipeline_packs_flipped_faces():
    dataset = DATASETS.build(dict(
        type='SyntheticFaceDataset', num_faces=4, pipeline=PIPELINE))
    plain = SyntheticFaceDataset(num_faces=4).get_data_info(2)
    packed = dataset[2]
    sample = packed['data_samples']
    assert packed['inputs'].shape == (3, 64, 64)
    assert sample.subsets == plain['subsets']
    flipped = sample.gt_instances.keypoints[0]
    expected = plain['keypoints'][0][load_landmark_set(
        'wflw_98').flip_indices]
    np.testing.assert_allclose(flipped[:, 0], 127 - expected[:, 0],
                               atol=1e-3)
    np.testing.assert_allclose(flipped[:, 1], expected[:, 1], atol=1e-3)


def test_loader_with_workers_gives_the_same_faces():
    dataset = SyntheticFaceDataset(num_faces=8, pipeline=PIPELINE)
    loader = DataLoader(dataset, batch_size=4, num_workers=2,
                        persistent_workers=True, collate_fn=pseudo_collate)
    for _ in range(2):
        for start, batch in zip((0, 4), loader):
            for offset, inputs in enumerate(batch['inputs']):
                assert inputs.equal(dataset[start + offset]['inputs'])


def test_a_million_faces_cost_nothing():
    tracemalloc.start()
    start = time.perf_counter()
    dataset = SyntheticFaceDataset(num_faces=10**6)
    seconds = time.perf_counter() - start
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(dataset) == 10**6
    assert seconds < 1 and memory < 2e6
    assert len(pickle.dumps(dataset)) < 2e5
    assert dataset.get_data_info(10**6 - 1)['id'] == 10**6 - 1


def test_300w_landmarks_are_a_choice_of_the_98():
    full = SyntheticFaceDataset(4).get_data_info(1)
    dataset = SyntheticFaceDataset(4, landmark_set='300w_68')
    info = dataset.get_data_info(1)
    assert info['keypoints'].shape == (1, 68, 2)
    assert len(dataset.metainfo['flip_indices']) == 68
    # Jaw, eye corners and mouth corners of both sets.
    np.testing.assert_array_equal(
        info['keypoints'][0, [0, 8, 16, 36, 45, 48, 54]],
        full['keypoints'][0, [0, 16, 32, 60, 72, 76, 82]])


def test_metainfo_is_parsed_as_mmpose_wants():
    dataset = SyntheticFaceDataset(1)
    assert dataset.metainfo['dataset_name'] == 'wflw_98'
    assert dataset.metainfo['num_keypoints'] == 98
    assert dataset.metainfo['flip_indices'][0] == 32


@pytest.mark.parametrize('index', [4, -5])
def test_no_face_beyond_the_end(index):
    with pytest.raises(IndexError, match=str(index)):
        SyntheticFaceDataset(4).get_data_info(index)


@pytest.mark.parametrize('arguments, named', [
    (dict(num_faces=-1), 'num_faces'),
    (dict(num_faces=0), 'num_faces'),
    (dict(num_faces=2.5), 'num_faces'),
    (dict(seed=-1), 'seed'),
    (dict(image_size=8), 'image_size'),
    (dict(variant='easy'), "'easy'"),
    (dict(landmark_set='cofw_29'), "'cofw_29'"),
])
def test_bad_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        SyntheticFaceDataset(**arguments)
