"""Reading what ``tools/test.py --dump`` writes, without trusting it.

A pickle is a program: a plain ``pickle.load`` of a stranger's file runs what
the stranger wrote. Here it can only build numbers, text, lists, dicts, NumPy
arrays of numbers or text, and torch tensors. Nor does it take more memory
than the file has bytes, but for a small factor.
"""
import collections
import io
import math
import mmap
import pickle
import pickletools

import numpy as np
import torch


def _plain_dtype(name, align=False, copy=False):
    dtype = np.dtype(name, align=align, copy=copy)
    # An array of objects could be given raw bytes as addresses.
    if dtype.kind not in 'biufSU':
        raise pickle.UnpicklingError(f'arrays of {dtype} are not allowed')
    return dtype


def _empty_array(kind, shape, dtype):
    # NumPy pickles an empty array and fills it. One of another shape would
    # take memory for which there are no bytes in the file.
    return np.ndarray((0, ), np.int8)


def _tensor_storage(data):
    # torch's own function of that name unpickles the bytes unguarded. It
    # writes no zip file, which could unpack to anything.
    if data.startswith(b'PK'):
        raise pickle.UnpicklingError('a tensor in a zip file is not allowed')
    return torch.load(io.BytesIO(data), weights_only=True)


def _tensor(storage, offset, size, stride, *rest):
    # Strides of 0 would let a few bytes stand for a tensor of any size; of a
    # small one they are an expanded tensor.
    if math.prod(size) > max(storage._size(), 1 << 20):
        raise pickle.UnpicklingError(
            f'a tensor of {tuple(size)} has only {storage._size()} values')
    return torch._utils._rebuild_tensor_v2(storage, offset, size, stride,
                                           *rest)


def _latin1(text, encoding):
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f'encoding {encoding!r} is not allowed')
    return text.encode('latin1')


def _allowed():
    """Every function that arrays and tensors are pickled by."""
    scalar = np.float64(0).__reduce__()[0]
    core = {
        '_reconstruct': _empty_array,
        # Without the data it would be as many zeros as the type says.
        'scalar': lambda dtype, data: scalar(dtype, data),
        '_frombuffer': np.zeros(1).__reduce_ex__(5)[0],
    }
    allowed = {
        (f'numpy.{package}.{module}', name): function
        for package in ('core', '_core')
        for module in ('multiarray', 'numeric')
        for name, function in core.items()
    }
    allowed.update({
        ('numpy', 'ndarray'): _empty_array,
        ('numpy', 'dtype'): _plain_dtype,
        ('torch', 'Size'): torch.Size,
        ('torch._utils', '_rebuild_tensor_v2'): _tensor,
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
        """Resolve a global of a pickle, if it is allowed."""
        try:
            return self.allowed[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f'it holds {module}.{name}; only numbers, text, NumPy arrays '
                'and torch tensors are read, since anything else could run '
                'code') from None


def _check_lengths(content) -> None:
    """Raise an error if a pickle announces more than it holds.

    ``pickletools`` refuses lengths beyond the end. The index of a memo is a
    number like any other; but the unpickler makes a table up to it.
    """
    for count, (opcode, argument, _) in enumerate(
            pickletools.genops(content), 1):
        if opcode.name.endswith('PUT') and argument > count:
            raise pickle.UnpicklingError(
                f'memo index {argument} after {count} operations')


def load_dump(path: str) -> list:
    """The data samples of a file of ``tools/test.py --dump``, as plain dicts.

    Raises:
        ValueError: If the file is damaged, or holds anything but such samples;
            the message names the file. Nothing in it is run.
        OSError: If it cannot be read.
    """
    with open(path, 'rb') as file:
        try:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as all_:
                _check_lengths(all_)
                all_.seek(0)
                samples = RestrictedUnpickler(all_).load()
        # A damaged pickle may raise anything at all.
        except Exception as error:
            raise ValueError(f'{path}: not a readable results file: '
                             f'{error or type(error).__name__}') from None
    if not isinstance(samples, list) or not all(
            isinstance(sample, dict) for sample in samples):
        raise ValueError(f'{path}: expected a list of data samples, as '
                         'tools/test.py --dump writes')
    return samples
