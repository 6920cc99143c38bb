"""Capture what OpenCV and its libraries print on stderr, past Python.

They do not name the file, and what matters of it is said by whoever reads or
writes the file.
"""
import os
import sys
import tempfile
from contextlib import contextmanager
from typing import Iterator, List


@contextmanager
def caught_stderr() -> Iterator[List[str]]:
    """Catch what is printed on stderr, also by C libraries.

    It is of the whole process: for programs with one thread.

    Yields:
        list[str]: Empty; afterwards the lines that were printed.
    """
    lines = []
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            lines += file.read().decode('utf-8', 'replace').splitlines()
