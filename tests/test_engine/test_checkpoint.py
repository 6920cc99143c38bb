"""Checkpoints are data: what MMEngine saves loads, and nothing runs."""
import functools
import http.server
import os
import pickle
import threading
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from spiga_mmpose.engine import checkpoint
from spiga_mmpose.engine.checkpoint import load_from_http, load_from_local

NUMBERS = [
    np.dtype(name)
    for name in ('bool', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32',
                 'int64', 'uint64', 'float16', 'float32', 'float64')
]


class Code:
    """A pickle of this calls a function when it is loaded."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.fixture(
    params=[True, False], ids=['allow-list', 'torch-before-2.4'], autouse=True)
def reader(request, monkeypatch):
    """Both ways to read: the one for old torch works with any."""
    monkeypatch.setattr(checkpoint, '_CAN_ALLOW', request.param)


@pytest.fixture(params=[True, False], ids=['zip', 'legacy'])
def save(request, tmp_path):
    """Save in torch's format of today, and in that before 1.6."""

    def save(content):
        path = tmp_path / 'checkpoint.pth'
        torch.save(content, path, _use_new_zipfile_serialization=request.param)
        return path

    return save


class TestWhatMMEngineSaves:

    def test_tensors(self, save):
        content = dict(
            state_dict={'a.b': torch.rand(3, 4).half()}, meta=dict(epoch=3))
        loaded = load_from_local(str(save(content)))
        torch.testing.assert_close(loaded['state_dict']['a.b'],
                                   content['state_dict']['a.b'])
        assert loaded['meta'] == dict(epoch=3)

    @pytest.mark.parametrize('dtype', NUMBERS, ids=str)
    def test_arrays_and_numbers_of_numpy(self, save, dtype):
        """Colours and weights of the metainfo, the best score so far."""
        array = np.array([[0, 1], [1, 0]], dtype)
        loaded = load_from_local(str(save([array, array[0, 1]])))
        np.testing.assert_array_equal(loaded[0], array)
        assert loaded[0].dtype == dtype
        assert loaded[1] == 1 and loaded[1].dtype == dtype

    def test_log_history(self, save):
        history = HistoryBuffer([1., 2., 4.], [1, 1, 2])
        loaded = load_from_local(str(save(dict(loss=history))))['loss']
        assert isinstance(loaded, HistoryBuffer)
        for name in ('min', 'max', 'current', 'mean'):
            assert loaded.statistics(name) == history.statistics(name)
        np.testing.assert_array_equal(loaded.data[0], history.data[0])
        empty = load_from_local(str(save(HistoryBuffer())))
        assert len(empty.data[0]) == 0

    @pytest.mark.parametrize('module', ['numpy.core', 'numpy._core'])
    def test_of_numpy_1_and_2(self, tmp_path, module):
        """Whichever NumPy saved it: the functions have moved in between."""
        path = tmp_path / 'other.pth'
        torch.save(
            dict(colors=np.arange(3), best=np.float64(0.5)),
            path,
            _use_new_zipfile_serialization=False)
        written = path.read_bytes()
        name = np.array(0).__reduce__()[0].__module__.rsplit('.', 1)[0]
        assert name.encode() in written
        path.write_bytes(
            written.replace(f'c{name}.'.encode(), f'c{module}.'.encode()))
        loaded = load_from_local(str(path))
        assert loaded['colors'].tolist() == [0, 1, 2]
        assert loaded['best'] == 0.5


