"""Files are written whole or not at all."""
import os
import os.path as osp
import tempfile

import mmengine
from mmengine.fileio import LocalBackend, register_backend


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
        folder, name = osp.split(osp.abspath(filepath))
        mmengine.mkdir_or_exist(folder)
        part = None
        try:
            with tempfile.NamedTemporaryFile(
                    dir=folder, prefix=f'.{name}.', delete=False) as file:
                part = file.name
                file.write(obj)
            # The mode that open() would have given.
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(part, 0o666 & ~mask)
            os.replace(part, filepath)
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
