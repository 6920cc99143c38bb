"""What each benchmark is scored by."""
import json
import os.path as osp

import pytest

from spiga_mmpose.evaluation.functional import NORMS
from spiga_mmpose.evaluation.protocols import PROTOCOLS, usual_protocol
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
    assert list(protocol.thresholds.items()) == list(info['norm'].items())
    landmark_set = load_landmark_set(protocol.landmark_set)
    assert landmark_set.annotation_ids == info['ldm_ids']


def test_thresholds():
    wflw = PROTOCOLS['wflw']
    assert wflw.norm == 'corners' and wflw.threshold() == 10
    assert wflw.threshold('pupils') == 8
    assert wflw.threshold('lnd_bbox') == 7
    assert wflw.threshold('diagonal') == 10  # the headline's
    assert wflw.threshold(100.) == 10
    for protocol in PROTOCOLS.values():
        assert set(protocol.thresholds) <= set(NORMS)
        assert all(protocol.threshold(norm) > 0 for norm in NORMS)


def test_only_merl_rav_divides_by_all():
    dividing = [n for n, p in PROTOCOLS.items() if p.divide_by == 'all']
    assert dividing == ['merlrav']


def test_usual_protocol():
    assert usual_protocol('wflw_98') is PROTOCOLS['wflw']
    assert usual_protocol('300w_68') is PROTOCOLS['300w']
    other = usual_protocol('dog.json')
    assert (other.norm, other.threshold()) == ('lnd_bbox', 7)
