"""The released network (PyPI spiga 0.0.6) with weights that show errors."""
import pytest
import torch
import torch.nn.functional as F

from spiga_mmpose.engine.release_weights import LANDMARK_SETS as SETS
from spiga_mmpose.landmark_sets import load_landmark_set

# Of the release, in cells of its 64 x 64 map.
CAMERA = [[96., 0, 32], [0, 96, 32], [0, 0, 1]]


def build(landmarks: int):
    """The network as PyTorch initialises it; skips without the package."""
    spiga = pytest.importorskip('spiga.models.spiga')
    torch.manual_seed(landmarks)
    edges = load_landmark_set(SETS[landmarks]).num_edges
    return spiga.SPIGA(num_landmarks=landmarks, num_edges=edges).eval()


def images(count: int = 2):
    """Smooth random crops, (count, 3, 256, 256)."""
    torch.manual_seed(1)
    small = torch.rand(count, 3, 24, 24)
    return F.interpolate(small, size=256, mode='bicubic')


def inputs(network, crops):
    """What the released network wants: crops, head models, cameras."""
    head = load_landmark_set(SETS[network.num_landmarks]).head_model
    head = torch.tensor(head, dtype=torch.float32)
    return [
        crops,
        head.expand(len(crops), -1, -1),
        torch.tensor(CAMERA).expand(len(crops), -1, -1)
    ]


@torch.no_grad()
def spread(network, crops):
    """Make every part count, and keep rounding errors small.

    Fresh weights give every landmark the same features: attention is uniform
    and a wrong order of heads or channels would not show. So BatchNorm gets
    the statistics of the crops, moved and stretched at random, and queries,
    keys, offsets and pose larger weights.
    """
    norms = [
        module for module in network.modules()
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d))
    ]
    for norm in norms:
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.normal_(0, 0.3)
        norm.momentum = 1.
    network.pose_fc.bias.copy_(torch.tensor([10., -5, 3, 0.1, 0.1, 3]))
    for regressor in network.gcn:
        for gat in regressor.gat:
            for projection in gat.attention.attn.proj[:2]:
                projection.weight.mul_(5)
        for parameter in regressor.decoder.decoder[-1].parameters():
            parameter.mul_(3)
    network.train()
    network(inputs(network, crops))
    network.eval()
    for norm in norms:
        norm.running_var.add_(norm.running_var.mean())
        deviation = norm.running_var.sqrt()
        norm.running_mean.add_(torch.randn_like(deviation) * 0.3 * deviation)
        norm.running_var.mul_(torch.rand_like(deviation) * 1.5 + 0.5)
