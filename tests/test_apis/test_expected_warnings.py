"""Which warnings are left out, and which are not."""
import warnings

import pytest

from spiga_mmpose.apis.library_lines import without_expected_warnings

EXPECTED = [
    'checkpoint is None, use COCO classes by default.',
    'pkg_resources is deprecated as an API. See https://setuptools...',
    'The metainfo config file "a/wflw.py" does not exist. A matched config '
    'file "b/wflw.py" will be used instead.',
]


def given(*messages):
    """What is left of warnings that come one after the other."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        with without_expected_warnings():
            warnings.simplefilter('once')  # as MMDet does
            for message in messages:
                warnings.warn(message)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize('message', EXPECTED)
def test_left_out(message):
    assert given(message) == []


def test_all_others_are_given():
    assert given('no bfloat16', *EXPECTED, 'disk is full') == [
        'no bfloat16', 'disk is full'
    ]


def test_the_filters_stay():
    before = list(warnings.filters)
    with without_expected_warnings():
        warnings.simplefilter('error')
    assert list(warnings.filters) == before
