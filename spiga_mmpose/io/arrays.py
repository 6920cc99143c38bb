"""Numbers out of files as arrays; text and truth values are no numbers.

NumPy would make 1 of ``'1'`` and of ``True``.
"""
from itertools import chain
from reprlib import repr as short
from typing import Any

import numpy as np
import torch

# The product of two larger numbers may be too large for a float64.
LARGEST = 1e100
_NUMBERS = (int, float, np.integer, np.floating)
_LISTS = (list, tuple, np.ndarray)
_MAX_DIMENSIONS = 4  # landmarks after each step: (1, S+1, L, 2)


def as_array(values: Any, bools: bool = False) -> np.ndarray:
    """A float64 array of an array, tensor, number or nested list.

    With ``bools``, truth values count as 0 and 1. NaN and infinity pass;
    anything but numbers, and lists of different lengths, raise ``ValueError``:
    ``must be numbers, found ...``.
    """
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        if values.dtype == torch.bfloat16:  # NumPy has none
            values = values.float()
        values = values.numpy()
    elif not isinstance(values, np.ndarray):
        values = _of_list(values, bools)
    if values.dtype.kind not in ('biuf' if bools else 'iuf'):
        raise ValueError(f'must be numbers, found {values.dtype} '
                         f'{short(values.tolist())}')
    return values.astype(np.float64, copy=False)


def _of_list(values, bools):
    try:
        leaves = _leaves(values)
        # By type and not by value: 100,000 faces have 20 million numbers.
        wrong = [kind for kind in set(map(type, leaves))
                 if not _is_number(kind, bools)]
        array = None if wrong else np.array(values, np.float64)
    except OverflowError:
        raise ValueError('must be numbers, found an integer too large for '
                         'a float') from None
    except (TypeError, ValueError):
        raise ValueError('must be numbers in lists of equal length, found '
                         f'{short(values)}') from None
    if wrong:
        leaf = next(leaf for leaf in leaves if type(leaf) in wrong)
        raise ValueError(f'must be numbers, found {short(leaf)}')
    return array


def _leaves(values):
    leaves = values if isinstance(values, _LISTS) else [values]
    for _ in range(_MAX_DIMENSIONS):
        if not len(leaves) or not isinstance(leaves[0], _LISTS):
            break
        leaves = list(chain.from_iterable(leaves))
    return leaves


def _is_number(kind, bools):
    if issubclass(kind, (bool, np.bool_)):
        return bools
    return issubclass(kind, _NUMBERS)


def is_valid(numbers: np.ndarray) -> np.ndarray:
    """Mask of numbers that are finite and small enough to compute with."""
    return np.abs(numbers) <= LARGEST  # False for NaN
