"""What each benchmark is scored by."""
import json
import os.path as osp

import pytest

from spiga_mmpose import landmark_sets
from spiga_mmpose.evaluation import protocols
from spiga_mmpose.evaluation.functional import NORMS
from spiga_mmpose.evaluation.protocols import (PROTOCOLS, checked_norm,
                                               checked_threshold, protocol_of)
from spiga_mmpose.landmark_sets import load_landmark_set

RELEASE = {
    'wflw': 'wflw',
    '300w': '300wpublic',
    '300w-private': '300wprivate',
    'cofw68': 'cofw68',
    'merlrav': 'merlrav'
}


@pytest.mark.parametrize('name', PROTOCOLS)
def test_as_in_the_release(name):
    spiga = pytest.importorskip('spiga')
    with open(
            osp.join(
                osp.dirname(spiga.__file__), 'data', 'annotations',
                RELEASE[name], 'db_info.json')) as file:
        info = json.load(file)
    protocol = PROTOCOLS[name]
    assert protocol.norm == next(iter(info['norm']))
    for norm, threshold in info['norm'].items():
        assert protocol.threshold(norm) == threshold
    assert load_landmark_set(
        protocol.landmark_set).annotation_ids == info['ldm_ids']


def test_thresholds():
    wflw = PROTOCOLS['wflw']
    assert wflw.norm == 'corners' and wflw.threshold() == 10
    assert wflw.threshold('pupils') == 8
    assert wflw.threshold('lnd_bbox') == 7
    assert wflw.threshold('diagonal') == 10  # the headline's
    assert wflw.threshold(100.) == 10
    for protocol in PROTOCOLS.values():
        assert protocol.norm in NORMS
        assert all(protocol.threshold(norm) > 0 for norm in NORMS)


def test_only_merl_rav_divides_by_all():
    dividing = [n for n, p in PROTOCOLS.items() if p.divide_by == 'all']
    assert dividing == ['merlrav']


def test_the_landmark_sets_file_decides(tmp_path, monkeypatch):
    """Editing wflw_98.json changes how WFLW is scored."""
    source = osp.join(osp.dirname(landmark_sets.__file__), 'wflw_98.json')
    with open(source) as file:
        fields = dict(json.load(file), normaliser='pupils', threshold=9)
    path = tmp_path / 'wflw_98.json'
    path.write_text(json.dumps(fields))
    edited = load_landmark_set(str(path))
    monkeypatch.setattr(protocols, 'load_landmark_set', lambda name: edited)
    for name in ('wflw', 'wflw_98'):
        protocol = protocol_of(name)
        assert (protocol.norm, protocol.threshold()) == ('pupils', 9)


@pytest.mark.parametrize('name, norm, threshold', [
    ('wflw_98', 'corners', 10), ('300w_68', 'corners', 8),
    ('coco_face_68', 'corners', 8), ('cofw_29', 'corners', 10),
    ('aflw_19', 'bbox', 7), ('lapa_106', 'corners', 8)])
def test_shipped_sets(name, norm, threshold):
    protocol = protocol_of(name)
    assert (protocol.norm, protocol.threshold()) == (norm, threshold)


@pytest.mark.parametrize('fields, norm, threshold', [
    (dict(), 'lnd_bbox', 7),
    (dict(eye_corners=[0, 1]), 'corners', 8),
    (dict(eye_corners=[0, 1], normaliser='diagonal'), 'diagonal', 7),
    (dict(normaliser='bbox', threshold=4.5), 'bbox', 4.5),
])
def test_a_set_of_ones_own(tmp_path, fields, norm, threshold):
    path = tmp_path / 'dog.json'
    path.write_text(json.dumps(dict(name='dog', num_landmarks=5, **fields)))
    protocol = protocol_of(str(path))
    assert (protocol.norm, protocol.threshold()) == (norm, threshold)


@pytest.mark.parametrize('fields, words', [
    (dict(normaliser='ears'), "dog.json: the normaliser .*'ears'"),
    (dict(threshold=-1), 'dog.json: the threshold .*-1'),
])
def test_a_set_with_a_wrong_normaliser(tmp_path, fields, words):
    path = tmp_path / 'dog.json'
    path.write_text(json.dumps(dict(name='dog', num_landmarks=5, **fields)))
    with pytest.raises(ValueError, match=words):
        protocol_of(str(path))


def test_protocol_of(tmp_path):
    for name, protocol in PROTOCOLS.items():
        assert protocol_of(name) is protocol
    assert protocol_of('300w_68') == PROTOCOLS['300w']
    path = tmp_path / 'dog.json'
    path.write_text('{"name": "dog", "num_landmarks": 5}')
    for name in ('cofw_29', 'aflw_19', 'lapa_106', str(path)):
        protocol = protocol_of(name)
        assert protocol.landmark_set == name
        assert protocol.divide_by == 'labelled'


def test_no_protocol(tmp_path):
    with pytest.raises(ValueError, match="no data set 'dogs': .*'wflw'.*"
                       "'cofw_29'.*path of a .json file"):
        protocol_of('dogs')
    (tmp_path / 'dog.json').write_text('{"name": "dog"}')
    with pytest.raises(ValueError, match="dog.json: .*'num_landmarks' is mis"):
        protocol_of(str(tmp_path / 'dog.json'))
    with pytest.raises(ValueError, match='no landmark set'):
        protocol_of(str(tmp_path / 'cat.json'))


def test_checked_norm():
    for norm in (*NORMS, 100, .5):
        assert checked_norm(norm) == norm
    for bad in (True, 0, -1, float('nan'), float('inf'), 'ocular', '', None):
        with pytest.raises(ValueError, match="one of .*'corners'.* positive "
                           'number of px, found '):
            checked_norm(bad)


def test_checked_threshold():
    for threshold in (.01, 2.5, 8, 1000):
        assert checked_threshold(threshold) == threshold
    for bad in (1e-9, 0, -1, 1001, float('nan'), float('inf'), True, '8'):
        with pytest.raises(ValueError, match='from 0.01 to 1000 per cent, fo'):
            checked_threshold(bad)
