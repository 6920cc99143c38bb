"""A limit on the size of files, which stands for a full disk."""
import signal
from contextlib import contextmanager

import pytest


@contextmanager
def small_disk(limit):
    """Within it no file may have more than ``limit`` bytes."""
    resource = pytest.importorskip('resource', reason='needs Linux or macOS')
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
