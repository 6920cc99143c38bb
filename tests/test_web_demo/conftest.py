"""Fixtures of the tests of the web page."""
import cv2
import pytest
from cartoon import cartoon_face
from tiny_model import write_tiny_model
from web_demo import FaceAnalyser


@pytest.fixture(scope='session')
def tiny_model(tmp_path_factory):
    """Paths of config and checkpoint."""
    return write_tiny_model(str(tmp_path_factory.mktemp('tiny')))


@pytest.fixture(scope='session')
def analyser(tiny_model):
    """Of one small model."""
    detectors = {name: (name, None) for name in ('haar', 'whole_image')}
    return FaceAnalyser({'tiny': tiny_model}, detectors)


@pytest.fixture
def photo(tmp_path):
    """Path of an image of 200 x 200 px with one face."""
    path = tmp_path / 'face.png'
    cv2.imwrite(str(path), cartoon_face(200))
    return str(path)
