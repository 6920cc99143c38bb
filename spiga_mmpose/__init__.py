"""SPIGA for MMPose. Importing the package registers all of its parts."""
import warnings

from ._requirements import check_requirements
from .version import __version__

check_requirements()
# How MMEngine asks for versions, on import and with many a config: nobody who
# reads the warning can change that.
warnings.filterwarnings('ignore', message='pkg_resources is deprecated')

from . import (codecs, datasets, engine, evaluation, models,  # noqa: E402
               visualization)
from .package_files import register_base_configs  # noqa: E402

register_base_configs()

__all__ = [
    '__version__', 'codecs', 'datasets', 'engine', 'evaluation', 'models',
    'visualization'
]
