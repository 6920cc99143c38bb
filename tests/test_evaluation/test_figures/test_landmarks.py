"""The error of every landmark on a face."""
from dataclasses import replace

import numpy as np
import pytest

from spiga_mmpose.evaluation.figures import draw_landmark_errors, frontal_face
from spiga_mmpose.landmark_sets import load_landmark_set


@pytest.fixture
def landmark_set():
    return load_landmark_set('wflw_98')


class TestFrontalFace:

    @pytest.mark.parametrize('name', ['wflw_98', '300w_68'])
    def test_head_model_from_the_front(self, name):
        landmark_set = load_landmark_set(name)
        face = frontal_face(landmark_set, None, None)
        assert face.min(0) == pytest.approx(-face.max(0))
        assert np.ptp(face, axis=0).max() == pytest.approx(1)
        left, right = face[list(landmark_set.eye_corners)]
        mouth = face[landmark_set.parts['mouth']].mean(0)
        assert left[0] < mouth[0] < right[0]
        assert max(left[1], right[1]) < mouth[1]

    def test_mean_of_faces_by_hand(self, landmark_set):
        """Place and size of a face do not count, nor what has no label."""
        square = np.array([[0., 0], [2, 0], [2, 2], [0, 2], [1, 1], [0, 0]])
        faces = np.stack([square, 5 * square + 70, 0 * square])
        faces[1, 4] = [78, 75]
        labelled = np.ones(faces.shape[:2], bool)
        labelled[:, 5] = labelled[2] = False
        faces[2] = np.nan
        found = frontal_face(
            replace(landmark_set, head_model=None), faces, labelled)
        expected = [[-.5, -.5], [.5, -.5], [.5, .5], [-.5, .5], [.15, 0]]
        assert found[:5] == pytest.approx(np.array(expected))
        assert np.isnan(found[5]).all()


def test_discs_follow_the_errors(drawn, landmark_set):
    errors = np.linspace(1, 3, 98)
    errors[[4, 5]] = np.nan
    face = frontal_face(landmark_set, None, None)
    figure = drawn(draw_landmark_errors, dict(ours=errors), face, landmark_set,
                   'lnd_bbox')
    axes = figure.axes[0]
    discs, crosses = axes.collections
    assert len(discs.get_offsets()) == 96 and len(crosses.get_offsets()) == 2
    assert (np.diff(discs.get_sizes()) > 0).all()
    assert discs.get_array().tolist() == errors[np.isfinite(errors)].tolist()
    texts = [text.get_text() for text in axes.texts]
    assert texts[:98] == [str(i) for i in range(98)]
    mouth = errors[landmark_set.parts['mouth']].mean()
    assert f'mouth  {mouth:.2f} %' in texts[98:]
    assert len(texts) == 98 + len(landmark_set.parts)
    assert f'{np.nanmean(errors):.2f} %' in axes.get_title()


def test_lips_of_a_closed_mouth_are_told_apart(drawn, landmark_set):
    face = frontal_face(landmark_set, None, None)
    assert np.linalg.norm(face[90] - face[94]) < .01
    axes = drawn(draw_landmark_errors, dict(ours=np.ones(98)), face,
                 landmark_set, 'lnd_bbox').axes[0]
    places = np.array(axes.collections[0].get_offsets())
    apart = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(98)
    assert apart.min() > .03
    # Nobody has moved far: it is still that face.
    assert np.linalg.norm(places - face, axis=1).max() < .06
    numbers = np.array([t.get_position() for t in axes.texts[:98]])
    apart = np.linalg.norm(numbers[:, None] - numbers, axis=-1) + np.eye(98)
    assert apart.min() > .015


def test_one_scale_for_all_methods(drawn, landmark_set):
    face = frontal_face(landmark_set, None, None)
    errors = dict(a=np.full(98, 1.), b=np.full(98, 2.), c=np.full(98, 4.))
    figure = drawn(draw_landmark_errors, errors, face, landmark_set,
                   'lnd_bbox')
    panels = [axes for axes in figure.axes if axes.collections[:1]
              and axes.texts]
    assert len(panels) == 3
    sizes = [axes.collections[0].get_sizes()[0] for axes in panels]
    assert sizes[1] - sizes[0] == pytest.approx((sizes[2] - sizes[0]) / 3)
