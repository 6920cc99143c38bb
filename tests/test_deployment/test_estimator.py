"""BackendEstimator: the data samples of the model, by a backend."""
import numpy as np
import pytest
from mmpose.apis import inference_topdown

from spiga_mmpose.apis import estimate_faces, faces_to_dicts
from spiga_mmpose.deployment import BackendEstimator, TorchBackend


@pytest.fixture(scope='module')
def image():
    return np.random.default_rng(2).integers(0, 256, (120, 100, 3), np.uint8)


BOXES = np.array([[10., 20, 60, 90], [30, 5, 99, 80]])


def test_same_samples_as_the_model(model, image):
    estimator = BackendEstimator(TorchBackend(model))
    found = inference_topdown(estimator, image, BOXES)
    wanted = inference_topdown(model, image, BOXES)
    assert len(found) == 2
    for one, other in zip(found, wanted):
        one, other = one.pred_instances, other.pred_instances
        assert set(one.keys()) == set(other.keys())
        for name in other.keys():
            np.testing.assert_allclose(
                one[name], other[name], atol=0.01, err_msg=name)


def test_for_the_apis(model, image):
    estimator = BackendEstimator(TorchBackend(model))
    faces = faces_to_dicts(estimate_faces(estimator, image, BOXES))
    assert len(faces) == 2 and len(faces[0]['landmarks']) == 98
    assert {'yaw', 'pitch', 'roll'} <= set(faces[0]['pose'])


def test_by_a_file(onnx_file, model, image):
    """The crop of the file is the crop of the config."""
    from spiga_mmpose.deployment import open_graph
    estimator = BackendEstimator(open_graph(onnx_file, threads=1))
    found = inference_topdown(estimator, image, BOXES)[1].pred_instances
    wanted = inference_topdown(model, image, BOXES)[1].pred_instances
    np.testing.assert_allclose(
        found.landmark_steps, wanted.landmark_steps, atol=0.01)
    assert found.attention.shape == (1, 3, 1, 4, 98, 98)
