"""Configs and checkpoints that come with the package.

They lie in its folder ``.mim``, as MMPose's do; in a checkout that folder
holds links to the folders of the repository.
"""
import os.path as osp

from mmengine.config import Config

_FOLDER = osp.join(osp.dirname(osp.abspath(__file__)), '.mim')
_PREFIX = 'spiga_mmpose::'


def find_config(name: str) -> str:
    """Path of a config below ``configs`` that comes with the package, e.g.
    ``'spiga_wflw.py'``; ``ValueError`` if there is none of this name."""
    return _find('configs', name)


def find_checkpoint(name: str) -> str:
    """Path of a checkpoint that comes with the package, e.g.
    ``'spiga_photo.pth'``; ``ValueError`` if there is none of this name."""
    return _find('checkpoints', name)


def _find(folder: str, name: str) -> str:
    path = osp.realpath(osp.join(_FOLDER, folder, name))
    if not osp.isfile(path):
        raise ValueError(f'no file {path} among the {folder} of spiga_mmpose')
    return path


def register_base_configs() -> None:
    """Let configs begin with ``_base_ = 'spiga_mmpose::NAME.py'``.

    MMEngine takes such names of OpenMMLab's packages alone, and looks for the
    parts in registries of the package; ours are in MMPose's.
    """
    of_mmengine = Config._get_cfg_path

    def get_cfg_path(cfg_path, filename):
        if cfg_path.startswith(_PREFIX):
            return find_config(cfg_path[len(_PREFIX):]), None
        return of_mmengine(cfg_path, filename)

    Config._get_cfg_path = staticmethod(get_cfg_path)
