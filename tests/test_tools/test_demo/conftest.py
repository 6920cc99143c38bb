"""Fixtures of the tests that run tools/demo.py."""
import json

import cv2
import pytest
from cartoon import cartoon_face
from tiny_model import write_tiny_model


@pytest.fixture(scope='session')
def demo(load_tool):
    return load_tool('demo.py')


@pytest.fixture(scope='session')
def tiny(tmp_path_factory):
    """Paths of the config and the checkpoint of a model of 98 landmarks."""
    return write_tiny_model(str(tmp_path_factory.mktemp('tiny')))


@pytest.fixture
def out(tmp_path):
    """Folder that the demo writes to."""
    return tmp_path / 'out'


@pytest.fixture
def run(demo, tiny, out, capsys):
    """Run the demo; gives its exit code and what it prints."""

    def run_demo(*args, out=out, model=('--config', tiny[0], '--checkpoint',
                                        tiny[1])):
        arguments = [*args, '--device', 'cpu', '--out', out, *model]
        try:
            code = demo.main([str(arg) for arg in arguments])
        except SystemExit as exit:  # argparse
            code = exit.code
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run_demo


@pytest.fixture
def result(out):
    """The JSON of an image."""
    return lambda name='face': json.loads((out / f'{name}.json').read_text())


@pytest.fixture
def folder(tmp_path):
    """Folder of the inputs."""
    path = tmp_path / 'in'
    path.mkdir()
    return path


@pytest.fixture
def face_file(folder):
    """An image of 200 px with a face, in ``folder``."""
    path = folder / 'face.png'
    cv2.imwrite(str(path), cartoon_face(200))
    return path
