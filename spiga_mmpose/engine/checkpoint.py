"""Checkpoints are data: nothing in them runs, whatever the torch.

They load with ``weights_only=True``; where torch is too old for an allow-list
(before 2.4), with an unpickler that keeps the same rule.

MMEngine's checkpoints hold, beside tensors, NumPy arrays (the dataset's
metainfo) and ``HistoryBuffer`` (the log). These few classes are allow-listed;
everything else that a pickle could call stays forbidden. Who uses the loaders
is said in :mod:`spiga_mmpose._install`.
"""
import os
import os.path as osp
import pickle
import re
import types
import zipfile
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.dist import barrier, get_rank
from mmengine.logging.history_buffer import HistoryBuffer

from spiga_mmpose.io import RestrictedUnpickler


def _named(function, module: str):
    """A function under the name that it has in the pickles of a module."""

    def alias(*args):
        return function(*args)

    alias.__module__ = module
    alias.__name__ = alias.__qualname__ = function.__name__
    return alias


def _statistics_method(owner, name):
    """All that ``HistoryBuffer`` needs of ``getattr``, and no more."""
    if owner is not HistoryBuffer or name not in ('min', 'max', 'current',
                                                  'mean'):
        raise pickle.UnpicklingError(f'unsupported getattr of {name!r}')
    return getattr(owner, name)


_statistics_method.__name__ = 'getattr'

# What restores arrays and numbers; NumPy 2 has moved both.
_restore = [np.array(0).__reduce__()[0], np.float64(0).__reduce__()[0]]
# ``bytes`` makes the data of an empty array.
ALLOWED = [HistoryBuffer, np.ndarray, np.dtype, bytes] + [
    _named(function, module) for function in _restore
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray')
] + [_named(_statistics_method, 'builtins')
     ] + list({type(np.dtype(kind)) for kind in '?bBhHiIlLqQefdU'})
AS_DATA = 'as_data:'  # before a path or URL, for MMEngine's loader
_CAN_ALLOW = hasattr(torch.serialization, 'add_safe_globals')


class _Unpickler(RestrictedUnpickler):
    """The same rule for torch before 2.4, which knows no allow-list."""
    allowed = {
        **RestrictedUnpickler.allowed,
        ('torch._utils', '_rebuild_parameter'):
        torch._utils._rebuild_parameter,
        (HistoryBuffer.__module__, 'HistoryBuffer'): HistoryBuffer,
        ('builtins', 'getattr'): _statistics_method,
        ('__builtin__', 'getattr'): _statistics_method,
    }


# What torch.load asks of a pickle module.
_restricted_pickle = types.SimpleNamespace(
    __name__='restricted_pickle',
    Unpickler=_Unpickler,
    load=lambda file, **kwargs: _Unpickler(file, **kwargs).load())


def _torch_load(filename, map_location):
    if _CAN_ALLOW:
        return torch.load(
            filename, map_location=map_location, weights_only=True)
    return torch.load(
        filename, map_location=map_location, pickle_module=_restricted_pickle)


def load_from_local(filename, map_location='cpu'):
    """Load a checkpoint file without running anything that it holds.

    Args:
        filename (str): Path of a ``.pth`` or ``.pt`` file.
        map_location: As in ``torch.load``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is cut short or damaged, is no checkpoint,
            holds anything but tensors and the allow-listed classes, or numbers
            in tensors that are NaN or infinite.
    """
    filename = osp.expanduser(filename)
    if not osp.isfile(filename):
        raise FileNotFoundError(f'{filename}: no such checkpoint')
    try:
        check_sums(filename)
        loaded = _torch_load(filename, map_location)
    except pickle.UnpicklingError as error:
        # The sentence that names what was found; others of torch's message
        # say how to switch the safety off.
        named = re.search('(unsupported|it holds) .*', str(error),
                          re.IGNORECASE)
        reason = (named.group() if named else str(error)).split('. ')[0]
        raise ValueError(
            f'{filename}: refused: expected a checkpoint of tensors and '
            f'plain data, found something else or code in it ({reason}); '
            'use a file that this project or MMPose saved') from None
    except Exception as error:  # what a broken pickle raises is anything
        reason = str(error).split('\n')[0] or type(error).__name__
        if 'weights_only' in reason:  # torch's advice to switch safety off
            reason = 'a program of TorchScript'
        raise ValueError(f'{filename}: not a whole checkpoint file '
                         f'({reason[:200]}); copy or download it again'
                         ) from None
    _check_form(filename, loaded)
    _check_tensors(filename, loaded)
    return loaded


