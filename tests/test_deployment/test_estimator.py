"""BackendEstimator: the data samples of the model, by a backend."""
import copy
import dataclasses

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
    same_samples(estimator, model, image)


def same_samples(estimator, model, image):
    found = inference_topdown(estimator, image, BOXES)
    wanted = inference_topdown(model, image, BOXES)
    assert len(found) == len(wanted) == 2
    for one, other in zip(found, wanted):
        one, other = one.pred_instances, other.pred_instances
        assert set(one.keys()) == set(other.keys())
        for name in other.keys():
            np.testing.assert_allclose(
                one[name], other[name], atol=0.01, err_msg=name)


def test_flip_test_of_the_model(model, image):
    flipping = copy.copy(model)
    flipping.test_cfg = dict(flip_test=True)
    estimator = BackendEstimator(TorchBackend(model), flipping)
    same_samples(estimator, flipping, image)
    estimator.test_cfg = {}
    with pytest.raises(AssertionError):
        same_samples(estimator, flipping, image)


def test_fitted_pose_travels_with_the_graph(model, image):
    fitting = copy.copy(model)
    fitting.test_cfg = dict(fit_pose=True)
    estimator = BackendEstimator(TorchBackend(fitting))
    same_samples(estimator, fitting, image)
    with pytest.raises(AssertionError):
        same_samples(estimator, model, image)


def test_what_the_model_brings(model):
    estimator = BackendEstimator(TorchBackend(model), model)
    assert estimator.cfg is model.cfg and estimator.head is model.head
    assert estimator.dataset_meta is model.dataset_meta


@pytest.mark.parametrize('asked, words', [
    (dict(output_attention=True), 'gives no attention.*--attention'),
    (dict(output_heatmaps=True), 'no landmark and edge maps.*torch'),
    (dict(predict_by='maps'), "cascade alone, not by 'maps'.*torch"),
    (dict(flip='yes'), "unknown keys .'flip'"),
])
def test_asked_for_what_the_graph_has_not(model, asked, words):
    estimator = BackendEstimator(TorchBackend(model))
    before = dict(estimator.test_cfg)
    with pytest.raises(ValueError, match=words):
        estimator.test_cfg = asked
    assert estimator.test_cfg == before


@pytest.mark.parametrize('change, words', [
    (dict(landmark_set='dog_12'), "'dog_12' is none of this package"),
    (dict(landmark_set='/a/dog.json'), "'/a/dog.json' is none of this"),
    (dict(num_landmarks=12), "'wflw_98' has 12 landmarks there and 98 in"),
])
def test_landmarks_that_nobody_knows(model, change, words):
    backend = TorchBackend(model)
    backend.source = 'dog.onnx'
    backend.info = dataclasses.replace(backend.info, **change)
    with pytest.raises(ValueError, match=f'dog.onnx: .*{words}') as error:
        BackendEstimator(backend)
    assert 'config and the weights' in str(error.value)
    # With its model nothing need be known.
    assert BackendEstimator(backend, model).landmark_set.name == 'wflw_98'


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
    assert 'attention' not in found
    estimator.test_cfg = dict(output_attention=True)
    found = inference_topdown(estimator, image, BOXES)[1].pred_instances
    assert found.attention.shape == (1, 3, 1, 4, 98, 98)
