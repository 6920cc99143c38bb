"""Shipped landmark sets: against the release, MMPose and among themselves."""
import json
import os.path as osp
import subprocess
import sys
import zipfile

import cv2
import numpy as np
import pytest
import small_models
from mmpose.datasets import CocoWholeBodyFaceDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.metrics import NME

from spiga_mmpose.datasets import SyntheticFaceDataset
from spiga_mmpose.landmark_sets import find_landmark_set, load_landmark_set
from spiga_mmpose.landmark_sets.landmark_set import available_landmark_sets

COUNTS = {
    '300w_68': 68,
    'aflw_19': 19,
    'coco_face_68': 68,
    'cofw_29': 29,
    'lapa_106': 106,
    'wflw_98': 98,
}


SHIPPED = list(COUNTS)


# Name of the same set in the release, and of its table.
RELEASED = {
    'wflw_98': ('wflw', 'WFLW_98x15'),
    '300w_68': ('300wpublic', 'W300_68x13'),
}


# Name of the same set in MMPose.
MMPOSE = {
    'wflw_98': 'wflw',
    '300w_68': '300w',
    'coco_face_68': 'coco_wholebody_face',
    'cofw_29': 'cofw',
    'aflw_19': 'aflw',
    'lapa_106': 'lapa',
}


@pytest.fixture(params=SHIPPED)
def landmark_set(request):
    return load_landmark_set(request.param)


@pytest.fixture(params=RELEASED)
def released_set(request):
    return load_landmark_set(request.param)


@pytest.fixture
def release(released_set):
    """db_info and rows of the 3D head of the set in the release."""
    spiga = pytest.importorskip('spiga')
    data = osp.join(osp.dirname(spiga.__file__), 'data')
    database = RELEASED[released_set.name][0]
    with open(osp.join(data, 'annotations', database, 'db_info.json')) as file:
        info = json.load(file)
    rows = np.genfromtxt(
        osp.join(data, 'models3D',
                 f'mean_face_3D_{released_set.num_landmarks}.txt'),
        delimiter='|')
    return info, rows


def test_shipped_sets_are_found():
    assert available_landmark_sets() == SHIPPED
    for name, count in COUNTS.items():
        assert load_landmark_set(name).num_landmarks == count
        assert load_landmark_set(name).name == name


def test_numbering_is_mmposes(landmark_set):
    """Mirror order, and the eye corners where MMPose names some."""
    name = MMPOSE[landmark_set.name]
    meta = parse_pose_metainfo(
        dict(from_file=f'configs/_base_/datasets/{name}.py'))
    assert landmark_set.num_landmarks == meta['num_keypoints']
    assert landmark_set.flip_indices.tolist() == meta['flip_indices']
    assert find_landmark_set(meta['dataset_name']) is landmark_set
    assert find_landmark_set(landmark_set.name) is landmark_set
    corners = NME.DEFAULT_KEYPOINT_INDICES.get(name)
    assert corners in (None, list(landmark_set.eye_corners))
    assert corners or name == 'aflw'


def test_edges_are_the_releases_edge_table(released_set):
    """Incidence of edges and points, and which points are on none."""
    tables = pytest.importorskip('spiga.models.cnn.transform_e2p')
    expected = getattr(tables, RELEASED[released_set.name][1]).numpy()
    found = released_set.edge_to_point
    np.testing.assert_array_equal(found, expected[:, :-1])
    np.testing.assert_array_equal(found.sum(1) == 0, expected[:, -1] == 1)
    assert released_set.num_edges == expected.shape[1] - 1


def test_mirror_order_and_ids_are_the_releases(released_set, release):
    info, _ = release
    np.testing.assert_array_equal(released_set.flip_indices,
                                  info['ldm_flip_order'])
    assert released_set.annotation_ids == info['ldm_ids']


def test_head_model_is_the_releases(released_set, release):
    info, rows = release
    by_id = {int(row[0]): (row[3], -row[1], -row[2]) for row in rows}
    expected = [by_id[i] for i in info['ldm_ids']]
    np.testing.assert_array_equal(released_set.head_model, expected)


