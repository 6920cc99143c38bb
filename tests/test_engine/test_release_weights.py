"""Converted weights give the released network's numbers."""
import pytest
import reference_network
import torch

from spiga_mmpose.engine.release_weights import release_architecture, convert
from spiga_mmpose.landmark_sets import load_landmark_set


@pytest.fixture(scope='module')
def released():
    """State dict of the released network, fresh weights, 98 landmarks."""
    return reference_network.build(98).state_dict()


@pytest.mark.slow
@pytest.mark.parametrize('landmarks', [98, 68])
def test_parity_with_the_release(landmarks):
    """Fields, pose, projected head, steps and attention, on one batch.

    Bounds: 1e-4 of the largest value; landmarks 1e-3 px of the 256 crop.
    """
    reference = reference_network.build(landmarks)
    crops = reference_network.images()
    reference_network.spread(reference, crops)
    model = release_architecture(landmarks)
    model.load_state_dict(convert(reference.state_dict()), strict=True)
    model.eval()
    with torch.no_grad():
        expected = reference(reference_network.inputs(reference, crops))
        fields = model['backbone'](crops)
        steps, poses, attention = model['head'].cascade(fields)
        projected = project_by_the_release(reference, expected['Pose'])

    assert len(fields) == len(expected['VisualField']) == 4
    for ours, theirs in zip(fields, expected['VisualField']):
        assert theirs.std() > 0.1 * theirs.abs().mean()
        assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()
    pose = expected['Pose']
    assert (pose - reference.pose_fc.bias).abs().max() > 0.1
    assert (poses - pose).abs().max() <= 1e-4 * pose.abs().max()
    assert (steps[:, 0] - projected).abs().max() * 256 <= 1e-3
    before = projected
    assert len(expected['Landmarks']) == 3
    for step, theirs in enumerate(expected['Landmarks']):
        moved = (theirs - before).abs() * 256
        assert moved.mean() > 1 and moved.std() > 0.3
        off = (steps[:, step + 1] - theirs).abs().max()
        assert off * 256 <= 1e-3
        before = theirs
    matrices = [one for step in attention for one in step]
    assert len(matrices) == len(expected['GATProb']) == 12
    for ours, theirs in zip(matrices, expected['GATProb']):
        assert theirs.max() > 5 / landmarks  # far from uniform
        # The heads differ, so that their order would show.
        assert (theirs[:, 0] - theirs[:, 1]).abs().max() > 2 / landmarks
        assert (ours - theirs).abs().max() <= 1e-4 * theirs.max()


def project_by_the_release(reference, pose):
    """Step 0 by the released functions, normalised coordinates."""
    from spiga.models.gnn.pose_proj import (euler_to_rotation_matrix,
                                            projectPoints)
    _, head, camera = reference_network.inputs(reference,
                                               torch.empty(len(pose)))
    rotation = euler_to_rotation_matrix(pose[:, :3].clone())
    return projectPoints(head, rotation, pose[:, 3:], camera) / 64


def test_sizes_are_the_published_ones(released):
    """63.44 M at 98 landmarks, of which 4.21 M are skips that never run."""
    reference = reference_network.build(98)
    total = sum(parameter.numel() for parameter in reference.parameters())
    assert total == pytest.approx(63.44e6, abs=5e3)
    converted = convert(released)
    # Every released number but the dead skips and the constants.
    dead = sum(module.skip_layer.conv.weight.numel()
               for module in reference.modules()
               if getattr(module, 'need_skip', None) is False)
    assert dead == pytest.approx(4.21e6, abs=5e3)
    constant = sum(parameter.numel() for parameter in reference.parameters()
                   if not parameter.requires_grad)
    ours = sum(value.numel() for name, value in converted.items()
               if 'running_' not in name and 'num_batches' not in name
               and name != 'head.trained' and '.attention.3.' not in name)
    assert ours == total - dead - constant


def test_every_number_is_used_once(released):
    """Nothing is lost or doubled: the sums agree."""
    marked = {
        name: torch.full_like(value, index + 1, dtype=torch.float64)
        for index, (name, value) in enumerate(released.items())
    }
    converted = convert(marked)
    labels = {float(value.flatten()[0]) for value in converted.values()}
    for name, value in converted.items():
        assert (value == value.flatten()[0]).all() or name == 'head.trained'
    names = list(released)
    unused = [
        name for index, name in enumerate(names) if index + 1 not in labels
    ]
    assert all('skip_layer' in name or 'diagonal' in name or 'theta' in name
               or 'channel' in name or 'E2P' in name for name in unused)


def test_last_maps_are_empty_and_flagged(released):
    converted = convert(released)
    for kind in ('points', 'edges', 'maps'):
        name = f'backbone.attention.3.{kind}.weight'
        assert (converted[name] == 0).all()
    assert converted['head.trained'].tolist() == [0, 1, 1]


def test_input_is_not_changed_nor_shared(released):
    name = 'visual_cnn.pre.1.conv.weight'
    before = released[name].clone()
    converted = convert(released)
    converted['backbone.stem.1.0.weight'].zero_()
    torch.testing.assert_close(released[name], before)


def test_number_of_landmarks(released):
    converted = convert(released)
    points = converted['backbone.attention.0.points.weight']
    assert len(points) == load_landmark_set('wflw_98').num_landmarks


class TestRefuses:

    def test_unknown_number_of_landmarks(self, released):
        name = 'visual_cnn.outs_points.0.0.conv.weight'
        changed = dict(released, **{name: torch.zeros(29, 256, 1, 1)})
        with pytest.raises(ValueError, match=r'29 landmarks.*\[68, 98\]'):
            convert(changed)

    def test_missing_key(self, released):
        changed = dict(released)
        del changed['gcn.1.gat.2.attention.attn.merge.bias']
        with pytest.raises(
                ValueError,
                match=r'missing gcn\.1\.gat\.2\.attention\.attn\.merge\.bias'):
            convert(changed)

    def test_unknown_key(self, released):
        changed = dict(released, classifier=torch.zeros(3))
        with pytest.raises(ValueError, match='unknown classifier'):
            convert(changed)

    @pytest.mark.parametrize('wrong', [
        {
            'pose_fc.weight': torch.zeros(6, 128),
            'pose_fc.bias': [0.] * 6,
            'visual_cnn.pre.1.conv.weight': torch.zeros(64, 3, 7, 7),
            'conv_window.0.weight': torch.zeros(512, 256, 5, 5),
            'conv_window.1.weight': torch.zeros(512),
        },
        {
            'pose_fc.bias': torch.tensor(0.),
            'gcn.0.gat.0.attention.attn.proj.0.weight': torch.zeros(
                511, 512, 1),
            'gcn.0.gat.0.attention.attn.proj.1.bias': torch.zeros(511),
            'gcn.2.gat.1.attention.attn.merge.weight': torch.zeros(256),
        },
    ])
    def test_wrong_shapes(self, released, wrong):
        with pytest.raises(ValueError, match='shapes differ') as error:
            convert({**released, **wrong})
        for key in wrong:
            assert key in str(error.value)
        assert str(error.value).count('expected (') == len(wrong)

    @pytest.mark.parametrize('content', [
        {},
        dict(state_dict={}),
        {
            'visual_cnn.outs_points.0.0.conv.weight': 98
        },
        {
            'visual_cnn.outs_points.0.0.conv.weight': torch.tensor(98.)
        },
    ])
    def test_something_else(self, content):
        with pytest.raises(ValueError, match='not a released SPIGA'):
            convert(content)
