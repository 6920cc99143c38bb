"""Files from a server on this machine: whole, or one clear error."""
import hashlib
import socket
import time

import pytest
from web_server import BODY

from spiga_mmpose.apis.download import (DownloadError, download, is_url,
                                        read_url, url_file)


def test_what_is_a_url():
    assert is_url('http://a/b.jpg') and is_url('HTTPS://a')
    assert is_url('ftp://a') and is_url('file:///a')
    assert not is_url('a/b.jpg') and not is_url('C:\\a') and not is_url('a:b')
    assert url_file('https://h:1/x/a%20b.jpg?download=true') == 'a%20b.jpg'
    assert url_file('https://h') == ''


class TestReadUrl:

    def test_content(self, server):
        assert read_url(f'{server}/file.bin') == BODY

    def test_a_redirect_is_followed(self, server):
        assert read_url(f'{server}/moved') == BODY

    @pytest.mark.parametrize('path, words', [
        ('/missing', '404'),
        ('/cut', f'ended after 10 of {len(BODY)} bytes'),
        ('/to-a-file', 'redirect|Redirect|not allowed'),
        ('/to-ftp', 'ftp'),
        ('/nonsense', 'no whole answer'),
    ])
    def test_no_whole_file(self, server, path, words):
        with pytest.raises(DownloadError, match=words):
            read_url(server + path)

    @pytest.mark.parametrize('url', ['file:///etc/hostname', 'ftp://a/b', 'x'])
    def test_other_schemes(self, url):
        with pytest.raises(DownloadError, match='http:// or https://'):
            read_url(url)

    def test_nobody_answers(self, closed_port):
        with pytest.raises(DownloadError, match='no answer'):
            read_url(f'http://127.0.0.1:{closed_port}/a')

    def test_a_silent_server(self, server, monkeypatch):
        monkeypatch.setattr('spiga_mmpose.apis.download._SILENCE', 0.2)
        with pytest.raises(DownloadError, match='no answer'):
            read_url(f'{server}/silent')

    def test_limits(self, server):
        assert read_url(f'{server}/file.bin', max_bytes=len(BODY)) == BODY
        with pytest.raises(DownloadError, match='too large'):
            read_url(f'{server}/file.bin', max_bytes=len(BODY) - 1)
        with pytest.raises(DownloadError, match='not done after 0 seconds'):
            read_url(f'{server}/file.bin', max_seconds=0)

    @pytest.mark.parametrize('path', ['/slow', '/silent'])
    def test_all_of_it_takes_no_longer(self, server, path):
        begin = time.monotonic()
        with pytest.raises(DownloadError, match='not done after 0.2 seconds'):
            read_url(server + path, max_seconds=0.2)
        assert time.monotonic() - begin < 0.9

    def test_a_name_server_that_keeps_silent(self, monkeypatch):
        monkeypatch.setattr(socket, 'getaddrinfo', lambda *_: time.sleep(1))
        begin = time.monotonic()
        with pytest.raises(DownloadError, match='not done after 0.1 seconds'):
            read_url('http://example.org/a', max_seconds=0.1)
        assert time.monotonic() - begin < 0.9

    def test_checksum(self, server):
        good = hashlib.sha256(BODY).hexdigest()
        assert read_url(f'{server}/file.bin', sha256=good) == BODY
        with pytest.raises(DownloadError, match=f'aaa expected, {good} found'):
            read_url(f'{server}/file.bin', sha256='aaa')


class TestDownload:

    def test_checksum(self, server, tmp_path):
        path = tmp_path / 'file'
        good = hashlib.sha256(BODY).hexdigest()
        download(f'{server}/file.bin', str(path), good)
        assert path.read_bytes() == BODY
        with pytest.raises(DownloadError, match=f'aaa expected, {good} found'):
            download(f'{server}/file.bin', str(path), 'aaa')

    def test_progress(self, server, tmp_path, capsys):
        download(f'{server}/file.bin', str(tmp_path / 'file'))
        assert 'file.bin' in capsys.readouterr().err
