"""What a user names, and what estimates."""
import os
import shutil

import pytest
import torch
from tiny_model import write_tiny_model

from spiga_mmpose.apis import loading
from spiga_mmpose.apis.loading import load_estimator
from spiga_mmpose.deployment import BackendEstimator, TorchBackend, extras

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_tiny_model(str(tmp_path_factory.mktemp('tiny')))


class TestWrong:

    @pytest.mark.parametrize('arguments, words', [
        (dict(backend='tensorrt'), 'torch, onnxruntime, openvino, found '
         "'tensorrt'"),
        (dict(threads=0), 'threads: expected an integer'),
        (dict(weights='a.onnx'), r'a.onnx is an exported file.*model=\.\.\.'),
        (dict(weights='wflw', model='a.xml'), 'a.xml holds its weights: .* '
         'wflw out'),
        (dict(model='a.xml', backend='onnxruntime'),
         'a.xml is not for the backend onnxruntime, which takes an .onnx'),
        (dict(model='a.onnx', backend='openvino'), 'takes an .xml file'),
        (dict(model='a.onnx', backend='torch'), 'a config and weights'),
    ])
    def test_arguments(self, arguments, words):
        with pytest.raises(ValueError, match=words):
            load_estimator(**arguments)

    @pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
    def test_backend_that_is_not_installed(self, files, monkeypatch, backend):
        monkeypatch.setattr(extras.importlib.util, 'find_spec',
                            lambda module: None)
        with pytest.raises(ImportError, match=f'pip install {backend}'):
            load_estimator(files[1], files[0], backend=backend)

    def test_no_graph(self, tmp_path):
        pytest.importorskip('onnxruntime')
        path = tmp_path / 'text.onnx'
        path.write_text('not a graph')
        with pytest.raises(ValueError, match='text.onnx: not a whole ONNX'):
            load_estimator(model=str(path))


def test_threads_of_torch(files, monkeypatch):
    asked = []
    monkeypatch.setattr(torch, 'set_num_threads', asked.append)
    for threads in (None, 3):
        model = load_estimator(files[1], files[0], 'cpu', 'torch', threads)
        assert isinstance(model, torch.nn.Module)
    assert asked == [3]


class TestCache:
    """Weights in another backend; the export itself is for its own tests."""

    @pytest.fixture(autouse=True)
    def exports(self, monkeypatch, tmp_path):
        """Paths that were exported to; 'damaged' in a file is what it says."""
        paths, models = [], {}

        def export_model(model, path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w') as file:
                file.write('graph')
            paths.append(path)
            models[path] = model

        def open_graph(path, threads):
            with open(path) as file:
                if file.read() == 'damaged':
                    raise ValueError(path)
            return TorchBackend(models[path])

        monkeypatch.setattr(loading, 'export_model', export_model)
        monkeypatch.setattr(loading, 'open_graph', open_graph)
        monkeypatch.setattr(loading, 'require', lambda *_: None)
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
        return paths

    def load(self, files, backend='onnxruntime'):
        return load_estimator(files[1], files[0], backend=backend)

    def test_once(self, files, exports, tmp_path):
        for _ in range(2):
            estimator = self.load(files)
            assert isinstance(estimator, BackendEstimator)
            assert estimator.head is not None
        [path] = exports
        assert path.startswith(str(tmp_path / 'cache' / 'spiga_mmpose'))
        assert path.endswith('.onnx')

    def test_anew_for_another_backend(self, files, exports):
        self.load(files)
        self.load(files, 'openvino')
        assert [os.path.splitext(path)[1]
                for path in exports] == ['.onnx', '.xml']

    def test_anew_for_other_weights_or_config(self, files, exports, tmp_path):
        self.load(files)
        config, checkpoint = (
            shutil.copy(path, str(tmp_path / os.path.basename(path)))
            for path in files)
        self.load((config, checkpoint))
        assert len(exports) == 1  # the same, in another folder
        loaded = torch.load(checkpoint)
        next(iter(loaded['state_dict'].values())).add_(1)
        torch.save(loaded, checkpoint)
        self.load((config, checkpoint))
        assert len(exports) == 2
        with open(config, 'a') as file:
            file.write("\nmodel['data_preprocessor']['std'] = [200] * 3\n")
        self.load((config, checkpoint))
        assert len(set(exports)) == len(exports) == 3

    def test_anew_for_another_version(self, files, exports, monkeypatch):
        self.load(files)
        monkeypatch.setattr(loading, '__version__', '99')
        self.load(files)
        assert len(set(exports)) == 2

    def test_anew_if_damaged(self, files, exports):
        self.load(files)
        with open(exports[0], 'w') as file:
            file.write('damaged')
        assert isinstance(self.load(files), BackendEstimator)
        assert exports[0] == exports[1]

    def test_no_cache_to_write_into(self, files, monkeypatch, tmp_path):
        (tmp_path / 'file').write_text('')
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
        with pytest.raises(ValueError, match='set XDG_CACHE_HOME'):
            self.load(files)