def check_sums(filename: str) -> None:
    """Compare the parts of a file of ``torch.save`` with their checksums.

    ``torch.load`` does not. The format of before torch 1.6 has none, and
    without sums saves who asks torch to. What is raised of a wrong one, or of
    parts, which torch never compresses, larger than the file, is anything.
    """
    if not zipfile.is_zipfile(filename):
        return
    with zipfile.ZipFile(filename) as file:
        parts = file.infolist()
        if sum(part.file_size for part in parts) > osp.getsize(filename):
            raise ValueError('its parts are larger than the file')
        for part in parts:
            if part.CRC:
                with file.open(part) as content:
                    while content.read(1 << 20):  # raises at the end
                        pass


def _check_form(filename: str, loaded) -> None:
    """Refuse a checkpoint whose parts are of other types than MMEngine's."""
    if not isinstance(loaded, dict):
        return  # who needs one says so
    meta = loaded.get('meta') or {}
    inner = meta.get('dataset_meta') or {} if isinstance(meta, dict) else {}
    for place, owner, key, kind in [
        ('', loaded, 'state_dict', dict),
        ('', loaded, 'meta', dict),
        ('meta.', meta, 'epoch', int),
        ('meta.', meta, 'iter', int),
        ('meta.', meta, 'dataset_meta', dict),
        ('meta.dataset_meta.', inner, 'num_keypoints', int),
        ('meta.dataset_meta.', inner, 'dataset_name', str),
        ('meta.dataset_meta.', inner, 'flip_indices', list),
    ]:
        value = owner.get(key) if isinstance(owner, dict) else None
        if value is not None and not isinstance(value, kind):
            raise ValueError(
                f'{filename}: {place}{key}: expected {kind.__name__}, found '
                f'{type(value).__name__}; use a file that this project or '
                'MMPose saved')
    for names in (loaded, loaded.get('state_dict') or {}):
        other = next((n for n in names if not isinstance(n, str)), None)
        if other is not None:
            raise ValueError(
                f'{filename}: a name in it is of {type(other).__name__}: '
                'expected text; use a file that this project or MMPose saved')


def _check_tensors(filename: str, loaded) -> None:
    """Refuse tensors that are not finite, or views larger than the file."""
    size, broken = osp.getsize(filename), []
    waiting, seen = [('', loaded)], set()
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, (dict, list, tuple)):
            if id(value) not in seen:
                seen.add(id(value))
                items = (
                    value.items()
                    if isinstance(value, dict) else enumerate(value))
                waiting += [(f'{name}.{key}', item) for key, item in items]
        elif isinstance(value, torch.Tensor):
            if (value.layout is not torch.strided
                    or value.numel() * value.element_size() > size):
                raise ValueError(f'{filename}: {name[1:200]}: expected a '
                                 'dense tensor no larger than the file')
            if value.is_floating_point() and not torch.isfinite(value).all():
                broken.append(name[1:200])
    if broken:
        raise ValueError(
            f'{filename}: {len(broken)} tensors are NaN or infinite, '
            f'{broken[-1]} among them: the file is damaged, or the training '
            'was; copy it again, or use an earlier checkpoint')


def load_from_http(filename, map_location='cpu'):
    """Download a checkpoint, once, and load it by :func:`load_from_local`.

    Raises:
        OSError: If it cannot be downloaded.
    """
    path = osp.join(torch.hub.get_dir(), 'checkpoints',
                    osp.basename(urlparse(filename).path))
    if get_rank() == 0:
        _download(filename, path)
    barrier()
    if get_rank() > 0:  # another machine has files of its own
        _download(filename, path)
    return load_from_local(path, map_location)


def _download(url: str, path: str) -> None:
    if osp.isfile(path):
        return
    os.makedirs(osp.dirname(path), exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, path, progress=False)
    except OSError as error:
        raise OSError(f'{url}: cannot be downloaded: {error}') from None


def load_as_data(filename, map_location='cpu'):
    """Load what ``as_data:PATH`` or ``as_data:URL`` names.

    So functions of others that take a checkpoint's path, as MMDet's
    ``init_detector``, load it safely.
    """
    filename = filename[len(AS_DATA):]
    load = (load_from_http if filename.startswith(('http://', 'https://'))
            else load_from_local)
    return load(filename, map_location)
