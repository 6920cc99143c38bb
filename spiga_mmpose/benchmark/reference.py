"""The authors' network (PyPI ``spiga`` 0.0.6), to measure ours against.

Shape alphabet: B batch, L landmarks.
"""
import importlib.util
import os.path as osp
from typing import Tuple

import numpy as np
import torch
from mmpose.apis import init_model

from spiga_mmpose.engine.release_weights import LANDMARK_SETS, convert
from spiga_mmpose.geometry import CROP_PADDING, FRONTAL_POSE
from spiga_mmpose.landmark_sets import load_landmark_set
from .faces import draw_crops

# Camera of the release, in cells of its 64 x 64 map.
CAMERA = [[96., 0, 32], [0, 96, 32], [0, 0, 1]]
_CALIBRATION_FACES = 8
# Of the random pose, so that head and landmarks stay in the crop.
_POSE_SHARE = 0.1


def build(landmarks: int) -> torch.nn.Module:
    """The package's network for 98 or 68 landmarks, as PyTorch initialises
    it."""
    from spiga.models.spiga import SPIGA
    curves = load_landmark_set(LANDMARK_SETS[landmarks]).num_curves
    return SPIGA(num_landmarks=landmarks, num_edges=curves).eval()


class Reference:
    """The package's network on crops, in float32, as it is.

    Args:
        path (str): Its weights, of :func:`write_random_weights`.
    """

    def __init__(self, path: str) -> None:
        state = torch.load(path, weights_only=True)
        landmarks = len(state['visual_cnn.outs_points.0.0.conv.weight'])
        self.network = build(landmarks)
        self.network.load_state_dict(state)
        head = load_landmark_set(LANDMARK_SETS[landmarks]).head_model
        self._head = torch.tensor(head, dtype=torch.float32)

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """(B, 256, 256, 3) uint8, BGR, to landmarks (B, L, 2), unit."""
        with torch.inference_mode():
            return self.forward(crops)['Landmarks'][-1].numpy()

    def forward(self, crops: np.ndarray) -> dict:
        """All that the package's network gives of such crops."""
        images = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
        count = len(crops)
        return self.network([
            images.contiguous(),
            self._head.expand(count, -1, -1),
            torch.tensor(CAMERA).expand(count, -1, -1)
        ])


def write_random_weights(config: str, folder: str) -> Tuple[str, str]:
    """Random weights of the authors' network, and the same for ours.

    As untrained ones go they are close to trained ones where it counts: the
    statistics of BatchNorm are those of drawn faces, so that no signal dies
    out on its way, and the pose is near the frontal one.

    Args:
        config (str): Path of a config with the network of the release.
        folder (str): Where to write both files.

    Returns:
        tuple[str, str]: Paths of the checkpoint for the config and of the
        state dict for :class:`Reference`.

    Raises:
        ValueError: If the package is missing or the config has another
            network than the release.
    """
    if importlib.util.find_spec('spiga') is None:
        raise ValueError(
            'random weights are those of the PyPI package spiga, which is '
            'not installed: pip install --no-deps spiga==0.0.6, or give a '
            'checkpoint')
    torch.manual_seed(0)
    model = init_model(config, device='cpu')
    name = model.head.landmark_set.name
    landmarks = {v: k for k, v in LANDMARK_SETS.items()}.get(name)
    network = None if landmarks is None else build(landmarks)
    if network is None or _shapes(convert(network.state_dict())) != _shapes(
            model.state_dict()):
        raise ValueError(
            f'{config}: not the network of the authors, as '
            'configs/spiga_wflw.py and configs/spiga_300w.py are, whose '
            'random weights are taken: give its checkpoint, too')
    ours, theirs = (
        osp.join(folder, file) for file in ('random.pth', 'released.pt'))
    torch.save(network.state_dict(), theirs)
    reference = Reference(theirs)
    crops = draw_crops(model, _CALIBRATION_FACES).images
    _settle(reference, crops)
    _centre(reference, crops[:1])
    state = reference.network.state_dict()
    torch.save(state, theirs)
    torch.save(dict(state_dict=convert(state)), ours)
    return ours, theirs


def _shapes(state: dict) -> dict:
    return {name: value.shape for name, value in state.items()}


@torch.no_grad()
def _settle(reference: Reference, crops: np.ndarray) -> None:
    """Statistics of the crops into BatchNorm, and a frontal pose."""
    network = reference.network
    network.pose_fc.bias.copy_(torch.tensor(FRONTAL_POSE))
    network.pose_fc.weight.mul_(_POSE_SHARE)
    norms = [
        module for module in network.modules()
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)
    ]
    for norm in norms:
        norm.momentum = 1.
    network.train()
    reference.forward(crops)
    network.eval()
    for norm in norms:
        # Channels that hardly vary would blow rounding errors up.
        norm.running_var.add_(norm.running_var.mean())


@torch.no_grad()
def _centre(reference: Reference, crops: np.ndarray) -> None:
    """Landmarks into the middle of the crop, at the size of a face.

    A face that a video is searched for by its own landmarks then stays where
    it is, as with a trained network.
    """
    network = reference.network
    # The first step may move the farthest: the others would be at their limit.
    offset = network.gcn[0].decoder.decoder[-1]
    for _ in range(3):
        low, high = _box(reference, crops)
        network.pose_fc.bias[5] *= float((high - low).max() * CROP_PADDING)
        low, high = _box(reference, crops)
        offset.bias += (0.5 - (low + high) / 2) / network.offset_ratio[0]


def _box(reference: Reference, crops: np.ndarray) -> torch.Tensor:
    """(2, 2) mean corners of the landmark boxes, unit."""
    landmarks = torch.tensor(reference(crops))
    return torch.stack([landmarks.amin(1).mean(0), landmarks.amax(1).mean(0)])
