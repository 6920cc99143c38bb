"""Weights by name, URL and path; the server is on this machine."""
import hashlib
import io
import os
import time

import pytest
import torch
from web_server import serve

from spiga_mmpose.apis import find_weights, weights
from spiga_mmpose.apis.weights import Release, find_yunet


def saved(content) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@pytest.fixture(scope='module')
def released():
    """What a file of the authors looks like from afar."""
    return saved({'visual_cnn.some.weight': torch.zeros(2)})


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch, released):
    """An empty cache, and a conversion that takes no network of 243 MB."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'home'))
    monkeypatch.delenv(weights.MIRROR, raising=False)
    monkeypatch.setattr(
        weights, 'RELEASES', {
            'wflw':
            Release('spiga_wflw.pt', 'spiga_wflw.py',
                    hashlib.sha256(released).hexdigest()),
            '300w':
            Release('spiga_300wpublic.pt', 'spiga_300w.py'),
        })

    def convert_file(src, dst, landmarks=98):
        assert 'visual_cnn.some.weight' in torch.load(src)
        meta = dict(
            source='weights released by the SPIGA authors, converted',
            dataset_meta=dict(num_keypoints=landmarks))
        torch.save(dict(meta=meta, state_dict={}), dst)

    monkeypatch.setattr(weights, 'convert_file', convert_file)
    return tmp_path / 'home' / 'spiga_mmpose'


@pytest.fixture
def mirror(monkeypatch, released):
    with serve({
            '/spiga_wflw.pt': released,
            '/spiga_300wpublic.pt': released
    }) as server:
        monkeypatch.setenv(weights.MIRROR, server.url)
        yield server


def files_of(cache):
    return sorted(os.listdir(cache)) if cache.is_dir() else []


class TestByName:

    def test_once(self, mirror, cache, repo):
        checkpoint, config = find_weights('wflw')
        assert checkpoint == str(cache / 'wflw.pth')
        assert config == f'{repo}/configs/spiga_wflw.py'
        assert set(torch.load(checkpoint)) == {'meta', 'state_dict'}
        # What was fetched is not kept beside what it became.
        assert files_of(cache) == ['wflw.pth']
        assert find_weights('wflw')[0] == checkpoint
        assert mirror.asked == ['/spiga_wflw.pt']

    def test_without_a_known_checksum(self, mirror, cache):
        checkpoint, config = find_weights('300w')
        assert checkpoint == str(cache / '300w.pth')
        assert config.endswith('spiga_300w.py')

    def test_progress(self, mirror, capsys):
        find_weights('wflw')
        assert 'spiga_wflw.pt' in capsys.readouterr().err

    @pytest.mark.parametrize('change, words', [
        (lambda body: body[:-1] + b'x', 'SHA-256'),
        (lambda body: None, '404'),
    ])
    def test_another_file(self, mirror, cache, released, change, words):
        changed = change(released)
        del mirror.files['/spiga_wflw.pt']
        if changed:
            mirror.files['/spiga_wflw.pt'] = changed
        with pytest.raises(ValueError, match=words) as error:
            find_weights('wflw')
        sentence = str(error.value)
        assert f'{mirror.url}/spiga_wflw.pt' in sentence
        assert 'local copy' in sentence and weights.MIRROR in sentence
        assert files_of(cache) == []

    def test_cut_short(self, mirror, cache, monkeypatch):
        monkeypatch.setitem(weights.RELEASES, 'wflw',
                            Release('cut', 'spiga_wflw.py'))
        with pytest.raises(ValueError, match='ended after 10 of'):
            find_weights('wflw')
        assert files_of(cache) == []

    def test_what_comes_is_no_checkpoint(self, mirror, cache):
        mirror.files['/spiga_300wpublic.pt'] = b'<html>sign in</html>'
        with pytest.raises(ValueError, match='300wpublic.pt holds are no'):
            find_weights('300w')
        assert files_of(cache) == []

    def test_interrupted(self, mirror, cache, monkeypatch):

        def stop(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(weights, 'convert_file', stop)
        with pytest.raises(KeyboardInterrupt):
            find_weights('wflw')
        assert files_of(cache) == []

    def test_no_network(self, closed_port, monkeypatch):
        monkeypatch.setenv(weights.MIRROR, f'http://127.0.0.1:{closed_port}/')
        with pytest.raises(ValueError, match='cannot be fetched') as error:
            find_weights('wflw')
        assert '\n' not in str(error.value)
        assert f':{closed_port}/spiga_wflw.pt: no answer' in str(error.value)

    def test_cache_that_cannot_be_written(self, monkeypatch, tmp_path):
        (tmp_path / 'file').write_text('')
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
        with pytest.raises(ValueError, match='cache .*set XDG_CACHE_HOME'):
            find_weights('wflw')

    def test_default_cache(self, monkeypatch, tmp_path):
        monkeypatch.delenv('XDG_CACHE_HOME')
        monkeypatch.setenv('HOME', str(tmp_path))
        assert weights.cache_folder() == str(tmp_path / '.cache' /
                                             'spiga_mmpose')


class TestByUrl:

    def test_a_mirrors_file(self, mirror, cache):
        url = f'{mirror.url}/spiga_wflw.pt'
        checkpoint, config = find_weights(url)
        assert config.endswith('spiga_wflw.py')
        assert find_weights(url)[0] == checkpoint
        assert len(mirror.asked) == 1 and len(files_of(cache)) == 1

    def test_its_checksum_is_known(self, mirror, cache, released):
        mirror.files['/spiga_wflw.pt'] = released + b'more'
        with pytest.raises(ValueError, match='SHA-256'):
            find_weights(f'{mirror.url}/spiga_wflw.pt')
        assert files_of(cache) == []

    def test_a_checkpoint_of_somebody(self, mirror):
        mirror.files['/mine.pth'] = saved(dict(state_dict={}))
        mirror.files['/x/mine.pth'] = saved(dict(state_dict={}, meta={}))
        mine, config = find_weights(f'{mirror.url}/mine.pth')
        other, _ = find_weights(f'{mirror.url}/x/mine.pth')
        assert config is None
        # Two files of one name are two files.
        assert set(torch.load(mine)) != set(torch.load(other))


class TestByPath:

    def test_a_file_of_the_authors(self, tmp_path, released, cache):
        path = tmp_path / 'renamed.bin'
        path.write_bytes(released)
        checkpoint, config = find_weights(str(path))
        assert os.path.dirname(checkpoint) == str(cache)
        assert config.endswith('spiga_wflw.py')
        assert find_weights(str(path))[0] == checkpoint
        # Where another file takes its place, that one is converted.
        path.write_bytes(saved({'visual_cnn.some.weight': torch.ones(1)}))
        assert find_weights(str(path))[0] != checkpoint
        assert sorted(os.listdir(tmp_path)) == ['home', 'renamed.bin']

    @pytest.mark.parametrize('landmarks, config', [(98, 'spiga_wflw.py'),
                                                   (68, 'spiga_300w.py'),
                                                   (29, None)])
    def test_a_converted_file(self, tmp_path, cache, released, landmarks,
                              config):
        (tmp_path / 'raw').write_bytes(released)
        path = str(tmp_path / 'converted.pth')
        weights.convert_file(tmp_path / 'raw', path, landmarks)
        checkpoint, found = find_weights(path)
        assert checkpoint == path and files_of(cache) == []
        assert (found or '').endswith(config or '')

    def test_any_checkpoint_stays_as_it_is(self, tmp_path):
        path = tmp_path / 'mine.pth'
        path.write_bytes(saved(dict(state_dict={})))
        assert find_weights(str(path)) == (str(path), None)

    def test_damaged(self, tmp_path):
        path = tmp_path / 'bad.pth'
        path.write_text('nothing')
        with pytest.raises(ValueError, match='bad.pth: (refused|not a)'):
            find_weights(str(path))

    def test_nothing_of_the_name(self):
        with pytest.raises(ValueError, match="no weights 'wlfw'.*wflw, 300w"):
            find_weights('wlfw')


class TestYuNet:
    FILE = 'face_detection_yunet_2023mar.onnx'

    @pytest.fixture
    def mirror(self, yunet_file, monkeypatch):
        with open(yunet_file, 'rb') as file:
            content = file.read()
        with serve({f'/{self.FILE}': content}) as server:
            monkeypatch.setenv(weights.MIRROR, server.url)
            yield server

    def test_once(self, mirror, cache, yunet_file):
        path = find_yunet()
        assert path == str(cache / self.FILE)
        with open(path, 'rb') as ours, open(yunet_file, 'rb') as theirs:
            assert ours.read() == theirs.read()
        assert find_yunet() == path
        assert mirror.asked == [f'/{self.FILE}']
        assert files_of(cache) == [self.FILE]

    def test_a_damaged_copy_is_replaced(self, mirror, cache):
        with open(find_yunet(), 'wb') as file:
            file.write(b'half')
        with open(find_yunet(), 'rb') as file:
            assert len(file.read()) == 232589
        assert len(mirror.asked) == 2

    @pytest.mark.parametrize('content, words', [
        (b'<html>sign in</html>', 'SHA-256'),
        (b'-' * (1 << 21), 'too large'),
        (None, '404'),
    ])
    def test_another_file(self, cache, monkeypatch, content, words):
        files = {f'/{self.FILE}': content} if content else {}
        with serve(files) as server:
            monkeypatch.setenv(weights.MIRROR, f'{server.url}/')
            with pytest.raises(ValueError, match=words) as error:
                find_yunet()
        sentence = str(error.value)
        assert f'{server.url}/{self.FILE}: ' in sentence
        assert '--det-weights' in sentence and weights.MIRROR in sentence
        assert '\n' not in sentence and files_of(cache) == []

    def test_a_server_that_keeps_silent(self, cache, monkeypatch):
        begin = time.monotonic()
        with serve() as server:
            monkeypatch.setenv(weights.MIRROR, f'{server.url}/silent?')
            with pytest.raises(ValueError, match='not done after 0.2'):
                find_yunet(0.2)
            assert time.monotonic() - begin < 0.9
        assert files_of(cache) == []

    def test_cache_that_cannot_be_written(self, monkeypatch, tmp_path):
        (tmp_path / 'file').write_text('')
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
        with pytest.raises(ValueError, match='cache .*set XDG_CACHE_HOME'):
            find_yunet()


def test_those_of_drawn_faces(repo, cache):
    """They come with the checkout."""
    assert find_weights('synthetic') == (
        os.path.join(repo, 'checkpoints', 'spiga_synthetic_long.pth'),
        os.path.join(repo, 'configs', 'spiga_synthetic_long.py'))
    assert not cache.exists()


def test_converter_and_config_agree_on_the_source(monkeypatch, tmp_path):
    """The mark by which a converted file is known is the converter's own."""
    from spiga_mmpose.engine import release_weights
    monkeypatch.setattr(
        release_weights, 'convert', lambda *_:
        {'backbone.attention.0.points.weight': torch.zeros(68, 1, 1, 1)})
    torch.save({}, tmp_path / 'raw.pt')
    path = str(tmp_path / 'a.pth')
    release_weights.convert_file(str(tmp_path / 'raw.pt'), path)
    assert weights.config_of(path).endswith('spiga_300w.py')
