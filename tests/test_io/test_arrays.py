"""Numbers are taken, and nothing that NumPy would make numbers of."""
import numpy as np
import pytest
import torch

from spiga_mmpose.io import as_array, is_valid


@pytest.mark.parametrize('values', [
    [[1, 2.5], [3, 4]], ((1, 2.5), (3, 4)), np.array([[1, 2.5], [3, 4]]),
    [np.array([1, 2.5]), [np.float32(3), np.int8(4)]],
    torch.tensor([[1, 2.5], [3, 4]], requires_grad=True),
    torch.tensor([[1, 2.5], [3, 4]], dtype=torch.bfloat16)
], ids=range(6))  # yapf: disable
def test_numbers(values):
    found = as_array(values)
    assert found.dtype == np.float64
    assert found.tolist() == [[1, 2.5], [3, 4]]


def test_shapes():
    assert as_array(5).shape == ()
    assert as_array([]).shape == (0, )
    assert as_array(np.zeros((1, 3, 98, 2)).tolist()).shape == (1, 3, 98, 2)


@pytest.mark.parametrize('values, found', [
    ('1', "'1'"), ([['1', '2']], "'1'"), ([1, None], 'None'),
    (True, 'True'), ([1, True], 'True'), ([np.True_], 'True'),
    ([[1], [2, 3]], 'equal length'), ([[1], 2], 'equal length'),
    ([1, [2]], r'\[2\]'), ({}, '{}'), (b'1', "b'1'"), ([10**400], 'too large'),
    (np.array(['1', '2']), '<U1'), (np.array([True]), 'bool'),
    (torch.tensor([True]), 'bool'), (torch.tensor([1j]), 'complex'),
], ids=str)  # yapf: disable
def test_no_numbers(values, found):
    with pytest.raises(ValueError, match=f'^must be numbers.*{found}'):
        as_array(values)


def test_a_list_that_holds_itself():
    values = []
    values.append(values)
    with pytest.raises(ValueError, match='must be numbers'):
        as_array(values)


def test_truth_values_where_they_are_meant():
    for values in ([[True, False]], np.array([[True, False]]),
                   torch.tensor([[True, False]]), [[1, 0]]):
        assert as_array(values, bools=True).tolist() == [[1, 0]]
    with pytest.raises(ValueError, match="found '1'"):
        as_array([True, '1'], bools=True)


def test_valid():
    numbers = np.array([0, -1e9, 1e300, -1e300, np.nan, np.inf])
    assert is_valid(numbers).tolist() == [True, True] + 4 * [False]
