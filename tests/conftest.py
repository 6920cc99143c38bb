"""Fixtures shared by all tests."""
import importlib.util
import os
import os.path as osp
import sys

import pytest

REPO = osp.dirname(osp.dirname(osp.abspath(__file__)))
# Where tools find the modules beside them, as scripts do.
sys.path += [
    osp.join(REPO, 'tools', folder)
    for folder in ('', 'analysis_tools', 'benchmarks', 'dataset_converters')
]
sys.path.append(osp.join(REPO, 'tests', 'helpers'))


@pytest.fixture(scope='session')
def repo():
    """Root of the checkout."""
    return REPO


@pytest.fixture(scope='session', autouse=True)
def mmengine_logger():
    """MMEngine's logger for all tests: one that is made within a test writes
    to that test's captured stderr, which is closed behind it."""
    from mmengine.logging import MMLogger
    return MMLogger.get_current_instance()


@pytest.fixture(scope='session')
def load_tool(repo):
    """Module of a file below ``tools``, new at every call."""

    def load(*parts):
        name = f'{osp.splitext(parts[-1])[0]}_tool'
        spec = importlib.util.spec_from_file_location(
            name, osp.join(repo, 'tools', *parts))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


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


@pytest.fixture(scope='session')
def yunet_file():
    """YuNet's ONNX file, or skip."""
    path = osp.abspath(
        osp.join(REPO, '..', 'shared', 'weights',
                 'face_detection_yunet_2023mar.onnx'))
    if not osp.isfile(path):
        pytest.skip(f'no file {path}')
    return path


@pytest.fixture(scope='session', autouse=True)
def offline(tmp_path_factory):
    """Nothing is fetched but from servers of the tests, nor taken from the
    user's cache, nor reported to the makers of libraries."""
    with pytest.MonkeyPatch.context() as patch:
        # Nobody listens at the discard port.
        patch.setenv('SPIGA_MMPOSE_MIRROR', 'http://127.0.0.1:9')
        patch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))
        # Importing openvino forks the process to report its use; ONNX Runtime
        # reports from threads. Neither does where this is set.
        patch.setenv('CI', 'true')
        yield


@pytest.fixture(scope='session', autouse=True)
def mmpose_scope():
    """Registries look first among MMPose's parts, as in a Runner."""
    from mmengine.registry import init_default_scope

    import spiga_mmpose  # noqa: F401, registers the parts
    init_default_scope('mmpose')
