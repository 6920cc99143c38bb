"""tools/web_demo.py without a browser; tests/test_web_demo has the page."""
import importlib.util
import os
import os.path as osp
import shutil
import socket
import sys
import tempfile

import pytest
from tiny_model import write_tiny_model

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('web_demo.py')


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """Paths of config and checkpoint."""
    return write_tiny_model(str(tmp_path_factory.mktemp('tiny')))


@pytest.fixture
def options(model):
    config, checkpoint = model
    return [
        '--weights', checkpoint, '--config', config, '--device', 'cpu'
    ]


@pytest.fixture
def served(tool, monkeypatch):
    """What the tool would have served."""
    seen = []
    monkeypatch.setattr(tool, 'serve', lambda *args: seen.append(args))
    return seen


def test_defaults(tool, served, options, model, capsys):
    assert tool.main(options) == 0
    assert 'note: faces are found by Haar' in capsys.readouterr().err
    [(analyser, host, port, _)] = served
    assert (host, port) == ('127.0.0.1', None)
    assert list(analyser.detectors) == ['haar', 'whole_image']
    assert analyser.refine == 0
    assert analyser.models == {osp.basename(model[1]): model}


def test_equal_names(tool, served, options, model, tmp_path):
    other = str(shutil.copy(model[1], tmp_path))
    assert tool.main(['--weights', model[1], other, *options[2:]]) == 0
    assert served[0][0].models == {
        osp.basename(other): model,
        other: (model[0], other)
    }


def test_a_detector_more(tool, served, options, repo):
    config = osp.join(repo, 'configs', 'detection', 'haar_face.py')
    assert tool.main([*options, '--det', config]) == 0
    assert list(served[0][0].detectors)[0] == 'haar_face.py'


def test_yunet_by_its_file(tool, served, options, yunet_file, capsys):
    assert tool.main(
        [*options, '--det-weights', yunet_file, '--refine', '1']) == 0
    assert 'note: faces are found by YuNet' in capsys.readouterr().err
    analyser = served[0][0]
    assert list(analyser.detectors) == ['yunet', 'haar', 'whole_image']
    assert analyser.refine == 1


def test_everybody(tool, served, options, capsys):
    assert tool.main([*options, '--host', '0.0.0.0', '--port', '8000']) == 0
    assert served[0][1:3] == ('0.0.0.0', 8000)
    assert 'without a password' in capsys.readouterr().err


@pytest.mark.parametrize('args, words', [
    (['--weights', 'wlfw'], "no weights 'wlfw'"),
    (['--weights', 'CHECKPOINT'], 'give --config as well'),
    (['--det', 'nowhere.py'], 'no detector config nowhere.py'),
    (['--det', 'yunet'], 'YuNet cannot be fetched'),
    (['--det-weights', 'none.onnx'], "no file 'none.onnx'"),
    (['--refine', '-1'], 'refine: expected'),
])
def test_wrong_options(tool, served, options, model, capsys, args, words):
    if args[0] == '--weights':
        options = []
    args = [model[1] if arg == 'CHECKPOINT' else arg for arg in args]
    assert tool.main([*options, *args]) == 2
    assert words in capsys.readouterr().err
    assert served == []


def test_ctrl_c(tool, options, monkeypatch):

    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, 'serve', stop)
    assert tool.main(options) == 0


class TestServe:
    """As far as it goes before a page is there."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path, monkeypatch):
        monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
        for name in ('GRADIO_TEMP_DIR', 'GRADIO_ANALYTICS_ENABLED',
                     'HF_HUB_DISABLE_TELEMETRY'):
            monkeypatch.setenv(name, '')
        yield
        assert os.listdir(tmp_path) == []
        assert tempfile.tempdir == str(tmp_path)

    def test_without_gradio(self, tool, options, monkeypatch, capsys):
        monkeypatch.setitem(sys.modules, 'gradio', None)
        monkeypatch.delitem(
            sys.modules, 'web_demo.page', raising=False)
        assert tool.main(options) == 2
        assert 'requirements/web.txt' in capsys.readouterr().err

    # Not importorskip: Gradio is to be imported by the tool.
    @pytest.mark.slow
    @pytest.mark.skipif(
        importlib.util.find_spec('gradio') is None,
        reason='no gradio (requirements/web.txt)')
    def test_a_port_that_is_taken(self, tool, options, capsys):
        with socket.socket() as taken:
            taken.bind(('127.0.0.1', 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            assert tool.main([*options, '--port', port]) == 2
        error = capsys.readouterr().err
        assert f'127.0.0.1, port {port}' in error and '--port' in error
