"""Files are written whole or not at all."""
import os.path as osp

import mmengine
from mmengine.fileio import LocalBackend

from spiga_mmpose.io import write_whole


class WholeFileBackend(LocalBackend):
    """MMEngine's local files, of which a full disk leaves no half.

    Its name is ``'whole_file'``: a checkpoint that cannot be written leaves
    the one before it, also under the same name.
    """

    def put(self, obj: bytes, filepath) -> None:
        """Write bytes beside ``filepath`` and move them there when complete;
        its folder is made."""
        mmengine.mkdir_or_exist(osp.dirname(osp.realpath(filepath)))
        try:
            write_whole(filepath, obj)
        except OSError as error:
            raise OSError(
                error.errno,
                f'{len(obj) / 2**20:.0f} MiB could not be written '
                f'({error.strerror}); files written before are untouched: '
                'make room and resume with --resume', error.filename) from None
