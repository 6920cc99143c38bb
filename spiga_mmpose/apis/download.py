"""Files from the web: http and https only, bounded, whole or not at all."""
import hashlib
import http.client
import os.path as osp
import re
import threading
import time
import urllib.error
import urllib.request
from concurrent import futures
from contextlib import contextmanager
from typing import Iterator, Optional
from urllib.parse import urlsplit

from tqdm import tqdm

_SCHEMES = ('http', 'https')
_BLOCK = 1 << 18  # bytes
_SILENCE = 20  # s without an answer or a further byte

# Not urllib's default opener: that one would also follow to ftp and file.
_opener = urllib.request.OpenerDirector()
for _handler in (urllib.request.ProxyHandler, urllib.request.HTTPHandler,
                 urllib.request.HTTPSHandler,
                 urllib.request.HTTPRedirectHandler,
                 urllib.request.HTTPDefaultErrorHandler,
                 urllib.request.HTTPErrorProcessor,
                 urllib.request.UnknownHandler):
    _opener.add_handler(_handler())
_opener.addheaders = [('User-Agent', 'spiga_mmpose')]


class DownloadError(OSError):
    """A URL cannot be read; the message says why, not which URL."""


def is_url(text: str) -> bool:
    """Return whether a text is a URL of any scheme, and not a path."""
    return re.match(r'[A-Za-z][A-Za-z0-9+.-]*://', text) is not None


def url_file(url: str) -> str:
    """File name in a URL's path; may be empty."""
    return osp.basename(urlsplit(url).path)


def read_url(url: str, max_bytes: int = 64 << 20, max_seconds: float = 120,
             sha256: Optional[str] = None) -> bytes:
    """Content of an http(s) URL, at most ``max_bytes``, by ``max_seconds``,
    also where a name server or a proxy keeps silent.

    :class:`DownloadError`: the scheme is another, the server does not answer
    with a whole file, a limit is exceeded, or the checksum is not ``sha256``.
    """
    future = futures.Future()

    def read():
        try:
            future.set_result(_read(url, max_bytes, max_seconds))
        except Exception as error:
            future.set_exception(error)

    # In a thread of its own: a look-up of a name has no time limit.
    threading.Thread(target=read, daemon=True).start()
    try:
        content = future.result(max_seconds)
    except futures.TimeoutError:
        raise DownloadError(f'not done after {max_seconds:g} seconds'
                            ) from None
    _check_sum(hashlib.sha256(content), sha256)
    return content


def _read(url: str, max_bytes: int, max_seconds: float) -> bytes:
    end = time.monotonic() + max_seconds
    content = bytearray()
    with _opened(url) as response:
        for block in _blocks(response):
            content += block
            if len(content) > max_bytes:
                raise DownloadError('the file is too large: expected at most '
                                    f'{max_bytes} bytes')
            if time.monotonic() > end:  # nobody waits for the rest
                raise DownloadError(f'not done after {max_seconds:g} seconds')
    return bytes(content)


def download(url: str, path: str, sha256: Optional[str] = None) -> None:
    """Write the content of a URL into a file, with a progress bar; errors are
    those of :func:`read_url`, after which the file may hold a part."""
    digest = hashlib.sha256()
    with _opened(url) as response, open(path, 'wb') as file, tqdm(
            desc=url_file(url), total=_length(response), unit='B',
            unit_scale=True) as bar:
        for block in _blocks(response):
            file.write(block)
            digest.update(block)
            bar.update(len(block))
    _check_sum(digest, sha256)


def _check_sum(digest, sha256: Optional[str]) -> None:
    found = digest.hexdigest()
    if sha256 not in (None, found):
        raise DownloadError('the file is another than expected: SHA-256 '
                            f'{sha256} expected, {found} found')


@contextmanager
def _opened(url: str) -> Iterator[http.client.HTTPResponse]:
    """The answer of a server; what goes wrong becomes a DownloadError."""
    if urlsplit(url).scheme.lower() not in _SCHEMES:
        raise DownloadError(f'expected a URL that starts with '
                            f'{" or ".join(f"{s}://" for s in _SCHEMES)}')
    try:
        with _opener.open(url, timeout=_SILENCE) as response:
            yield response
    except urllib.error.HTTPError as error:
        raise DownloadError(
            f'the server answers {error.code} {error.reason}') from None
    except urllib.error.URLError as error:
        raise DownloadError(f'no answer: {error.reason}') from None
    except TimeoutError:
        raise DownloadError(f'no answer for {_SILENCE} seconds') from None
    except (http.client.HTTPException, ConnectionError, ValueError) as error:
        raise DownloadError(f'no whole answer: {type(error).__name__} '
                            f'{error}') from None


def _length(response: http.client.HTTPResponse) -> Optional[int]:
    length = response.headers.get('Content-Length', '')
    return int(length) if length.isdigit() else None


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body, block by block; an error where it ends too early."""
    done, expected = 0, _length(response)
    while block := response.read1(_BLOCK):  # what has arrived
        done += len(block)
        yield block
    if expected is not None and done != expected:
        raise DownloadError(f'the connection ended after {done} of '
                            f'{expected} bytes')
