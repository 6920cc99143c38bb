"""Reading what ``tools/test.py --dump`` writes, without trusting it.

A pickle is a program: a plain ``pickle.load`` of a stranger's file runs what
the stranger wrote. Here it can only build numbers, text, lists, dicts, NumPy
arrays of numbers or text, and torch tensors.
"""
import collections
import io
import pickle

import numpy as np
import torch


def _plain_dtype(name, align=False, copy=False):
    dtype = np.dtype(name, align=align, copy=copy)
    # An array of objects could be given raw bytes as addresses.
    if dtype.kind not in 'biufSU':
        raise pickle.UnpicklingError(f'arrays of {dtype} are not allowed')
    return dtype


def _tensor_storage(data):
    # torch's own function of that name unpickles the bytes unguarded.
    return torch.load(io.BytesIO(data), weights_only=True)


def _latin1(text, encoding):
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f'encoding {encoding!r} is not allowed')
    return text.encode('latin1')


def _allowed():
    """Every function that arrays and tensors are pickled by."""
    array = np.zeros(1)
    core = {
        '_reconstruct': array.__reduce__()[0],
        'scalar': np.float64(0).__reduce__()[0],
        '_frombuffer': array.__reduce_ex__(5)[0],
    }
    allowed = {
        (f'numpy.{package}.{module}', name): function
        for package in ('core', '_core')
        for module in ('multiarray', 'numeric')
        for name, function in core.items()
    }
    allowed.update({
        ('numpy', 'ndarray'): np.ndarray,
        ('numpy', 'dtype'): _plain_dtype,
        ('torch', 'Size'): torch.Size,
        ('torch._utils', '_rebuild_tensor_v2'):
        torch._utils._rebuild_tensor_v2,
        ('torch.storage', '_load_from_bytes'): _tensor_storage,
        ('collections', 'OrderedDict'): collections.OrderedDict,
        ('_codecs', 'encode'): _latin1,
        ('__builtin__', 'bytes'): lambda: b'',
        ('builtins', 'bytes'): lambda: b'',
    })
    return allowed


class RestrictedUnpickler(pickle.Unpickler):
    """Builds what is ``allowed``, by module and name, and nothing else."""
    allowed = _allowed()

    def find_class(self, module, name):
        """Resolve a global of a pickle, if it is allowed.

        Raises:
            UnpicklingError: If it is none of the allowed ones.
        """
        try:
            return self.allowed[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f'it holds {module}.{name}; only numbers, text, NumPy arrays '
                'and torch tensors are read, since anything else could run '
                'code') from None


def load_dump(path: str) -> list:
    """Read a file that ``tools/test.py --dump`` (``DumpResults``) wrote.

    Args:
        path (str): The pickle.

    Returns:
        list[dict]: The data samples as plain dicts.

    Raises:
        ValueError: If the file is damaged, or holds anything but such
            samples; the message names the file. Nothing in it is run.
        OSError: If it cannot be read.
    """
    with open(path, 'rb') as file:
        try:
            samples = RestrictedUnpickler(file).load()
        # A damaged pickle may raise anything at all.
        except Exception as error:
            raise ValueError(f'{path}: not a readable results file: '
                             f'{error or type(error).__name__}') from None
    if not isinstance(samples, list) or not all(
            isinstance(sample, dict) for sample in samples):
        raise ValueError(f'{path}: expected a list of data samples, as '
                         'tools/test.py --dump writes')
    return samples
