"""One step: displacements, bounded offsets, and the paper's variants."""
import math

import pytest
import torch

from spiga_mmpose.models.heads.cascade_step import CascadeStep

L, C = 5, 8


def step(**changes):
    torch.manual_seed(0)
    options = dict(
        in_channels=C,
        num_landmarks=L,
        window=0.25,
        window_samples=3,
        embed_channels=16,
        position_channels=(12, ),
        gat_channels=8,
        num_gats=3,
        num_heads=4,
        offset_channels=(6, ),
        position='add',
        shared_attention=False,
        self_message=True,
        two_convs=False,
        offset_activation='hardtanh')
    return CascadeStep(**dict(options, **changes)).eval()


def test_displacements_by_hand():
    """From every other landmark, in their order."""
    points = torch.rand(2, L, 2)
    found = step().displacements(points)
    assert found.shape == (2, L, 2 * (L - 1))
    for i in range(L):
        others = [j for j in range(L) if j != i]
        expected = torch.cat([points[:, i] - points[:, j] for j in others], 1)
        torch.testing.assert_close(found[:, i], expected)


def test_displacements_do_not_see_a_shift():
    points = torch.rand(2, L, 2)
    torch.testing.assert_close(step().displacements(points + 0.3),
                               step().displacements(points))


@pytest.mark.parametrize('activation', ['hardtanh', 'arctan'])
@pytest.mark.parametrize('window', [0.25, 0.0625])
def test_offsets_stay_within_half_the_window(activation, window):
    layer = step(offset_activation=activation, window=window)
    with torch.no_grad():
        layer.offset[-1].weight.mul_(1e4)
    offsets, _ = layer(torch.rand(2, C, 16, 16) * 9, torch.rand(2, L, 2))
    assert offsets.shape == (2, L, 2)
    assert offsets.abs().max() <= window / 2
    assert offsets.abs().max() > 0.98 * window / 2


@pytest.mark.parametrize('raw,hardtanh,arctan', [
    (0., 0., 0.),
    (0.5, 0.5, 2 / math.pi * math.atan(0.5)),
    (-3., -1., 2 / math.pi * math.atan(-3)),
])
def test_activation_by_hand(raw, hardtanh, arctan):
    for activation, expected in (('hardtanh', hardtanh), ('arctan', arctan)):
        layer = step(offset_activation=activation, window=0.5)
        with torch.no_grad():
            layer.offset[-1].weight.zero_()
            layer.offset[-1].bias.fill_(raw)
        offsets, _ = layer(torch.rand(1, C, 16, 16), torch.rand(1, L, 2))
        torch.testing.assert_close(offsets,
                                   torch.full((1, L, 2), expected * 0.25))


@pytest.mark.parametrize('self_message', [True, False])
@pytest.mark.parametrize('two_convs', [True, False])
def test_variants_of_the_paper(self_message, two_convs):
    layer = step(self_message=self_message, two_convs=two_convs)
    offsets, attentions = layer(torch.rand(2, C, 16, 16), torch.rand(2, L, 2))
    assert torch.isfinite(offsets).all()
    assert [a.shape for a in attentions] == [(2, 4, L, L)] * 3
    for attention in attentions:
        torch.testing.assert_close(attention.sum(-1), torch.ones(2, 4, L))
        diagonal = attention.diagonal(dim1=-2, dim2=-1)
        assert (diagonal > 0).all() == self_message
        if not self_message:
            assert (diagonal == 0).all()


def test_two_convs_are_7x7_then_1x1():
    """Supplementary 1.2: to C channels first, then to the embedding."""
    shapes = [
        tuple(p.shape) for p in step(two_convs=True).visual.parameters()
        if p.ndim == 2
    ]
    assert shapes == [(C, C * 9), (16, C)]
    assert tuple(step().visual.weight.shape) == (16, C * 9)


def test_one_convolution_is_a_convolution():
    """The linear layer on windows equals a convolution over a cut-out."""
    layer = step(window=0.25)
    field = torch.rand(1, C, 12, 12)  # a window of 3 cells, 3 samples: whole
    cell = torch.tensor([[[5., 7]]])
    conv = torch.nn.Conv2d(C, 16, 3)
    with torch.no_grad():
        conv.weight.copy_(layer.visual.weight.view(16, C, 3, 3))
        conv.bias.copy_(layer.visual.bias)
    from spiga_mmpose.models.layers import sample_windows
    windows = sample_windows(field, cell / 12, 0.25, 3)
    torch.testing.assert_close(
        layer.visual(windows)[0, 0],
        conv(field[:, :, 6:9, 4:7])[0, :, 0, 0],
        atol=1e-5,
        rtol=1e-4)


def test_offsets_depend_on_features_and_on_shape():
    layer = step()
    field, points = torch.rand(1, C, 16, 16), torch.rand(1, L, 2)
    offsets, _ = layer(field, points)
    assert not torch.allclose(layer(field.flip(-1), points)[0], offsets)
    # The field is the same everywhere: only the shape can tell them apart.
    flat = torch.ones(1, C, 16, 16)
    one, _ = layer(flat, points)
    assert not torch.allclose(layer(flat, points * 0.5)[0], one)
    torch.testing.assert_close(
        layer(flat, points * 0.5 + 0.2)[0],
        layer(flat, points * 0.5)[0])


def test_under_autocast_offsets_are_fp32():
    layer = step()
    field, points = torch.rand(1, C, 16, 16), torch.rand(1, L, 2)
    expected, _ = layer(field, points)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found, _ = layer(field, points)
    assert found.dtype == torch.float32
    assert (found - expected).abs().max() < 0.01


def test_without_position_only_the_windows_count():
    """On a field that is the same everywhere all landmarks move alike."""
    layer = step(position='none')
    flat = torch.ones(1, C, 16, 16)
    one, _ = layer(flat, torch.rand(1, L, 2))
    other, _ = layer(flat, torch.rand(1, L, 2))
    torch.testing.assert_close(one, other)


def test_stacked_displacements_by_hand():
    """Table 5: the vector itself, behind the features."""
    layer = step(position='stack')
    assert layer.position is None
    assert layer.stacked.in_features == 16 + 2 * (L - 1)
    seen = []
    layer.stacked.register_forward_pre_hook(lambda _, args: seen.append(*args))
    points = torch.rand(1, L, 2)
    layer(torch.rand(1, C, 16, 16), points)
    torch.testing.assert_close(seen[0][..., 16:], layer.displacements(points))


def test_shared_attention_is_the_first_layers():
    layer = step(shared_attention=True)
    _, attentions = layer(torch.rand(2, C, 16, 16), torch.rand(2, L, 2))
    assert len(attentions) == 3
    assert all(torch.equal(a, attentions[0]) for a in attentions)
    names = [name for name, _ in layer.gats.named_parameters()]
    assert [n for n in names if 'query' in n or 'key' in n] == [
        f'0.attention.{part}.{kind}' for part in ('query', 'key')
        for kind in ('weight', 'bias')
    ]
    _, own = step()(torch.rand(2, C, 16, 16), torch.rand(2, L, 2))
    assert not torch.equal(own[0], own[1])
