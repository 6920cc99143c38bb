"""MultiTaskHead: weighted losses of every stack, landmarks by soft-argmax."""
import numpy as np
import pytest
import small_models
import torch
from mmpose.registry import MODELS

from spiga_mmpose.models.backbones import HourglassFeatures
from spiga_mmpose.models.heads.predictions import collect_labels
from spiga_mmpose.models.targets import draw_edge_maps, draw_point_maps

L, E, CELLS, STACKS = 98, 15, 16, 2


@pytest.fixture(scope='module')
def faces():
    return small_models.batch(2)


@pytest.fixture
def head():
    return MODELS.build(
        dict(type='MultiTaskHead', decoder=small_models.codec()))


def features(points=None, edges=None, heatmaps=None, poses=None):
    """The same maps in both stacks; random where none are given."""
    torch.manual_seed(0)

    def stacks(value, channels):
        if value is None:
            value = torch.rand(2, channels, CELLS, CELLS)
        return [value] * STACKS

    return HourglassFeatures(
        stacks(None, 4),
        [torch.randn(2, 6) if poses is None else poses] * STACKS,
        stacks(points, L), stacks(edges, E), stacks(heatmaps, L))


def perfect(head, faces):
    """Features that say the truth."""
    labels = collect_labels(faces['data_samples'], head.landmark_set)
    size = (CELLS, CELLS)
    points = draw_point_maps(labels.keypoints, labels.keypoint_weights, size)
    facial_edges = list(head.landmark_set.edges.values())
    edges = draw_edge_maps(labels.keypoints, labels.keypoint_weights,
                           facial_edges, size, 1.)
    return features(points, edges, points, labels.poses)


def test_an_edge_of_one_landmark_is_unknown(head, faces):
    """As the lower brow, of which 300-W labels the inner end alone."""
    batch = small_models.batch(2)
    weights = [
        sample.gt_instance_labels.keypoint_weights
        for sample in batch['data_samples']
    ]
    edge = head.landmark_set.edges['lower_left_brow']
    for weight in weights:
        weight[:, edge[1:]] = 0
    edges = torch.rand(2, E, CELLS, CELLS)
    channel = list(head.landmark_set.edges).index('lower_left_brow')
    other = edges.clone()
    other[:, channel] = 0.9
    losses = [
        head.loss(features(edges=maps),
                  batch['data_samples'])['loss_edges'].item()
        for maps in (edges, other)
    ]
    assert losses[0] == losses[1]
    weights[0][:, edge[:2]] = 1
    assert head.loss(features(edges=edges), batch['data_samples'])[
        'loss_edges'] != head.loss(
            features(edges=other), batch['data_samples'])['loss_edges']


def test_perfect_maps_and_poses_cost_nothing(head, faces):
    losses = head.loss(perfect(head, faces), faces['data_samples'])
    for name in ('loss_points', 'loss_edges', 'loss_pose'):
        assert abs(losses[name]) < 1e-6
    wrong = head.loss(features(), faces['data_samples'])
    assert losses['loss_coord'] < 0.2 * wrong['loss_coord']
    assert all(value > 0 for value in wrong.values())


def test_later_stacks_weigh_twice_as_much(head, faces):
    """2^(h-1): the error of the second stack counts double."""
    good, bad = perfect(head, faces), features()
    totals = []
    for stack in range(STACKS):
        maps = {
            name: [
                getattr(bad if h == stack else good, name)[h]
                for h in range(STACKS)
            ]
            for name in ('poses', 'points', 'edges', 'heatmaps')
        }
        feats = HourglassFeatures(good, **maps)
        totals.append(head.loss(feats, faces['data_samples']))
    for name in ('loss_points', 'loss_edges', 'loss_pose'):
        assert totals[1][name].item() == pytest.approx(
            2 * totals[0][name].item(), rel=1e-5)


@pytest.mark.parametrize('option,names', [
    ('coord_weight', ['loss_coord']),
    ('points_weight', ['loss_points']),
    ('edges_weight', ['loss_edges']),
    ('pose_weight', ['loss_pose']),
])
def test_weights(faces, option, names):
    feats = features()
    one, three = (
        MODELS.build(dict(type='MultiTaskHead',
                          **{option: weight})).loss(feats,
                                                    faces['data_samples'])
        for weight in (1, 3))
    for name in one:
        factor = 3 if name in names else 1
        assert three[name].item() == pytest.approx(
            factor * one[name].item(), rel=1e-5)


@pytest.mark.parametrize('name', ['points', 'edges'])
def test_no_maps_are_drawn_for_a_weight_of_zero(faces, name):
    head = MODELS.build(dict(type='MultiTaskHead', **{f'{name}_weight': 0}))
    losses = head.loss(features(), faces['data_samples'])
    left = {'loss_points', 'loss_edges'} - {f'loss_{name}'}
    assert set(losses) == {'loss_coord', 'loss_pose', *left}


def test_the_weight_of_both_maps_is_two_weights():
    """An old config says what to write in its place."""
    with pytest.raises(ValueError, match='points_weight and edges_wei.* 50'):
        MODELS.build(dict(type='MultiTaskHead', maps_weight=50))
    with pytest.raises(TypeError, match='wieght'):
        MODELS.build(dict(type='MultiTaskHead', points_wieght=50))


@pytest.mark.parametrize('wanted,names', [
    (('maps', ), {'loss_coord', 'loss_points', 'loss_edges'}),
    (('pose', ), {'loss_pose'}),
    (('cascade', ), set()),
])
def test_losses_of_a_stage(head, faces, wanted, names):
    losses = head.loss(features(), faces['data_samples'], dict(losses=wanted))
    assert set(losses) == names