class TestRefuses:

    @pytest.mark.parametrize('function,args,name', [
        (os.system, ('true', ), 'system'),
        (eval, ('1', ), 'eval'),
        (exec, ('1', ), 'exec'),
        (np.load, ('x.npy', ), 'load'),
        (torch.hub.load, ('a', 'b'), 'torch.hub.load'),
        (getattr, (HistoryBuffer, '__init__'), 'getattr'),
        (getattr, ('text', 'mean'), 'getattr'),
        (setattr, (HistoryBuffer, 'mean', 1), 'setattr'),
    ])
    def test_code_is_named(self, save, function, args, name):
        path = save(dict(meta=Code(function, *args)))
        with pytest.raises(ValueError) as error:
            load_from_local(str(path))
        message = str(error.value)
        assert str(path) in message and 'refused' in message
        assert name in message
        # Torch's own message says how to switch the safety off.
        assert 'weights_only' not in message and '\n' not in message

    def test_code_does_not_run(self, save, tmp_path):
        target = tmp_path / 'ran'
        path = save([Code(os.mkdir, str(target))])
        with pytest.raises(ValueError, match='mkdir'):
            load_from_local(str(path))
        assert not target.exists()
        # A plain pickle, too, which torch reads as its oldest format.
        path.write_bytes(pickle.dumps([Code(os.mkdir, str(target))], 2))
        with pytest.raises(ValueError, match='checkpoint.pth'):
            load_from_local(str(path))
        assert not target.exists()

    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError, match='nothing.pth: no such'):
            load_from_local(str(tmp_path / 'nothing.pth'))
        with pytest.raises(FileNotFoundError, match='no such checkpoint'):
            load_from_local(str(tmp_path))

    def test_truncated_anywhere(self, save):
        path = save(dict(meta=dict(a=np.zeros(3)), weights=torch.rand(99)))
        whole = path.read_bytes()
        for size in np.linspace(0, len(whole) - 1, 40).astype(int):
            path.write_bytes(whole[:size])
            with pytest.raises(ValueError, match='checkpoint.pth'):
                load_from_local(str(path))

    @pytest.mark.filterwarnings('ignore:Detected pickle protocol')
    def test_damaged_is_refused_or_whole(self, save):
        """Random bytes: never another kind of error."""
        path = save(dict(meta=dict(a=np.zeros(3)), weights=torch.rand(9)))
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        rng = np.random.default_rng(0)
        refused = 0
        for _ in range(60):
            damaged = whole.copy()
            damaged[rng.integers(0, len(whole),
                                 8)] ^= rng.integers(1, 256,
                                                     8).astype(np.uint8)
            path.write_bytes(damaged.tobytes())
            try:
                load_from_local(str(path))
            except ValueError:
                refused += 1
        assert refused > 20

    @pytest.mark.parametrize('bad', [np.nan, np.inf])
    def test_numbers_that_are_none(self, save, bad):
        weights = torch.ones(3, 4)
        weights[1, 2] = bad
        path = save(dict(state_dict={'head.a': weights, 'b': weights[0]}))
        with pytest.raises(ValueError, match='1 tensors.*state_dict.head.a'):
            load_from_local(str(path))

    def test_a_turned_bit(self, tmp_path):
        path = tmp_path / 'checkpoint.pth'
        torch.save(dict(a=torch.ones(99)), path)
        content = bytearray(path.read_bytes())
        content[content.index(torch.ones(9).numpy().tobytes())] ^= 1
        path.write_bytes(content)
        with pytest.raises(ValueError, match='checkpoint.pth: .*CRC.* copy'):
            load_from_local(str(path))

    def test_a_view_larger_than_the_file(self, save):
        # Before torch 2.4 the restricted unpickler refuses it, later we do.
        path = save(dict(a=torch.ones(1).expand(1 << 40)))
        with pytest.raises(
                ValueError, match='no larger than the file|has only 1 values'):
            load_from_local(str(path))

    def test_parts_larger_than_the_file(self, tmp_path):
        path = tmp_path / 'bomb.pth'
        with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as file:
            file.writestr('archive/data.pkl', bytes(1 << 24))
        with pytest.raises(ValueError, match='larger than the file'):
            load_from_local(str(path))

    def test_lists_that_hold_themselves(self, save):
        content = dict(epoch=1)
        for _ in range(60):
            content = dict(a=content, b=content)
        assert load_from_local(str(save(content)))['a'] is not None

    @pytest.mark.parametrize('content, words', [
        (dict(meta=[1]), 'meta: expected dict, found list'),
        (dict(meta=dict(epoch='2')), 'meta.epoch: expected int, found str'),
        (dict(meta=dict(dataset_meta=3)), 'meta.dataset_meta: expected dict'),
        (dict(meta=dict(dataset_meta=dict(num_keypoints='98'))),
         'meta.dataset_meta.num_keypoints: expected int, found str'),
        (dict(state_dict=[1]), 'state_dict: expected dict, found list'),
    ])
    def test_parts_of_another_type(self, save, content, words):
        with pytest.raises(ValueError, match=words):
            load_from_local(str(save(content)))

    @pytest.mark.parametrize('content',
                             [b'', b'hello', b'<html>404</html>' * 99])
    def test_no_checkpoint_at_all(self, tmp_path, content):
        path = tmp_path / 'page.pth'
        path.write_bytes(content)
        with pytest.raises(ValueError, match='page.pth'):
            load_from_local(str(path))


class TestThroughMMEngine:

    def test_a_path_as_data(self, save, tmp_path):
        """Functions that take a checkpoint's path take one of the scheme."""
        path = save(Code(os.mkdir, str(tmp_path / 'ran')))
        for load in (CheckpointLoader.load_checkpoint,
                     lambda p: load_checkpoint(torch.nn.Linear(1, 1), p)):
            with pytest.raises(ValueError, match='refused') as error:
                load(f'as_data:{path}')
            assert str(error.value).startswith(str(path))
        assert not (tmp_path / 'ran').exists()

    def test_weights_arrive_in_a_model(self, save):
        saved, model = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
        path = save(dict(state_dict=saved.state_dict()))
        load_checkpoint(model, f'as_data:{path}', strict=True)
        torch.testing.assert_close(model.weight, saved.weight)

    def test_home_folder(self, save, monkeypatch):
        path = save(dict(epoch=1))
        monkeypatch.setenv('HOME', str(path.parent))
        assert load_from_local('~/checkpoint.pth') == dict(epoch=1)


class TestDownloads:

    @pytest.fixture
    def url(self, tmp_path, monkeypatch):
        """A server of the folder ``site``, and torch's cache in another."""
        site = tmp_path / 'site'
        site.mkdir()
        handler = functools.partial(
            http.server.SimpleHTTPRequestHandler, directory=str(site))
        monkeypatch.setattr(handler.func, 'log_message', lambda *_: None)
        monkeypatch.setenv('no_proxy', '127.0.0.1')
        monkeypatch.setattr(torch.hub, 'get_dir',
                            lambda: str(tmp_path / 'cache'))
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()
        server.server_close()
        thread.join()

    def test_once_and_as_a_local_file(self, url, tmp_path):
        path = tmp_path / 'site' / 'weights.pth'
        torch.save(dict(epoch=7), path)
        for _ in range(2):
            loaded = load_from_http(f'{url}/weights.pth')
            assert loaded == dict(epoch=7)
            path.unlink(missing_ok=True)

    def test_code_does_not_run(self, url, tmp_path):
        target = tmp_path / 'ran'
        torch.save(Code(os.mkdir, str(target)), tmp_path / 'site' / 'evil.pth')
        with pytest.raises(ValueError, match='evil.pth: refused'):
            CheckpointLoader.load_checkpoint(f'as_data:{url}/evil.pth')
        assert not target.exists()

    def test_missing(self, url):
        with pytest.raises(OSError, match=f'{url}/gone.pth: cannot be.*404'):
            load_from_http(f'{url}/gone.pth')
