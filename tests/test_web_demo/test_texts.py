"""What the page says."""
import dataclasses

import pytest
from web_demo import texts

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture
def found(analyser, photo):
    return analyser.analyse(photo, 'whole_image', 'tiny')


def test_summary(found):
    text = texts.summary(found)
    assert '1 face<' in text and '200 x 200 pixels' in text
    two = dict(found.record, faces=2 * found.record['faces'])
    assert '2 faces<' in texts.summary(dataclasses.replace(found, record=two))
    none = dict(found.record, faces=[])
    text = texts.summary(dataclasses.replace(found, record=none))
    assert 'No face found' in text and 'whole_image' in text


def test_names_and_errors_are_no_html(found):
    bad = '<img src=x onerror=alert(1)>'
    found = dataclasses.replace(found, name=bad, notes=[bad])
    for text in (texts.summary(found), texts.failure(ValueError(bad)),
                 texts.hint(bad)):
        assert '<img' not in text and '&lt;img' in text


def test_what_went_wrong_is_an_alert(found):
    assert 'role="alert"' in texts.failure(ValueError('x'))
    assert 'role="status"' in texts.summary(found)


def test_pose_table():
    face = dict(
        pose=dict(yaw=-12.34, pitch=None, roll=3, translation=[0, 0, 1]),
        landmark_scores=[0.5, None, 0.7])
    text = texts.pose_table([face, dict(landmark_scores=[])])
    assert text.count('<tr>') == 3
    assert ('<tr><td>1</td><td>\N{MINUS SIGN}12.3</td><td></td>'
            '<td>+3.0</td><td>0.60</td></tr>') in text
    assert '<tr><td>2</td><td></td><td></td><td></td><td></td></tr>' in text
