"""The authors' network (PyPI ``spiga`` 0.0.6), to measure ours against."""
import os.path as osp
from typing import Callable, Tuple

import numpy as np
import torch
from torch.optim.swa_utils import update_bn

from spiga_mmpose.engine.release_weights import convert
from spiga_mmpose.geometry import FOCAL_RATIO, FRONTAL_POSE
from spiga_mmpose.landmark_sets import load_landmark_set

_MAP = 64  # side of its feature maps, in whose cells its camera is
# Of the random pose, so that head and landmarks stay in the crop.
_POSE_SHARE = 0.1


def _build() -> Tuple[torch.nn.Module, Callable]:
    from spiga.models.spiga import SPIGA
    landmark_set = load_landmark_set('wflw_98')
    network = SPIGA(landmark_set.num_landmarks, landmark_set.num_edges)
    head = torch.tensor(landmark_set.head_model, dtype=torch.float32)
    focal, centre = _MAP * FOCAL_RATIO, _MAP / 2
    camera = torch.tensor([[focal, 0, centre], [0, focal, centre], [0, 0, 1]])

    def inputs(crops):
        images = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
        each = len(crops), -1, -1
        return [images.contiguous(), head.expand(each), camera.expand(each)]

    return network.eval(), inputs


def open_authors(path: str) -> Callable:
    network, inputs = _build()
    network.load_state_dict(torch.load(path, weights_only=True))

    def predict(crops):
        with torch.inference_mode():
            return network(inputs(crops))['Landmarks'][-1].numpy()

    return predict


@torch.no_grad()
def write_random_weights(crops: np.ndarray, folder: str) -> Tuple[str, str]:
    """Write random weights of the authors' network, and the same for ours.

    The statistics of BatchNorm are those of the crops, so that no signal dies
    out on its way, and the pose is near the frontal one.
    """
    torch.manual_seed(0)
    network, inputs = _build()
    network.pose_fc.bias.copy_(torch.tensor(FRONTAL_POSE))
    network.pose_fc.weight.mul_(_POSE_SHARE)
    update_bn([(inputs(crops), )], network)
    for norm in network.modules():
        if isinstance(norm, torch.nn.modules.batchnorm._BatchNorm):
            # Channels that hardly vary would blow rounding errors up.
            norm.running_var.add_(norm.running_var.mean())
    theirs, ours = osp.join(folder, 'spiga.pt'), osp.join(folder, 'ours.pth')
    torch.save(network.state_dict(), theirs)
    torch.save(dict(state_dict=convert(network.state_dict())), ours)
    return theirs, ours
