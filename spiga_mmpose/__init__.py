"""SPIGA for MMPose. Importing the package registers all of its parts."""
from ._requirements import check_requirements

check_requirements()

from . import (codecs, datasets, engine, evaluation, models,  # noqa: E402
               visualization)
from .version import __version__  # noqa: E402

__all__ = [
    '__version__', 'codecs', 'datasets', 'engine', 'evaluation', 'models',
    'visualization'
]
