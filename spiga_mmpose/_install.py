"""What this package changes in the libraries that it stands on: all of it.

Beside this there are the registries of MMPose, which get parts under new
names.
"""
import warnings

import torch
from mmengine.fileio import register_backend
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from .datasets.synthetic_face_dataset import SyntheticFaceBackend
from .datasets.transforms.loading import FaceImageBackend
from .engine.checkpoint import (ALLOWED, AS_DATA, load_as_data, load_from_http,
                                load_from_local)
from .engine.whole_file_backend import WholeFileBackend
from .package_files import register_base_configs


def install() -> None:
    """Make the additions that ``import spiga_mmpose`` makes, once.

    * File backends under names of their own: ``synthetic`` (also the prefix
      ``synthetic://``: MMPose's visualization hook reads synthetic faces by
      it), ``face_image`` (checked image files for MMDet's loader, see
      ``configs/detection``) and ``whole_file`` (checkpoints of
      ``SafeCheckpointHook`` and ``StageHook``).
    * Names of configs, ``spiga_mmpose::NAME.py``, for ``_base_``.
    * A scheme of checkpoint paths, ``as_data:``: what follows is loaded
      without running anything in it, whatever the torch.
    * A few harmless classes in the allow-list of ``torch.load`` with
      ``weights_only=True`` (:data:`~spiga_mmpose.engine.checkpoint.ALLOWED`).

    What users of MMPose or MMDet in the same process load and write goes
    through MMEngine's own loaders and backends. The allow-list alone reaches
    them: MMEngine's checkpoints that torch from 2.6 refuses for their NumPy
    arrays and logs do load; what holds anything else is refused as before.

    Raises:
        ValueError: If another package has taken the name of a backend.
    """
    register_backend('synthetic', SyntheticFaceBackend, prefixes='synthetic')
    register_backend('face_image', FaceImageBackend)
    register_backend('whole_file', WholeFileBackend)
    register_base_configs()
    CheckpointLoader.register_scheme(AS_DATA, load_as_data)
    if hasattr(torch.serialization, 'add_safe_globals'):
        torch.serialization.add_safe_globals(ALLOWED)


def install_for_tools() -> None:
    """Replace MMEngine's loaders and local files, in a process of our own.

    For ``tools/train.py`` and ``tools/test.py``, where all files are the
    run's: every checkpoint is loaded as data and every file is written whole,
    initial weights of backbones and dumped predictions as well.
    """
    register_backend('local', WholeFileBackend, prefixes='', force=True)
    CheckpointLoader.register_scheme('', load_from_local, force=True)
    CheckpointLoader.register_scheme(('http://', 'https://'),
                                     load_from_http, force=True)
    # torchvision:// and openmmlab:// find it by this name.
    mmengine_checkpoint.load_from_http = load_from_http
    warnings.filterwarnings('ignore', message='pkg_resources is deprecated')
