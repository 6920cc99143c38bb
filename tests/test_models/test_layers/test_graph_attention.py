"""Graph attention: rows are distributions, messages are what they say."""
import pytest
import torch

from spiga_mmpose.models.layers import GATLayer, MultiHeadAttention, mlp

B, L, C, HEADS = 2, 6, 8, 4


@pytest.fixture(params=[True, False])
def attention(request):
    torch.manual_seed(0)
    return MultiHeadAttention(C, HEADS, request.param)


def test_rows_of_the_attention_sum_to_one(attention):
    message, weights = attention(torch.randn(B, L, C) * 5)
    assert message.shape == (B, L, C)
    assert weights.shape == (B, HEADS, L, L)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(B, HEADS, L))


def test_self_message(attention):
    _, weights = attention(torch.randn(B, L, C))
    diagonal = weights.diagonal(dim1=-2, dim2=-1)
    if attention.self_message:
        assert (diagonal > 0).all()
    else:
        assert (diagonal == 0).all()
        assert (weights + torch.eye(L) > 0).all()  # and only the diagonal


def test_message_by_a_loop(attention):
    """Landmark by landmark and head by head."""
    x = torch.randn(1, L, C)
    message, weights = attention(x)
    q, k, v = (
        layer(x[0])
        for layer in (attention.query, attention.key, attention.value))
    size = C // HEADS
    rows = []
    for i in range(L):
        heads = []
        for h in range(HEADS):
            part = slice(h * size, (h + 1) * size)
            others = [j for j in range(L) if attention.self_message or j != i]
            scores = torch.stack(
                [q[i, part] @ k[j, part] / size**0.5 for j in others])
            share = scores.softmax(0)
            torch.testing.assert_close(share, weights[0, h, i, others])
            heads.append(sum(s * v[j, part] for s, j in zip(share, others)))
        rows.append(torch.cat(heads))
    torch.testing.assert_close(message[0], attention.merge(torch.stack(rows)))


def test_order_of_the_landmarks_does_not_matter(attention):
    x = torch.randn(B, L, C)
    order = torch.randperm(L)
    message, weights = attention(x)
    shuffled, shuffled_weights = attention(x[:, order])
    torch.testing.assert_close(shuffled, message[:, order])
    torch.testing.assert_close(shuffled_weights, weights[:, :, order][...,
                                                                      order])


def test_heads_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match='3 attention heads.*8 channels'):
        MultiHeadAttention(8, 3, True)


@pytest.mark.parametrize('out_channels', [C, 12])
def test_layer_by_hand(out_channels):
    """f + MLP([f || message]), with a linear where the width changes."""
    torch.manual_seed(0)
    layer = GATLayer(C, out_channels, HEADS, True).eval()
    x = torch.randn(B, L, C)
    found, weights = layer(x)
    message, expected_weights = layer.attention(x)
    torch.testing.assert_close(weights, expected_weights)
    expected = torch.stack([
        layer.skip(x[b]) + layer.update(torch.cat([x[b], message[b]], -1))
        for b in range(B)
    ])
    assert found.shape == (B, L, out_channels)
    torch.testing.assert_close(found, expected)
    assert isinstance(layer.skip, torch.nn.Identity) == (out_channels == C)


def test_mlp_has_norm_and_relu_but_at_the_end():
    layers = mlp([3, 5, 7, 2])
    kinds = [type(layer).__name__ for layer in layers]
    assert kinds == ['Linear', 'BatchNorm1d', 'ReLU'] * 2 + ['Linear']
    assert layers(torch.randn(4, 3)).shape == (4, 2)
