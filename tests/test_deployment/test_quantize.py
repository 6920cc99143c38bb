"""int8: what it is calibrated on, what it rounds and what it leaves."""
import copy

import numpy as np
import pytest
from mmengine.config import ConfigDict

from spiga_mmpose.deployment import LandmarkGraph, export_model, open_graph
from spiga_mmpose.deployment.quantize import (_batches, calibration_crops,
                                              heavy_layers)
from .conftest import SIZE, pixels


def config_of(model, **dataset):
    """Config of the small network, with some training faces."""
    config = copy.deepcopy(model.cfg)
    config.train_dataloader.dataset = ConfigDict(
        dict(pipeline=[dict(type='GenerateTarget')], **dataset))
    return config


@pytest.fixture(scope='module')
def config(model):
    return config_of(model, type='SyntheticFaceDataset', num_faces=9)


@pytest.fixture(scope='module')
def int8_file(model, config, tmp_path_factory):
    """Path of a graph for two faces a call."""
    for package in ('onnx', 'onnxscript', 'openvino', 'nncf'):
        pytest.importorskip(package, reason=f'needs {package}: pip install '
                            '-r requirements/deploy.txt')
    model = copy.deepcopy(model)
    model.cfg = config
    path = str(tmp_path_factory.mktemp('int8') / 'small.xml')
    export_model(model, path, 'int8', batch=2, calibration_faces=3)
    return path


class TestCalibrationCrops:

    def test_from_all_over_the_training_faces(self, config):
        crops, words = calibration_crops(config, 3)
        assert words == '3 of 9 faces of SyntheticFaceDataset'
        assert crops.shape == (3, SIZE, SIZE, 3) and crops.dtype == np.uint8
        every, words = calibration_crops(config, 100)
        assert words == '9 of 9 faces of SyntheticFaceDataset'
        np.testing.assert_array_equal(crops, every[[0, 4, 8]])
        assert len({crop.tobytes() for crop in every}) == 9

    def test_no_face(self, config):
        with pytest.raises(ValueError, match='at least 1 face.*found 0'):
            calibration_crops(config, 0)

    def test_a_config_without_training_faces(self, model):
        with pytest.raises(ValueError, match=r"train_dataloader.*\['type'"):
            calibration_crops(model.cfg, 3)

    def test_a_data_set_that_is_not_there(self, model, tmp_path):
        config = config_of(
            model,
            type='CocoFaceDataset',
            data_root=str(tmp_path / 'nowhere'),
            ann_file='a.json')
        with pytest.raises(ValueError, match='nowhere is not there'):
            calibration_crops(config, 3)


def test_heavy_layers_are_outside_of_the_float32_islands(model):
    found = heavy_layers(LandmarkGraph(model, 'int8'))
    backbone = 'estimator.backbone.'
    assert f'{backbone}stem.2.conv1.weight' in found
    assert f'{backbone}hourglasses.0.up.0.0.weight' in found
    assert f'{backbone}stem.1.0.weight' not in found
    assert not [name for name in found if 'pose' in name]
    assert {name for name in found if 'head' in name} == {
        f'estimator.head.steps.{step}.visual.bias' for step in range(3)}


@pytest.mark.parametrize('size,count', [(-1, 5), (1, 5), (2, 3), (7, 1)])
def test_batches_hold_every_crop(size, count):
    openvino = pytest.importorskip('openvino')
    crops = np.arange(5 * 12, dtype=np.uint8).reshape(5, 2, 2, 3)
    batches = _batches(crops, openvino.Dimension(size))
    assert batches.shape == (count, abs(size), 2, 2, 3)
    flat = batches.reshape(-1, 2, 2, 3)
    np.testing.assert_array_equal(flat[:5], crops)
    np.testing.assert_array_equal(flat[5:], crops[:len(flat) - 5])


class TestFile:

    def test_drift(self, int8_file, crops, expected):
        found = open_graph(int8_file)(crops)
        assert 0.01 < pixels(found, expected) < 3
        np.testing.assert_allclose(found['pose'], expected['pose'], atol=1)

    def test_says_what_it_is(self, int8_file):
        info = open_graph(int8_file).info
        assert info.precision == 'int8' and info.batch == 2
        assert info.calibration == '3 of 9 faces of SyntheticFaceDataset'

    def test_bytes_outside_of_the_islands_alone(self, int8_file, model):
        import openvino
        kinds = dict(i8=set(), f32=set())
        windows = 0
        for op in openvino.Core().read_model(int8_file).get_ops():
            if op.get_type_name() not in ('Convolution', 'MatMul',
                                          'ConvolutionBackpropData'):
                continue
            weight = op.input_value(1).get_node()
            while weight.get_input_size():
                weight = weight.input_value(0).get_node()
            kind = weight.get_element_type().to_string()
            if op.get_type_name() != 'MatMul':
                kinds[kind].add(weight.get_friendly_name())
            else:
                windows += kind == 'i8'
        heavy = heavy_layers(LandmarkGraph(model))
        assert windows == 3
        assert 'estimator.backbone.stem.1.0.weight' in kinds['f32']
        assert not kinds['f32'] & heavy
        # Maps that no output needs are not in the file.
        assert 10 < len(kinds['i8']) <= len(heavy)
