"""Coordinate channels, residuals and the hourglass."""
import pytest
import torch

from spiga_mmpose.models.layers import (AddCoords, Hourglass, Residual,
                                        conv_bn_relu, deconv_bn_relu)


def test_coordinate_channels_by_hand():
    """The release's: the first one varies along the rows."""
    out = AddCoords(3)(torch.zeros(2, 3, 3, 3))
    assert out.shape == (2, 6, 3, 3)
    line = torch.tensor([-1., 0, 1])
    torch.testing.assert_close(out[1, 3], line[:, None].expand(3, 3))
    torch.testing.assert_close(out[1, 4], line[None].expand(3, 3))
    assert out[0, 5, 0, 0] == pytest.approx((1.5**2 + 1.5**2)**0.5)
    assert out[0, 5, 2, 0] == pytest.approx((0.5**2 + 1.5**2)**0.5)


def test_coordinate_channels_are_the_releases():
    release = pytest.importorskip('spiga.models.cnn.coord_conv')
    image = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(
        AddCoords(32)(image),
        release.AddCoordsTh(32, 32, with_r=True)(image))


def test_constants_are_not_in_checkpoints():
    assert not AddCoords(8).state_dict()


@pytest.mark.parametrize('channels', [(8, 8), (8, 16)])
def test_residual_keeps_the_size(channels):
    layer = Residual(*channels)
    assert layer(torch.rand(2, 8, 5, 5)).shape == (2, channels[1], 5, 5)
    # A skip that would never run is not there.
    has_skip = isinstance(layer.skip, torch.nn.Conv2d)
    assert has_skip == (channels[0] != channels[1])


def test_residual_adds_to_its_input():
    layer = Residual(8, 8)
    torch.nn.init.zeros_(layer.conv3.weight)
    x = torch.rand(2, 8, 5, 5)
    torch.testing.assert_close(layer(x), x)
    assert (x >= 0).all()  # the input is not written to


def test_down_and_up():
    x = torch.rand(2, 4, 8, 8)
    down = conv_bn_relu(4, 4, 2, 2)(x)
    assert down.shape == (2, 4, 4, 4)
    assert deconv_bn_relu(4)(down).shape == x.shape


@pytest.mark.parametrize('depth,cells', [(1, 8), (2, 4), (4, 1)])
def test_hourglass_gives_its_bottleneck(depth, cells):
    out, bottleneck = Hourglass(depth, 8)(torch.rand(2, 8, 16, 16))
    assert out.shape == (2, 8, 16, 16)
    assert bottleneck.shape == (2, 8, cells, cells)


def test_convolutions_have_no_bias():
    for module in Hourglass(2, 8).modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
            assert module.bias is None
