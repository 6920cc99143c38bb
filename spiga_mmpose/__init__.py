"""SPIGA for MMPose. Importing the package registers all of its parts."""
import warnings

from ._requirements import check_requirements
from .version import __version__

check_requirements()

with warnings.catch_warnings():
    # MMPose asks for its own folder in the old way; nobody here can help it.
    warnings.filterwarnings('ignore', message='pkg_resources is deprecated')
    from . import codecs, datasets, engine, evaluation, models, visualization

__all__ = [
    '__version__', 'codecs', 'datasets', 'engine', 'evaluation', 'models',
    'visualization'
]