def test_predicts_the_peaks(head, faces):
    """Soft-argmax of sharp peaks, in crop px; x is the column."""
    heatmaps = torch.full((2, L, CELLS, CELLS), -20.)
    heatmaps[:, :, 5, 9] = 20
    result = head.predict(features(heatmaps=heatmaps),
                          faces['data_samples'])[0]
    cell = small_models.SIZE / CELLS
    np.testing.assert_allclose(
        result.keypoints, np.tile([9 * cell, 5 * cell], (1, L, 1)), atol=1e-3)


def test_coordinates_from_the_point_maps(faces):
    """Then the heatmaps play no part, in training as in predictions."""
    head = MODELS.build(
        dict(
            type='MultiTaskHead',
            coord_maps='points',
            decoder=small_models.codec()))
    points = torch.full((2, L, CELLS, CELLS), -20.)
    points[:, :, 5, 9] = 20
    labels = faces['data_samples']
    found = head.predict(features(points), labels)[0].keypoints
    cell = small_models.SIZE / CELLS
    np.testing.assert_allclose(
        found, np.tile([9 * cell, 5 * cell], (1, L, 1)), atol=1e-3)
    exact = perfect(head, faces)
    loss = head.loss(exact, labels)['loss_coord']
    elsewhere = features(points=exact.points[0])
    assert head.loss(elsewhere, labels)['loss_coord'] == loss
    elsewhere = features(heatmaps=exact.heatmaps[0])
    assert head.loss(elsewhere, labels)['loss_coord'] > 2 * loss


@pytest.mark.parametrize('key', ['coord_maps', 'soft_argmax'])
def test_unknown_choice_is_named(key):
    with pytest.raises(ValueError, match=f"{key} must be .*, found 'e'"):
        MODELS.build(dict(type='MultiTaskHead', **{key: 'e'}))


def test_scores_are_the_point_maps(head, faces):
    heatmaps = torch.full((2, L, CELLS, CELLS), -20.)
    heatmaps[:, :, 5, 9] = 20
    points = torch.rand(2, L, CELLS, CELLS)
    edges = torch.rand(2, E, CELLS, CELLS)
    results = head.predict(
        features(points, edges, heatmaps), faces['data_samples'],
        dict(output_heatmaps=True))
    for index, (result, field) in enumerate(zip(*results)):
        np.testing.assert_allclose(
            result.keypoint_scores[0], points[index, :, 5, 9], atol=1e-4)
        torch.testing.assert_close(field.heatmaps, points[index])
        torch.testing.assert_close(field.edges, edges[index])


def test_alone_in_the_estimator(faces):
    """Training, prediction and flip test of the multi-task network."""
    config = small_models.estimator(
        head=dict(type='MultiTaskHead', decoder=small_models.codec()),
        train_cfg=dict(losses=('maps', 'pose')))
    model = small_models.build(config)
    model.train()
    data = model.data_preprocessor(faces)
    losses = model(**data, mode='loss')
    sum(losses.values()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    model.eval()
    model.test_cfg = dict(flip_test=True)
    with torch.no_grad():
        results = model(**data, mode='predict')
    assert results[0].pred_instances.head_poses.shape == (1, 6)
    keypoints, poses = model(data['inputs'], None, mode='tensor')
    assert keypoints.shape == (2, 98, 2) and poses.shape == (2, 6)


def test_stock_features_are_refused(head, faces):
    stock = (torch.rand(2, 4, CELLS, CELLS), )
    for run in (lambda: head(stock),
                lambda: head.loss(stock, faces['data_samples'])):
        with pytest.raises(ValueError, match='HourglassPoseNet.*tuple'):
            run()


def test_has_no_weights(head):
    assert not head.state_dict()


def test_curve_without_a_valid_point_does_not_count(head, faces):
    """It is not known where it is; that is not the same as nowhere."""
    cheek = head.landmark_set.edges['cheek']
    others = features().edges
    wrong = [edges.clone() for edges in others]
    for edges in wrong:
        edges[:, 0] = 0.9
    samples = [sample.clone() for sample in faces['data_samples']]

    def edge_loss(edges):
        maps = features()
        maps.edges = edges
        return head.loss(maps, samples)['loss_edges'].item()

    assert edge_loss(wrong) != pytest.approx(edge_loss(others))
    for sample in samples:
        sample.gt_instance_labels.keypoint_weights[:, cheek] = 0
    assert edge_loss(wrong) == pytest.approx(edge_loss(others))


def test_soft_argmax_by_mass():
    """ADNet's: the map itself, and not its softmax, is the mass."""
    maps = torch.zeros(1, 98, 16, 16)
    maps[..., 4, 4], maps[..., 4, 8] = 3., 1.
    head = MODELS.build(dict(type='MultiTaskHead', soft_argmax='mass'))
    expected = torch.tensor([4 + 4 / 4, 4.]) / 16
    torch.testing.assert_close(
        head.locate(maps)[0, 0], expected, rtol=0, atol=1e-3)


def test_point_maps_in_the_nearest_cell(head, faces):
    """As the release draws them: then the exact centres are wrong."""
    rounded = MODELS.build(dict(type='MultiTaskHead', subpixel=False))
    exact = perfect(head, faces)
    labels = collect_labels(faces['data_samples'], head.landmark_set)
    nearest = draw_point_maps(
        labels.keypoints,
        labels.keypoint_weights, (CELLS, CELLS),
        subpixel=False)
    for points, one, other in ((exact.points[0], head, rounded),
                               (nearest, rounded, head)):
        feats = features(points)
        assert one.loss(feats, faces['data_samples'])['loss_points'] < 1e-6
        assert other.loss(feats, faces['data_samples'])['loss_points'] > 0.1
