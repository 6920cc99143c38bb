"""Warnings of other packages about what is meant to be so."""
import re
import warnings
from contextlib import contextmanager
from typing import Iterator

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
