"""Files are written whole or not at all."""
import os
import os.path as osp
import stat
import tempfile

import mmengine
from mmengine.fileio import LocalBackend, register_backend

# Modes that open() takes from a new file. Reading the mask sets it for a
# moment, for all threads: once, on import.
_MASK = os.umask(0)
os.umask(_MASK)


@register_backend('local', prefixes='', force=True)
class AtomicLocalBackend(LocalBackend):
    """MMEngine's local files, of which a full disk leaves no half.

    Takes the place of MMEngine's backend when this package is imported, so
    that a checkpoint that cannot be written whole leaves the one before it,
    also under the same name.
    """

    def put(self, obj: bytes, filepath) -> None:
        """Write bytes beside ``filepath`` and move them there when complete.

        Args:
            obj (bytes): Content.
            filepath (str | Path): Where to; its folder is made.

        Raises:
            OSError: If it cannot be written; what was there before stays.
        """
        target = osp.realpath(filepath)  # a link stays one
        folder, name = osp.split(target)
        mmengine.mkdir_or_exist(folder)
        part = None
        try:
            with tempfile.NamedTemporaryFile(
                    dir=folder, prefix=f'.{name}.', delete=False) as file:
                part = file.name
                file.write(obj)
            # The mode that open() would have left.
            os.chmod(part, stat.S_IMODE(os.stat(target).st_mode)
                     if osp.exists(target) else 0o666 & ~_MASK)
            os.replace(part, target)
        except BaseException as error:
            if part is not None and osp.exists(part):
                os.remove(part)
            if isinstance(error, OSError):
                raise OSError(
                    error.errno,
                    f'{len(obj) / 2**20:.0f} MiB could not be written '
                    f'({error.strerror}); files written before are '
                    'untouched: make room and go on with --resume',
                    str(filepath)) from error
            raise