def test_robust_ids_are_the_published_ones():
    """RECIPE: ids 1 to 24 of the release's numbering."""
    assert load_landmark_set('300w_68').robust_ids == [
        8, 17, 19, 21, 22, 24, 26, 30, 31, 35, 36, 39, 42, 45, 48, 51, 54, 57
    ]
    assert load_landmark_set('wflw_98').robust_ids == [
        16, 33, 35, 37, 42, 44, 46, 54, 55, 59, 60, 62, 64, 66, 68, 70, 72, 74,
        76, 79, 82, 85
    ]


def test_coco_faces_have_the_points_of_300w():
    coco, same = (
        load_landmark_set(name) for name in ('coco_face_68', '300w_68'))
    np.testing.assert_array_equal(coco.head_model, same.head_model)
    for key in ('flip_pairs', 'edges', 'parts', 'robust_ids', 'eye_corners',
                'pupils'):
        assert getattr(coco, key) == getattr(same, key), key


@pytest.mark.parametrize('name,pairs', [
    ('cofw_29', {8: 60, 9: 72, 20: 54, 22: 76, 28: 16, 16: 96, 6: 44}),
    ('aflw_19', {0: 33, 6: 60, 8: 64, 13: 54, 14: 59, 17: 82, 18: 16}),
    ('lapa_106', {0: 0, 50: 50, 58: 55, 62: 59, 66: 60, 79: 72, 84: 76,
                  90: 82, 98: 90, 103: 95, 104: 96}),
])
def test_heads_share_points_with_the_98(name, pairs):
    """By their meaning: eye corners, nose, mouth, chin."""
    head = load_landmark_set(name).head_model
    wflw = load_landmark_set('wflw_98').head_model
    np.testing.assert_array_equal(head[list(pairs)],
                                  wflw[list(pairs.values())])


