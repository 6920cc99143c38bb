"""Fixtures shared by all tests."""
import os
import os.path as osp

import pytest

REPO = osp.dirname(osp.dirname(osp.abspath(__file__)))


@pytest.fixture(scope='session')
def repo():
    """Root of the checkout."""
    return REPO


@pytest.fixture(scope='session')
def sample_data():
    """Folder with the real sample photographs, or skip."""
    folder = os.environ.get('SPIGA_SAMPLE_DATA',
                            osp.join(REPO, '..', 'shared', 'data'))
    if not osp.isfile(osp.join(folder, 'wflw', 'test_wflw.json')):
        pytest.skip(f'no sample photographs in {folder}; set '
                    'SPIGA_SAMPLE_DATA to a folder that holds '
                    'wflw/test_wflw.json')
    return osp.abspath(folder)


@pytest.fixture(scope='session', autouse=True)
def mmpose_scope():
    """Registries look first among MMPose's parts, as in a Runner."""
    from mmengine.registry import init_default_scope

    import spiga_mmpose  # noqa: F401, registers the parts
    init_default_scope('mmpose')
