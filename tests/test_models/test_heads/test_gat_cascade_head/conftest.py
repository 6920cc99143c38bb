"""Shared by the tests of this folder."""
import pytest
import small_models
import torch

SIZE, CHANNELS = small_models.SIZE, small_models.CHANNELS


@pytest.fixture
def model():
    return small_models.build(small_models.estimator())


@pytest.fixture(scope='package')
def faces():
    return small_models.batch(3)


def prepared(model, faces):
    """Inputs and samples of their own, since predictions go into them."""
    faces = dict(
        inputs=faces['inputs'],
        data_samples=[sample.clone() for sample in faces['data_samples']])
    return model.data_preprocessor(faces)


def predict(model, faces, **test_cfg):
    model.test_cfg.update(test_cfg)
    with torch.no_grad():
        return model(**prepared(model, faces), mode='predict')


def loss(model, faces, *wanted):
    model.train()
    model.train_cfg = dict(losses=wanted)
    losses = model(**prepared(model, faces), mode='loss')
    return losses, sum(value for name, value in losses.items()
                       if 'loss' in name)
