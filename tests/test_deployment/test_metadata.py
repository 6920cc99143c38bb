"""What an exported file says of itself."""
import dataclasses
import json

import pytest
import torch
from mmengine.config import Config

from spiga_mmpose.deployment.metadata import (FORMAT_VERSION, crop_rule,
                                              describe, read_info)


@pytest.fixture
def info(model):
    outputs = dict(steps=torch.zeros(2, 4, 98, 2), scores=torch.zeros(2, 98))
    return describe(model, 'bf16', 2, outputs)


def test_round_trip(info):
    assert read_info('a.onnx', info.to_json()) == info


def test_facts(info):
    assert info.landmark_set == 'wflw_98' and info.num_landmarks == 98
    assert info.input_size == 64 and info.padding == 1.6
    assert info.mean == [0, 0, 0] and info.std == [255, 255, 255]
    assert info.outputs == dict(steps=[4, 98, 2], scores=[98])
    assert set(info.units) == set(info.outputs)


def test_another_version(info):
    facts = dict(dataclasses.asdict(info), format_version=FORMAT_VERSION + 1)
    with pytest.raises(ValueError, match=f'a.onnx: of format '
                       f'{FORMAT_VERSION + 1}.*reads format '
                       f'{FORMAT_VERSION}.*export'):
        read_info('a.onnx', json.dumps(facts))


@pytest.mark.parametrize('text', [None, '', '{"format_ver', '[]', '{}', '3'])
def test_no_description(text):
    with pytest.raises(ValueError, match='a.onnx.*cut short.*export'):
        read_info('a.onnx', text)


@pytest.mark.parametrize('change', [dict(colour='red'), dict(padding=None)])
def test_damaged_description(info, change):
    facts = {
        key: value
        for key, value in dict(dataclasses.asdict(info), **change).items()
        if value is not None
    }
    facts.setdefault('batch', None)
    with pytest.raises(ValueError, match='a.onnx.*damaged.*export'):
        read_info('a.onnx', json.dumps(facts))


def crop_config(*pipeline):
    return Config(
        dict(test_dataloader=dict(dataset=dict(pipeline=list(pipeline)))))


def test_crop_of_this_project():
    config = crop_config(
        dict(type='FaceBoxCenterScale', padding=1.5),
        dict(
            type='SPIGACrop',
            input_size=(32, 32),
            sampling='nearest_release'))
    assert crop_rule(config) == (1.5, 32, 'nearest_release', 'zero')


def test_crop_of_mmpose():
    config = crop_config(
        dict(type='GetBBoxCenterScale'),
        dict(type='TopdownAffine', input_size=(48, 48)))
    assert crop_rule(config) == (1.25, 48, 'bilinear', 'zero')


def test_crop_that_is_not_square():
    config = crop_config(
        dict(type='FaceBoxCenterScale'),
        dict(type='TopdownAffine', input_size=(48, 64)))
    with pytest.raises(ValueError, match='square, found 48 x 64'):
        crop_rule(config)
