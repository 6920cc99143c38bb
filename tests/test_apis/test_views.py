"""Views of one face, and samples of single faces."""
import numpy as np
import pytest
from cartoon import cartoon_face
from tiny_model import write_tiny_model

from spiga_mmpose.apis import (ask_for_views, estimate_each, estimate_faces,
                               load_model, steps_row, view_grids)
from spiga_mmpose.landmark_sets import load_landmark_set

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')

BOXES = np.float32([[40, 30, 160, 170], [0, 0, 200, 200], [60, 60, 150, 150]])


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    files = write_tiny_model(str(tmp_path_factory.mktemp('tiny')))
    return load_model(*files, 'cpu')


@pytest.fixture(scope='module')
def image():
    return cartoon_face(200)


@pytest.fixture(scope='module')
def landmark_set():
    return load_landmark_set('wflw_98')


def faces_of(model, image, views, boxes=BOXES):
    ask_for_views(model, views)
    return list(estimate_each(model, [(image, boxes, np.ones(len(boxes)))]))


class TestEstimateEach:

    def test_as_all_together(self, model, image):
        together = estimate_faces(model, image, BOXES).pred_instances
        faces = faces_of(model, image, ['attention', 'maps'])
        assert len(faces) == 3
        for i, face in enumerate(faces):
            np.testing.assert_allclose(
                face.pred_instances.keypoints[0],
                together.keypoints[i],
                atol=1e-3)
            assert face.pred_fields.heatmaps.shape[0] == 98
            assert face.pred_instances.attention.shape[-2:] == (98, 98)
        # The crop is each face's own.
        assert len({float(face.input_scale[0]) for face in faces}) == 3

    def test_batch_by_batch(self, model, image):
        """Nothing is done before it is asked for."""
        seen = []
        step = model.test_step

        def counted(batch):
            seen.append(len(batch['inputs']))
            return step(batch)

        model.test_step = counted
        try:
            items = [(image, BOXES, np.ones(3)),
                     (image, BOXES[:0], np.ones(0)),
                     (image, BOXES[:1], np.ones(1))]
            faces = estimate_each(model, items, batch_size=2)
            assert seen == []
            next(faces)
            assert seen == [2]
            assert len(list(faces)) == 3 and seen == [2, 2]
        finally:
            del model.test_step


class TestAskForViews:

    def test_only_what_is_asked_for(self, model, image):
        [face] = faces_of(model, image, ['steps'], BOXES[:1])
        assert 'attention' not in face.pred_instances
        assert 'pred_fields' not in face
        [face] = faces_of(model, image, ['attention'], BOXES[:1])
        assert 'attention' in face.pred_instances
        assert 'pred_fields' not in face


class TestGrids:

    def test_each(self, model, image, landmark_set):
        face = faces_of(model, image, ['attention', 'maps'])[0]
        names = [
            name for view in ('attention', 'maps')
            for name, grid in view_grids(view, image, face, landmark_set)
            if grid.dtype == np.uint8 and grid.std() > 5
        ]
        assert names == ['attention', 'matrix', 'maps']

    @pytest.mark.parametrize('view, words', [
        ('attention', 'no attention'),
        ('maps', 'no landmark and edge maps'),
    ])
    def test_what_is_not_there(self, model, image, landmark_set, view,
                               words):
        [face] = faces_of(model, image, [], BOXES[:1])
        with pytest.raises(ValueError, match=words):
            list(view_grids(view, image, face, landmark_set))


class TestStepsRow:

    def test_windows_of_each_step(self, model, image, landmark_set,
                                  monkeypatch):
        """Shares of the side of the face's own crop."""
        seen = []
        monkeypatch.setattr('spiga_mmpose.apis.views.step_panels',
                            lambda *args, **kwargs: seen.append(kwargs))
        for face in faces_of(model, image, []):
            steps_row(model, image, face, landmark_set, 16)
            np.testing.assert_allclose(
                seen[-1]['windows'],
                np.multiply([0.25, 0.125, 0.0625], face.input_scale[0]))
            assert seen[-1]['window_landmarks'] == [16]

    def test_panels(self, model, image, landmark_set):
        [face] = faces_of(model, image, [], BOXES[:1])
        row = steps_row(model, image, face, landmark_set)
        assert len(row) == 4 and row[0].shape == (256, 256, 3)
        other = steps_row(model, image, face, landmark_set, 16)
        assert (row[1] != other[1]).any()

    def test_a_cascade_that_is_not_learnt(self, model, image, landmark_set):
        [face] = faces_of(model, image, [], BOXES[:1])
        steps = face.pred_instances.landmark_steps
        face.pred_instances.landmark_steps = steps[:, :1]
        assert len(steps_row(model, image, face, landmark_set)) == 1
        face.pred_instances.pop('landmark_steps')
        with pytest.raises(ValueError, match='no cascade steps'):
            steps_row(model, image, face, landmark_set)
