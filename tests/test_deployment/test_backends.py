"""Three backends, one call, the same numbers; and broken files."""
import os
import shutil
import warnings

import numpy as np
import pytest

from spiga_mmpose.deployment import (OnnxRuntimeBackend, OpenVINOBackend,
                                     TorchBackend, extras, metadata,
                                     open_graph)
from .conftest import pixels


def same(found, wanted, bound):
    assert pixels(found, wanted) < bound
    np.testing.assert_allclose(found['pose'], wanted['pose'], atol=bound)
    np.testing.assert_allclose(
        found['scores'], wanted['scores'], atol=bound / 10)


@pytest.fixture(scope='module')
def onnx_backend(onnx_file):
    return open_graph(onnx_file, threads=1)


class TestTorch:

    def test_equals_the_model(self, model, crops, expected):
        backend = TorchBackend(model)
        same(backend(crops), expected, 1e-3)
        assert backend.info.outputs == dict(
            steps=[4, 98, 2], pose=[6], scores=[98])


class TestOnnxRuntime:

    @pytest.mark.parametrize('count', [1, 2, 5])
    def test_equals_the_model(self, onnx_backend, crops, expected, count):
        assert isinstance(onnx_backend, OnnxRuntimeBackend)
        wanted = {name: value[:count] for name, value in expected.items()}
        found = onnx_backend(crops[:count])
        same(found, wanted, 1e-3)
        assert found['attention'].shape == (count, 3, 1, 4, 98, 98)
        np.testing.assert_allclose(found['attention'].sum(-1), 1, atol=1e-5)

    def test_no_face(self, onnx_backend, crops):
        found = onnx_backend(crops[:0])
        assert {name: value.shape for name, value in found.items()} == dict(
            steps=(0, 4, 98, 2),
            pose=(0, 6),
            scores=(0, 98),
            attention=(0, 3, 1, 4, 98, 98))

    def test_crops_need_not_be_contiguous(self, onnx_backend, crops):
        mirrored = crops[:2, :, ::-1]
        np.testing.assert_array_equal(
            onnx_backend(mirrored)['steps'],
            onnx_backend(mirrored.copy())['steps'])

    def test_threads(self, onnx_backend):
        options = onnx_backend.session.get_session_options()
        assert options.intra_op_num_threads == 1

    @pytest.mark.parametrize('change', [
        lambda crops: crops.astype(np.float32),
        lambda crops: crops[0],
        lambda crops: crops[:, :32],
        lambda crops: crops.transpose(0, 3, 1, 2),
    ])
    def test_wrong_crops(self, onnx_backend, crops, change):
        with pytest.raises(ValueError, match=r'uint8 of shape \(B, 64, 64, 3'):
            onnx_backend(change(crops))

    @pytest.mark.parametrize('share', [0., 0.1, 0.5, 0.99, 0.999, 0.9999])
    def test_cut_short(self, onnx_file, tmp_path, share):
        with open(onnx_file, 'rb') as file:
            content = file.read()
        path = tmp_path / 'cut.onnx'
        path.write_bytes(content[:int(len(content) * share)])
        with pytest.raises(ValueError, match=r'cut\.onnx') as error:
            open_graph(str(path))
        assert 'export.py' in str(error.value)
        assert '\n' not in str(error.value)

    def test_another_version(self, onnx_file, monkeypatch):
        monkeypatch.setattr(metadata, 'FORMAT_VERSION', 7)
        with pytest.raises(ValueError, match='reads format 7'):
            open_graph(onnx_file)

    def test_a_graph_of_others(self, tmp_path):
        onnx = pytest.importorskip('onnx')
        pytest.importorskip('onnxruntime')
        value = [
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT,
                                               [1]) for name in 'ab'
        ]
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node('Relu', ['a'], ['b'])], 'other', value[:1],
            value[1:])
        path = str(tmp_path / 'other.onnx')
        onnx.save(
            onnx.helper.make_model(
                graph, opset_imports=[onnx.helper.make_opsetid('', 20)],
                ir_version=10), path)
        with pytest.raises(ValueError, match='other.onnx: it does not desc'):
            open_graph(path)


