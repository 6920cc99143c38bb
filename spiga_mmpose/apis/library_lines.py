"""What other packages print and warn of, past Python or to no purpose."""
import os
import re
import sys
import tempfile
import warnings
from contextlib import contextmanager
from typing import Iterator, List

# A detector without weights (Haar), or with weights that do not name their
# classes; how MMEngine asks for versions; metainfo that MMPose finds by its
# name.
_EXPECTED = re.compile(
    r'.*use COCO classes by default|pkg_resources is deprecated as an API|'
    r'The metainfo config file .* will be used instead')


@contextmanager
def without_expected_warnings() -> Iterator[None]:
    """Leave these warnings out; others are given at the end.

    Kept and sorted, since a filter would not help: MMDet puts one of its own
    before all others.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        yield
    for warning in caught:
        if not _EXPECTED.match(str(warning.message)):
            warnings.warn_explicit(warning.message, warning.category,
                                   warning.filename, warning.lineno)


@contextmanager
def caught_stderr() -> Iterator[List[str]]:
    """Catch what is printed on stderr, also by OpenCV and its libraries, which
    do not name the file: yields a list that afterwards holds the lines. Of the
    whole process: for programs with one thread."""
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
