"""A small network whose every part moves the result, and files of it."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.structures import PoseDataSample
from tiny_model import POSE, tiny_config

from spiga_mmpose.apis import load_model

SIZE = 64


@pytest.fixture(scope='session')
def files(tmp_path_factory):
    """Paths of its config and checkpoint."""
    from mmpose.apis import init_model
    folder = tmp_path_factory.mktemp('model')
    config, checkpoint = str(folder / 'small.py'), str(folder / 'small.pth')
    tiny_config().dump(config)
    torch.manual_seed(0)  # of the initial weights
    model = init_model(Config.fromfile(config), device='cpu')
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            # As after a training; zeros and ones fold into nothing.
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.2, 0.2)
    # The pose is to differ from crop to crop, whatever the statistics.
    for layer in model.backbone.pose_layers:
        layer.weight.data.normal_(0, 1)
        layer.bias.data.copy_(torch.tensor(POSE))
    for step in model.head.steps:
        step.offset[-1].weight.data.mul_(2)
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    return config, checkpoint


@pytest.fixture(scope='session')
def model(files):
    """The network; nobody may change it."""
    return load_model(*files, 'cpu')


@pytest.fixture(scope='session')
def crops():
    """(5, SIZE, SIZE, 3) uint8: coarse patches, since fine noise looks the
    same to the network in all of them."""
    patches = np.random.default_rng(0).integers(
        0, 256, (5, 4, 4, 3), dtype=np.uint8)
    return patches.repeat(SIZE // 4, 1).repeat(SIZE // 4, 2)


@pytest.fixture(scope='session')
def expected(model, crops):
    """What the network itself says of the crops."""
    with torch.no_grad():
        steps, pose, scores = model(
            preprocessed(model, crops), None, mode='tensor')
    assert steps.diff(dim=1).abs().amax((0, 2, 3)).min() > 0.001
    assert pose.std(0).min() > 1e-4
    return dict(
        steps=steps.numpy(), pose=pose.numpy(), scores=scores.numpy())


@pytest.fixture(scope='session')
def tool(load_tool):
    """The module tools/deployment/export.py."""
    return load_tool('deployment', 'export.py')


def exported(tool, files, folder, name, *options):
    """Path of a file that the tool wrote."""
    for package in ('onnx', 'onnxscript', 'onnxruntime', 'openvino'):
        pytest.importorskip(package, reason=f'needs {package}: pip install '
                            '-r requirements/deploy.txt')
    path = str(folder / name)
    kind = 'onnx' if name.endswith('.onnx') else 'openvino'
    assert tool.main([*files, '--format', kind, '--out', path, *options]) == 0
    return path


@pytest.fixture(scope='session')
def onnx_file(tool, files, tmp_path_factory):
    """An ONNX file for any number of faces, with attention."""
    folder = tmp_path_factory.mktemp('onnx')
    return exported(tool, files, folder, 'small.onnx', '--attention')


@pytest.fixture(scope='session')
def bf16_file(tool, files, tmp_path_factory):
    """An OpenVINO file in bf16, for any number of faces."""
    folder = tmp_path_factory.mktemp('openvino')
    return exported(tool, files, folder, 'small.xml', '--precision', 'bf16')


@pytest.fixture(scope='session')
def fixed_file(tool, files, tmp_path_factory):
    """An OpenVINO file for two faces a call."""
    folder = tmp_path_factory.mktemp('fixed')
    return exported(tool, files, folder, 'fixed.xml', '--batch', '2')


def preprocessed(model, crops):
    """Input of a network, as its own preprocessor makes it."""
    inputs = list(torch.from_numpy(crops).permute(0, 3, 1, 2))
    samples = [PoseDataSample() for _ in inputs]
    return model.data_preprocessor(
        dict(inputs=inputs, data_samples=samples))['inputs']


def pixels(found, wanted):
    """Largest distance of two sets of steps, px of a crop of 256."""
    distance = np.linalg.norm(found['steps'] - wanted['steps'], axis=-1)
    return distance.max() * 256
