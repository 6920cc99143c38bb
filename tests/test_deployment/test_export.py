"""export_model, tools/deployment/export.py and docs/deployment.md."""
import os
import os.path as osp
import re

import cv2
import numpy as np
import pytest

from spiga_mmpose.deployment import export_model, extras


def test_standard_operators_and_a_free_batch(onnx_file):
    import onnx
    graph = onnx.load(onnx_file)
    onnx.checker.check_model(graph)
    assert {entry.domain for entry in graph.opset_import} <= {''}
    assert {node.domain for node in graph.graph.node} <= {''}
    for value in [*graph.graph.input, *graph.graph.output]:
        shape = value.type.tensor_type.shape.dim
        assert shape[0].dim_param, value.name
        assert all(size.dim_value for size in shape[1:]), value.name
    kinds = {node.op_type for node in graph.graph.node}
    assert 'GridSample' in kinds and 'AffineGrid' not in kinds


def test_a_file_is_whole_or_not_there(model, tmp_path, monkeypatch):
    from spiga_mmpose.deployment import export

    def full_disk(proto, info, path):
        with open(path, 'w') as file:
            file.write('half of')
        raise OSError('no space left')

    monkeypatch.setattr(export, 'require', lambda *packages: None)
    monkeypatch.setattr(export, '_to_onnx', lambda *args: None)
    monkeypatch.setattr(export, '_write_onnx', full_disk)
    with pytest.raises(OSError, match='no space'):
        export_model(model, str(tmp_path / 'a.onnx'))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('name,changes,message', [
    ('a.pth', {}, r'\.onnx.*\.xml'),
    ('a.onnx', dict(precision='bf16'), 'OpenVINO'),
    ('a.onnx', dict(precision='int8'), 'int8 with OpenVINO'),
    ('a.xml', dict(precision='int4'),
     "'fp32', 'bf16', 'fp16', 'int8'.*'int4'"),
    ('a.xml', dict(batch=0), 'at least 1, found 0'),
])
def test_bad_arguments(model, tmp_path, name, changes, message):
    with pytest.raises(ValueError, match=message):
        export_model(model, str(tmp_path / name), **changes)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('name,package,precision', [
    ('a.onnx', 'onnxscript', 'fp32'),
    ('a.onnx', 'onnx', 'fp32'),
    ('a.xml', 'openvino', 'fp32'),
    ('a.xml', 'nncf', 'int8'),
])
def test_missing_package(model, tmp_path, monkeypatch, name, package,
                         precision):
    # The others count as there, whatever this machine has.
    monkeypatch.setattr(
        extras.importlib.util, 'find_spec',
        lambda module: None if module == package else object())
    with pytest.raises(ImportError, match=f'{package} is not installed. '
                       f'Type: pip install {package}'):
        export_model(model, str(tmp_path / name), precision)


class TestTool:

    def test_a_checkpoint_that_does_not_fit(self, tool, files, tmp_path,
                                            capsys):
        out = str(tmp_path / 'a.onnx')
        code = tool.main(
            [files[0], files[0], '--format', 'onnx', '--out', out])
        assert code == 2
        error = capsys.readouterr().err
        assert error.startswith('export.py: error: ')
        assert error.count('\n') == 1
        assert not osp.exists(out)

    @pytest.mark.parametrize('options,message', [
        (['--format', 'openvino', '--out', 'a.onnx'], '.xml'),
        (['--format', 'onnx', '--out', 'a.onnx', '--batch', '0'], 'dynamic'),
        (['--format', 'onnx', '--out', 'a.onnx', '--batch', 'x'], 'dynamic'),
        (['--format', 'onnx', '--out', 'a.onnx', '--calibration-faces',
          '9'], 'only with --precision int8'),
    ])
    def test_wrong_usage(self, tool, files, capsys, options, message):
        with pytest.raises(SystemExit) as stop:
            tool.main([*files, *options])
        assert stop.value.code == 2
        assert message in capsys.readouterr().err


def test_the_example_of_the_docs(repo, onnx_file, model, tmp_path,
                                 monkeypatch):
    """The first Python of docs/deployment.md, as a stranger would run it."""
    from mmpose.apis import inference_topdown
    with open(osp.join(repo, 'docs', 'deployment.md')) as file:
        code = re.search(r'```python\n(.*?)```', file.read(), re.S).group(1)
    assert 'spiga_mmpose' not in re.findall(r'import (\S+)', code)
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    image = np.random.default_rng(1).integers(0, 256, (300, 600, 3), np.uint8)
    image = cv2.GaussianBlur(image, (9, 9), 3)
    cv2.imwrite(str(tmp_path / 'photo.png'), image)
    os.link(onnx_file, tmp_path / 'spiga.onnx')
    monkeypatch.chdir(tmp_path)
    scope = {}
    exec(code.replace('photo.jpg', 'photo.png'), scope)
    box = [scope[name] for name in ('x1', 'y1', 'x2', 'y2')]
    wanted = inference_topdown(model, image, [box])[0].pred_instances
    np.testing.assert_allclose(
        scope['landmarks'], wanted.keypoints[0], atol=0.01)
    np.testing.assert_allclose(
        [scope[name] for name in ('yaw', 'pitch', 'roll')],
        wanted.head_poses[0, :3],
        atol=0.01)


def test_requirements_are_what_is_asked_for(repo):
    with open(osp.join(repo, 'requirements', 'deploy.txt')) as file:
        pinned = re.findall(r'^(\S+)==', file.read(), re.M)
    assert set(pinned) == {
        'nncf', 'onnx', 'onnxscript', 'onnxruntime', 'openvino'
    }
