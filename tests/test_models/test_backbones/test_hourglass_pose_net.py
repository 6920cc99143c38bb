"""HourglassPoseNet: shapes, names, options, and a place in MMPose."""
import pytest
import small_models
import torch
from mmpose.registry import MODELS

from spiga_mmpose.models.backbones import HourglassFeatures, HourglassPoseNet
from spiga_mmpose.models.backbones.hourglass_pose_net import AttentionMaps

SIZE, CHANNELS, CELLS = small_models.SIZE, small_models.CHANNELS, 16


def run(training=False, images=2, **changes):
    torch.manual_seed(0)
    config = small_models.backbone(**changes)
    model = MODELS.build(config)
    model.train(training)
    size = config['input_size']
    return model(torch.rand(images, 3, size, size))


@pytest.mark.parametrize('name,points,edges', [('wflw_98', 98, 15),
                                               ('300w_68', 68, 13)])
@pytest.mark.parametrize('stacks', [1, 3])
def test_shapes_and_no_nan(name, points, edges, stacks):
    feats = run(landmark_set=name, num_stacks=stacks, training=True)
    assert isinstance(feats, HourglassFeatures) and isinstance(feats, tuple)
    shapes = dict(points=points, edges=edges, heatmaps=points)
    for maps, channels in [(feats, CHANNELS)] + [
        (getattr(feats, key), count) for key, count in shapes.items()
    ]:
        assert len(maps) == stacks
        for one in maps:
            assert one.shape == (2, channels, CELLS, CELLS)
            assert torch.isfinite(one).all()
    assert [pose.shape for pose in feats.poses] == [(2, 6)] * stacks
    for maps in feats.points + feats.edges:
        assert (maps > 0).all() and (maps < 1).all()


def test_evaluation_computes_only_the_last_pose():
    assert len(run(num_stacks=3).poses) == 1


def test_last_pose_is_the_same_in_evaluation_and_training():
    """With the same BatchNorm statistics the modes agree on it."""
    model = small_models.build(small_models.backbone())
    image = torch.rand(2, 3, SIZE, SIZE)
    expected = model(image).poses[-1]
    model.training = True  # the children stay in evaluation mode
    poses = model(image).poses
    assert len(poses) == 2
    torch.testing.assert_close(poses[-1], expected)


def test_later_stacks_see_the_earlier_ones():
    """The first stack's maps change the last stack's field."""
    model = small_models.build(small_models.backbone())
    image = torch.rand(1, 3, SIZE, SIZE)
    before = model(image)
    with torch.no_grad():
        model.attention[0].maps.weight.mul_(3)
    after = model(image)
    torch.testing.assert_close(after[0], before[0])
    assert not torch.allclose(after[1], before[1])


@pytest.mark.parametrize('shared', [True, False])
def test_pose_layers(shared):
    model = MODELS.build(
        small_models.backbone(num_stacks=3, shared_pose_layer=shared))
    assert len(model.pose_layers) == (1 if shared else 3)
    feats = model(torch.rand(2, 3, SIZE, SIZE))
    assert len(feats.poses) == 3
    sum(pose.sum() for pose in feats.poses).backward()
    assert all((layer.weight.grad != 0).any() for layer in model.pose_layers)


def test_pose_starts_at_a_face_in_its_crop():
    """Far from a depth of 0, where the projection breaks down."""
    model = small_models.build(small_models.backbone())
    poses = model(torch.rand(2, 3, SIZE, SIZE)).poses[-1]
    assert (poses[:, 5] > 1.5).all() and (poses[:, 5] < 6).all()
    assert poses[:, :3].abs().max() < 10


@pytest.mark.parametrize('depth,input_size,bottleneck',
                         [(3, 64, 2), (4, 64, 1), (2, 96, 6), (1, 64, 8)])
