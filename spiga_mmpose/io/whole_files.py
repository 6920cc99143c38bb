"""Files that are whole at every moment: replaced, or appended to."""
import io
import os
import os.path as osp
import re
import secrets
import stat
import tempfile
from contextlib import contextmanager, suppress
from typing import Dict, Iterator, Union

import torch


def write_whole(path: Union[str, os.PathLike],
                content: Union[str, bytes]) -> None:
    """Write a file beside its place and move it there when it is complete.

    A full disk, a kill or an error leaves what was there before. A link stays
    one, and a file keeps its mode. Text is written as UTF-8.

    Raises:
        OSError: If it cannot be written; the message names the file.
    """
    write_all({path: content})


def write_all(contents: Dict[Union[str, os.PathLike],
                             Union[str, bytes]]) -> None:
    """Write files that belong together, content by path: all, or none."""
    parts = {}
    try:
        for path, content in contents.items():
            folder, name = osp.split(osp.realpath(path))
            part = osp.join(folder, f'.{name[:100]}.{secrets.token_hex(4)}')
            with open(part, 'xb') as file:
                parts[path] = part
                file.write(
                    content.encode() if isinstance(content, str) else content)
        for path, part in parts.items():
            target = osp.realpath(path)
            if osp.exists(target):
                os.chmod(part, stat.S_IMODE(os.stat(target).st_mode))
            os.replace(part, target)
    except OSError as error:
        # The temporary file's name would tell nobody anything.
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        for part in parts.values():
            if osp.exists(part):
                os.remove(part)


def remove_parts(folder: str, names: str) -> None:
    """Remove what killed processes have left of :func:`write_all` in a folder
    where nobody else writes now; ``names`` is a regular expression."""
    for name in os.listdir(folder):
        if re.fullmatch(rf'\.(?:{names})\.[0-9a-f]{{8}}', name):
            os.remove(osp.join(folder, name))


def write_tensors(content: object, path: Union[str, os.PathLike]) -> None:
    """Write a file of ``torch.save`` as :func:`write_whole` does."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_whole(path, buffer.getvalue())


class GrowingFile:
    """A text file that is whole after every addition; what is there is
    replaced.

    What ends the file (``tail``: brackets, an index) is written anew behind
    what is added. An addition that fails, as on a full disk, leaves no trace,
    and its ``OSError`` names the file.
    """

    def __init__(self, path: Union[str, os.PathLike], tail: str = '') -> None:
        write_whole(path, tail)
        self._path = path
        self._end, self._tail = 0, tail.encode()
        self._file = open(path, 'r+b', buffering=0)

    def add(self, text: str, tail: str = '') -> None:
        """Write a text behind those before, and the new end of the file."""
        content, after = text.encode(), tail.encode()
        try:
            self._write(content + after)
        except OSError as error:
            with suppress(OSError):
                self._write(self._tail)
            raise OSError(error.errno, error.strerror,
                          str(self._path)) from None
        self._end, self._tail = self._end + len(content), after

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, content: bytes) -> None:
        self._file.seek(self._end)
        while content:
            content = content[self._file.write(content):]
        self._file.truncate()


@contextmanager
def staging_folder(folder: str) -> Iterator[str]:
    """A new folder in ``folder`` for files of other writers, which are moved
    to ``folder`` at the end, by name, or deleted after an error.

    An ``OSError`` of a file in it names the file in ``folder`` instead.
    """
    with tempfile.TemporaryDirectory(
            prefix='unfinished_', dir=folder) as unfinished:
        try:
            yield unfinished
        except OSError as error:
            name = osp.basename(str(error.filename or ''))
            if error.filename == osp.join(unfinished, name):
                error.filename = osp.join(folder, name)
            raise
        for name in sorted(os.listdir(unfinished)):
            os.replace(osp.join(unfinished, name), osp.join(folder, name))
