"""SPIGA for MMPose. Importing the package registers all of its parts."""
import warnings

from ._requirements import check_requirements
from .version import __version__

check_requirements()
# How MMEngine asks for versions; nobody who reads the warning can change
# that. The filter is taken away again, and no other.
warnings.filterwarnings('ignore', message='pkg_resources is deprecated')
_filter = warnings.filters[0]

from . import (codecs, datasets, engine, evaluation, models,  # noqa: E402
               visualization)
from ._install import install  # noqa: E402

install()
if _filter in warnings.filters:
    warnings.filters.remove(_filter)

__all__ = [
    '__version__', 'codecs', 'datasets', 'engine', 'evaluation', 'models',
    'visualization'
]
