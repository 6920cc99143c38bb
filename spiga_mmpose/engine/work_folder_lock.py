"""One training at a time in a work folder."""
import os
import os.path as osp
import socket
import sys
from contextlib import contextmanager
from datetime import datetime
from typing import Iterator

try:
    import fcntl
except ImportError:  # Windows: nothing is held there
    fcntl = None

NAME = 'training.lock'
# What tells a process of a launcher its number, before there is a group.
_RANKS = ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK', 'PMI_RANK')


@contextmanager
def work_folder_lock(folder: str, launcher: str = 'none') -> Iterator[None]:
    """Hold a work folder, which is made, so that no other process trains in
    it; else a ``ValueError`` says which one does.

    The system lets go of it when the process ends, however that happens. The
    file stays, empty. Of several processes of a ``launcher`` the first holds
    it.
    """
    ranks = [os.environ[name] for name in _RANKS if name in os.environ]
    if not fcntl or launcher != 'none' and ranks and ranks[0] != '0':
        yield
        return
    os.makedirs(folder, exist_ok=True)
    path = osp.join(folder, NAME)
    with open(path, 'a+', encoding='utf-8', errors='replace') as file:
        try:
            # Of the process alone: workers that outlive it hold nothing.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ValueError(
                f'another training runs in {folder}: {file.read(200)}; wait '
                'for its end, or give this one another --work-dir') from None
        file.truncate(0)
        file.write(f'process {os.getpid()} on {socket.gethostname()}, since '
                   f'{datetime.now():%Y-%m-%d %H:%M:%S} '
                   f'({osp.basename(sys.argv[0])})')
        file.flush()
        yield
        file.truncate(0)