def test_edges_are_smooth_on_the_face(landmark_set):
    """No edge jumps: points out of order would make it turn back."""
    shape = landmark_set.mean_shape
    for name, edge in landmark_set.edges.items():
        steps = np.diff(shape[edge], axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        assert lengths.max() < .25, name
        for a, b, one, other in zip(steps, steps[1:], lengths, lengths[1:]):
            assert a @ b > -.6 * one * other, name


def test_mirroring_twice_is_nothing(landmark_set):
    flip = landmark_set.flip_indices
    np.testing.assert_array_equal(flip[flip],
                                  np.arange(landmark_set.num_landmarks))
    assert 0 < (flip != np.arange(len(flip))).sum() < len(flip)


def test_mirror_keeps_the_structure(landmark_set):
    """Edges, parts, robust points and eyes go over into each other."""
    flip = landmark_set.flip_indices
    edges = [set(edge) for edge in landmark_set.edges.values()]
    for edge in edges:
        assert set(flip[list(edge)]) in edges
    for ids in landmark_set.parts.values():
        assert set(flip[ids]) == set(ids)
    assert set(flip[landmark_set.robust_ids]) == set(landmark_set.robust_ids)
    left, right = landmark_set.eye_corners
    assert flip[left] == right
    left, right = landmark_set.pupils
    assert set(flip[left]) == set(right)


def test_parts_hold_every_landmark_once(landmark_set):
    ids = sorted(i for part in landmark_set.parts.values() for i in part)
    assert ids == list(range(landmark_set.num_landmarks))


def test_head_is_a_face_that_looks_along_x(landmark_set):
    """Symmetric in y, nose tip in front, brows over mouth (z is down)."""
    head = landmark_set.head_model
    mirrored = head[landmark_set.flip_indices] * [1, -1, 1]
    assert np.abs(mirrored - head).max() < 0.12
    parts = landmark_set.parts
    assert head[:, 0].argmax() in parts['nose']
    assert head[parts['brow'], 2].max() < head[parts['mouth'], 2].min()
    with pytest.raises(ValueError, match='read-only'):
        head[0] = 0


def test_metainfo_is_what_mmpose_parses(landmark_set):
    meta = parse_pose_metainfo(landmark_set.metainfo())
    assert meta['dataset_name'] == landmark_set.name
    assert meta['num_keypoints'] == landmark_set.num_landmarks
    assert meta['flip_indices'] == landmark_set.flip_indices.tolist()
    assert {tuple(sorted(pair))
            for pair in meta['flip_pairs']
            } == {tuple(sorted(pair))
                  for pair in landmark_set.flip_pairs}
    links = [(a, b) for edge in landmark_set.edges.values()
             for a, b in zip(edge[:-1], edge[1:])]
    assert meta['skeleton_links'] == links
    assert meta['keypoint_colors'].shape == (landmark_set.num_landmarks, 3)
    assert (meta['dataset_keypoint_weights'] == 1).all()


def test_make_landmark_sets_writes_the_shipped_files(tmp_path, repo):
    """All of them, from a wheel of the release, as its docstring says."""
    spiga = pytest.importorskip('spiga')
    package = osp.dirname(spiga.__file__)
    wheel = tmp_path / 'spiga.whl'
    with zipfile.ZipFile(wheel, 'w') as archive:
        for name in ('annotations/wflw/db_info.json',
                     'annotations/300wpublic/db_info.json',
                     'models3D/mean_face_3D_98.txt',
                     'models3D/mean_face_3D_68.txt'):
            archive.write(
                osp.join(package, 'data', name), f'spiga/data/{name}')
    script = osp.join(repo, 'tools', 'dataset_converters',
                      'make_landmark_sets.py')
    subprocess.run([sys.executable, script, wheel, tmp_path],
                   check=True,
                   capture_output=True)
    for name in SHIPPED:
        shipped = osp.join(repo, 'spiga_mmpose', 'landmark_sets',
                           f'{name}.json')
        with open(shipped) as file:
            assert (tmp_path / f'{name}.json').read_text() == file.read()


@pytest.mark.parametrize('name', SHIPPED)
def test_mean_shape_is_the_head_from_the_front(name):
    """In the middle of the crop, 1 / 1.6 of it, chin down, left eye left."""
    landmarks = load_landmark_set(name)
    shape = landmarks.mean_shape
    low, high = shape.min(0), shape.max(0)
    np.testing.assert_allclose((low + high) / 2, [.5, .5])
    np.testing.assert_allclose((high - low).max(), 1 / 1.6)
    left, right = landmarks.eye_corners
    assert shape[left, 0] < 0.4 < 0.6 < shape[right, 0]
    mouth, brow = (
        shape[landmarks.parts[part], 1].mean() for part in ('mouth', 'brow'))
    assert brow < 0.5 < mouth


def test_faces_of_coco_wholebody_are_labelled(tmp_path):
    """MMPose's data set of them, with this package's pipeline."""
    face = SyntheticFaceDataset(
        1, image_size=128, landmark_set='300w_68').get_data_info(0)
    cv2.imwrite(str(tmp_path / '0.png'), face['img'])
    x1, y1, x2, y2 = face['bbox'][0].tolist()
    annotation = dict(
        id=1,
        image_id=1,
        category_id=1,
        iscrowd=0,
        face_valid=True,
        face_box=[x1, y1, x2 - x1, y2 - y1],
        face_kpts=np.c_[face['keypoints'][0], np.ones(68)].ravel().tolist())
    content = dict(
        images=[dict(id=1, file_name='0.png', width=128, height=128)],
        categories=[dict(id=1, name='person')],
        annotations=[annotation])
    (tmp_path / 'faces.json').write_text(json.dumps(content))
    dataset = CocoWholeBodyFaceDataset(
        'faces.json',
        data_root=str(tmp_path),
        pipeline=[
            dict(type='LoadFaceImage'),
            dict(type='BoxFromLandmarks'),
            dict(type='FaceRandomFlip', prob=1.),
            *small_models.pipeline('coco_face_68')
        ])
    labels = dataset[0]['data_samples'].gt_instance_labels
    assert labels.keypoint_weights.sum() == 68
    assert labels.pose_weights.tolist() == [1]
    shape = load_landmark_set('coco_face_68').mean_shape
    found = labels.keypoint_labels[0].numpy()
    assert np.abs(found - shape).mean() < .15
