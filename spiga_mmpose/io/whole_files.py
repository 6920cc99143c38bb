"""Files that are written whole or not at all."""
import os
import os.path as osp
import secrets
import stat
from typing import Union


def write_whole(path: Union[str, os.PathLike],
                content: Union[str, bytes]) -> None:
    """Write a file beside its place and move it there when it is complete.

    A full disk, a kill or an error leaves what was there before. A link stays
    one, and a file keeps its mode.

    Args:
        path (str | PathLike): The file; its folder must exist.
        content (str | bytes): Text is written as UTF-8.

    Raises:
        OSError: If it cannot be written; the message names the file.
    """
    if isinstance(content, str):
        content = content.encode()
    target = osp.realpath(path)
    folder, name = osp.split(target)
    part = osp.join(folder, f'.{name[:100]}.{secrets.token_hex(4)}')
    try:
        with open(part, 'xb') as file:
            file.write(content)
        if osp.exists(target):
            os.chmod(part, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(part, target)
    except BaseException as error:
        if osp.exists(part):
            os.remove(part)
        if isinstance(error, OSError):
            # The temporary file's name would tell nobody anything.
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