class TestOpenVINO:

    @pytest.mark.slow
    @pytest.mark.parametrize('count', [1, 2, 5])
    def test_fixed_batch_takes_any_number(self, fixed_file, crops, expected,
                                          count):
        backend = open_graph(fixed_file)
        assert isinstance(backend, OpenVINOBackend)
        assert backend.info.batch == 2
        wanted = {name: value[:count] for name, value in expected.items()}
        found = backend(crops[:count])
        assert found['steps'].shape == (count, 4, 98, 2)
        same(found, wanted, 1e-3)

    @pytest.mark.slow
    @pytest.mark.parametrize('count', [1, 5])
    def test_drift_of_bf16(self, bf16_file, crops, expected, count):
        """A coordinate in bf16 would be off by half a pixel by itself."""
        wanted = {name: value[:count] for name, value in expected.items()}
        assert pixels(open_graph(bf16_file)(crops[:count]), wanted) < 0.3

    @pytest.mark.slow
    def test_what_makes_coordinates_is_fp32(self, bf16_file):
        backend = open_graph(bf16_file)
        precisions = {}
        for node in backend.compiled.get_runtime_model().get_ops():
            info = node.get_rt_info()
            precisions.setdefault(info['layerType'].astype(str), set()).add(
                info['runtimePrecision'].astype(str))
        for kind in ('GridSample', 'Math', 'Output'):
            assert precisions[kind] == {'f32'}
        if 'BF16' in backend_capabilities():
            assert 'bf16' in precisions['Convolution']

    @pytest.mark.slow
    def test_threads(self, bf16_file):
        backend = open_graph(bf16_file, threads=1)
        assert backend.compiled.get_property('INFERENCE_NUM_THREADS') == 1

    @pytest.mark.slow
    def test_without_bf16_in_the_processor_it_says_so(self, bf16_file,
                                                      monkeypatch):
        import openvino
        if 'BF16' in backend_capabilities():
            with warnings.catch_warnings():
                warnings.simplefilter('error')
                open_graph(bf16_file)
        monkeypatch.setattr(openvino.Core, 'get_property',
                            lambda *args: ['FP32'])
        with pytest.warns(UserWarning, match='no bfloat16.*float32'):
            open_graph(bf16_file)

    @pytest.mark.slow
    @pytest.mark.parametrize('suffix', ['.xml', '.bin'])
    @pytest.mark.parametrize('share', [0., 0.5, 0.999])
    def test_cut_short(self, bf16_file, tmp_path, suffix, share):
        path = copied(bf16_file, tmp_path)
        broken = path[:-4] + suffix
        os.truncate(broken, int(os.path.getsize(broken) * share))
        with pytest.raises(ValueError, match=r'copy\.') as error:
            open_graph(path)
        assert 'export.py' in str(error.value)
        assert '\n' not in str(error.value)

    @pytest.mark.slow
    def test_without_its_weights(self, bf16_file, tmp_path):
        path = copied(bf16_file, tmp_path)
        os.remove(path[:-4] + '.bin')
        with pytest.raises(ValueError, match=r'no file .*copy\.bin'):
            open_graph(path)

    @pytest.mark.slow
    def test_another_version(self, bf16_file, monkeypatch):
        monkeypatch.setattr(metadata, 'FORMAT_VERSION', 7)
        with pytest.raises(ValueError, match='reads format 7'):
            open_graph(bf16_file)


def backend_capabilities():
    import openvino
    return openvino.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')


def copied(xml, folder):
    """Path of a copy of a file and its weights."""
    for suffix in ('.xml', '.bin'):
        shutil.copy(xml[:-4] + suffix, folder / f'copy{suffix}')
    return str(folder / 'copy.xml')


@pytest.mark.parametrize('name,package', [('a.onnx', 'onnxruntime'),
                                          ('a.xml', 'openvino')])
def test_missing_backend(tmp_path, monkeypatch, name, package):
    monkeypatch.setattr(extras.importlib.util, 'find_spec',
                        lambda module: None)
    with pytest.raises(ImportError, match=f'{package} is not installed. '
                       f'Type: pip install {package}'):
        open_graph(str(tmp_path / name))


@pytest.mark.parametrize('threads', [0, -2, 1.5, '2', True])
def test_no_such_number_of_threads(tmp_path, threads):
    for name in ('a.onnx', 'a.xml'):
        with pytest.raises(ValueError, match='threads: expected an integer'):
            open_graph(str(tmp_path / name), threads)


@pytest.mark.parametrize('name,message', [('a.onnx', 'no file .*a.onnx'),
                                          ('a.xml', 'no file .*a.xml'),
                                          ('a.pth', r'\.onnx or \.xml')])
def test_no_such_file(tmp_path, name, message):
    pytest.importorskip('onnxruntime')
    pytest.importorskip('openvino')
    with pytest.raises(ValueError, match=message):
        open_graph(str(tmp_path / name))