def test_depth(depth, input_size, bottleneck):
    """3 is the paper's text, 4 the release; any bottleneck ends at 1 x 1."""
    feats = run(
        training=True, depth=depth, input_size=input_size, num_stacks=1)
    assert feats[0].shape[-1] == input_size // 4
    assert feats.poses[0].shape == (2, 6)
    model = HourglassPoseNet(
        input_size=input_size,
        num_stacks=1,
        channels=8,
        stem_channels=(4, 4),
        depth=depth)
    model.eval()
    _, core = model.hourglasses[0](
        torch.rand(1, 8, input_size // 4, input_size // 4))
    assert core.shape[-1] == bottleneck


@pytest.mark.parametrize('changes,message', [
    (dict(input_size=100), 'input_size=100 with depth=2: expected a multiple '
     'of 16'),
    (dict(input_size=64, depth=5), 'input_size=64 with depth=5'),
    (dict(depth=0), 'depth must be at least 1, found 0'),
    (dict(num_stacks=0), 'num_stacks must be at least 1, found 0'),
    (dict(landmark_set='wflw_97'), 'wflw_97'),
])
def test_wrong_options_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(small_models.backbone(**changes))


def test_unknown_option_is_named():
    with pytest.raises(TypeError, match='HourglassPoseNet.*num_stakcs'):
        MODELS.build(small_models.backbone(num_stakcs=4))


def test_wrong_input_size_is_named():
    model = MODELS.build(small_models.backbone())
    with pytest.raises(ValueError, match=r'64 x 64 px, found \(96, 96\)'):
        model(torch.rand(1, 3, 96, 96))


def test_train_returns_the_model():
    model = MODELS.build(small_models.backbone())
    assert model.eval() is model and not model.training
    assert model.train() is model and model.training


def test_checkpoint_holds_weights_alone():
    """No constant of the architecture, so that they can change."""
    model = MODELS.build(small_models.backbone())
    buffers = [
        name for name in model.state_dict()
        if name not in dict(model.named_parameters())
    ]
    assert buffers
    assert all(
        name.endswith(('running_mean', 'running_var', 'num_batches_tracked'))
        for name in buffers)


class TestAttentionMaps:

    def test_mask_by_hand(self):
        """Sum of the edges that a landmark lies on, at most 1; none: 1."""
        incidence = torch.tensor([[1., 0], [1, 1], [0, 0]])
        layer = AttentionMaps(4, incidence)
        field = torch.randn(2, 4, 3, 3)
        points, edges, heatmaps = layer(field)
        raw = layer.maps(field)
        mask = heatmaps / (raw * points)
        torch.testing.assert_close(mask[:, 0], edges[:, 0])
        torch.testing.assert_close(mask[:, 1], edges.sum(1).clamp(max=1))
        torch.testing.assert_close(mask[:, 2], torch.ones(2, 3, 3))

    def test_saturates_at_one(self):
        layer = AttentionMaps(1, torch.tensor([[1., 1]]))
        torch.nn.init.constant_(layer.edges.weight, 9)
        field = torch.ones(1, 1, 2, 2)
        points, edges, heatmaps = layer(field)
        assert (edges.sum(1) > 1.9).all()
        torch.testing.assert_close(heatmaps, layer.maps(field) * points)

    def test_table_is_not_learnt(self):
        layer = AttentionMaps(4, torch.ones(3, 2))
        assert set(layer.state_dict()) == {
            'points.weight', 'edges.weight', 'maps.weight'
        }


def test_landmark_set_without_edges(tmp_path):
    """A dog's face may have none: no edge maps, no mask."""
    path = tmp_path / 'dog.json'
    path.write_text('{"name": "dog", "num_landmarks": 5}')
    feats = run(landmark_set=str(path), training=True)
    assert feats.edges[-1].shape == (2, 0, CELLS, CELLS)
    assert feats.heatmaps[-1].shape == (2, 5, CELLS, CELLS)
    assert torch.isfinite(feats[-1]).all()


def test_stock_heatmap_head_works_on_it():
    """A tuple of maps, the best last, is all that MMPose's heads want."""
    config = small_models.estimator(
        head=dict(
            type='HeatmapHead',
            in_channels=CHANNELS,
            out_channels=98,
            deconv_out_channels=None,
            loss=dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=dict(
                type='MSRAHeatmap',
                input_size=(SIZE, SIZE),
                heatmap_size=(CELLS, CELLS),
                sigma=1)),
        test_cfg=dict(flip_test=True))
    model = small_models.build(config)
    data = model.data_preprocessor(small_models.batch(2))
    results = model(**data, mode='predict')
    assert results[0].pred_instances.keypoints.shape == (1, 98, 2)
    maps = model(data['inputs'], None, mode='tensor')
    assert maps.shape == (2, 98, CELLS, CELLS)


@pytest.mark.parametrize('config', [
    dict(type='FeatureMapProcessor', select_index=[0, 1], concat=True),
    dict(type='GlobalAveragePooling')
])
def test_stock_necks_take_its_features(config):
    out = MODELS.build(config)(run())
    assert all(torch.isfinite(maps).all() for maps in out)


def test_works_under_autocast():
    model = small_models.build(small_models.backbone())
    image = torch.rand(2, 3, SIZE, SIZE)
    expected = model(image)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = model(image)
    assert found[-1].dtype == torch.bfloat16
    scale = expected[-1].abs().max()
    assert (found[-1].float() - expected[-1]).abs().max() < 0.1 * scale


def test_default_has_the_releases_size():
    """RECIPE: 29.68 M in the release's backbone, which hold 4.21 M of skips
    that never run and 0.14 M of constants, and not the fourth set of maps
    nor the pose layer. The parity test compares weight by weight."""
    model = HourglassPoseNet()
    count = sum(parameter.numel() for parameter in model.parameters())
    for extra in (model.pose_layers, model.attention[-1]):
        count -= sum(parameter.numel() for parameter in extra.parameters())
    constants = 2 * 256 * 256 + 64 * 64 + 98 * 16
    assert count == pytest.approx(29.68e6 - 4.21e6 - constants, abs=1e4)


def test_recomputed_activations_train_the_same():
    """Outputs, gradients and BatchNorm statistics of two steps."""
    plain = small_models.build(small_models.backbone())
    saving = small_models.build(small_models.backbone(with_cp=True))
    image = torch.rand(2, 3, SIZE, SIZE)
    for model in (plain, saving):
        model.train()
        for _ in range(2):
            feats = model(image)
            loss = sum(f.square().mean() for f in feats)
            loss = loss + sum(pose.square().mean() for pose in feats.poses)
            loss.backward()
    gradients = dict(plain.named_parameters())
    used = 0
    for name, parameter in saving.named_parameters():
        if gradients[name].grad is None:
            assert parameter.grad is None, name
            continue
        torch.testing.assert_close(parameter.grad, gradients[name].grad)
        used += 1
    assert used > 100
    state = saving.state_dict()
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(state[name], value, rtol=1e-6, atol=1e-7)
    assert state['hourglasses.0.skip.bn1.num_batches_tracked'] == 2
