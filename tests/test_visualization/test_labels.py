"""Where the texts beside faces go."""
import numpy as np
import pytest

from spiga_mmpose.visualization import labels
from spiga_mmpose.visualization.labels import (angle_label, box_label,
                                               draw_labels)

POSE = np.array([3., -4, 5])


def write(texts, faces, height=200, width=300):
    """(H, W) bool where texts are written on an empty image."""
    canvas = np.full((height, width, 3), 128, np.uint8)
    draw_labels(canvas, texts, np.array(faces, float))
    return (canvas != 128).any(-1)


def inside(painted, box):
    x1, y1, x2, y2 = map(int, box)
    return painted[max(y1, 0):y2, max(x1, 0):x2]


def write_angles(box, **size):
    box = np.array(box, float)
    return write([angle_label(0, box, POSE)], [box], **size)


def test_lines_of_the_angles():
    label = angle_label(0, np.zeros(4), np.array([12.4, -4, 0, 1, 2, 3]))
    assert label.lines == ['yaw    +12°', 'pitch   \N{MINUS SIGN}4°',
                           'roll    +0°']
    assert label.short == 'y+12 p\N{MINUS SIGN}4 r+0'


class TestAlone:

    @pytest.mark.parametrize('box, side', [
        ([20, 30, 120, 130], 'right'),
        ([180, 30, 280, 130], 'left'),
    ])
    def test_angles_stand_beside_the_box(self, box, side):
        columns = np.argwhere(write_angles(box))[:, 1]
        assert len(columns)
        assert (columns.min() > box[2]) if side == 'right' else (
            columns.max() < box[0])

    @pytest.mark.parametrize('box', [
        [0., 70, 200, 200],  # room above
        [0., 0, 200, 140],  # room below
    ])
    def test_angles_hide_nothing_of_the_face(self, box):
        painted = write_angles(box, width=200)
        assert painted.any() and not inside(painted, box).any()

    def test_a_face_that_fills_the_image(self):
        """At a lower corner, which is off the face."""
        painted = write_angles([0, 0, 100, 100], width=100, height=100)
        assert painted[60:].any() and not painted[:50].any()

    @pytest.mark.parametrize('pose, box', [
        (np.full(6, np.nan), [0., 0, 9, 9]),
        (np.zeros(6), [np.nan] * 4),
    ])
    def test_no_angles(self, pose, box):
        assert not write([angle_label(0, np.array(box), pose)], [box]).any()

    def test_label_is_above_the_box(self):
        box = np.array([20., 50, 110, 95])
        painted = write([box_label(0, box, '0.87')], [box])
        assert painted.any() and not painted[50:].any()

    @pytest.mark.parametrize('shape', [(1, 1), (3, 200), (200, 3)])
    def test_tiny_canvas(self, shape):
        assert write_angles([0, 0, 1, 1], height=shape[0],
                            width=shape[1]).any()


class TestAmongOthers:

    def test_a_label_gives_way(self):
        """Below its box where a face is above, whose label has its place."""
        faces = np.array([[100., 20, 190, 90], [100, 95, 190, 165]])
        upper, lower = (
            box_label(i, box, f'id {i}') for i, box in enumerate(faces))
        rows = np.argwhere(write([lower], faces))[:, 0]
        assert rows.min() > 165
        assert np.argwhere(write([upper], faces))[:, 0].max() < 20

    def test_angles_give_way(self):
        """To the left where a face is at the right."""
        faces = [[110., 50, 190, 130], [200, 50, 280, 130]]
        painted = write([angle_label(0, np.array(faces[0]), POSE)], faces)
        assert np.argwhere(painted)[:, 1].max() < 110

    def test_short_where_there_is_little_room(self, monkeypatch):
        """Between rows of faces there is room for a line and no more."""
        faces = np.array([[x, y, x + 100, y + 100]
                          for y in (25., 150, 275) for x in (5., 110, 215)])
        middle = angle_label(4, faces[4], POSE)
        seen = []
        monkeypatch.setattr(labels, 'draw_text',
                            lambda canvas, lines, *_: seen.append(lines))
        write([middle], faces, 400, 320)
        assert seen == [(middle.short, )]

    def test_never_over_another_face(self):
        """In a crowd without gaps each text is on its own face."""
        faces = np.array([[x, y, x + 99, y + 99]
                          for y in range(0, 300, 100)
                          for x in range(0, 300, 100)], float)
        for i, box in enumerate(faces):
            for text in (angle_label(i, box, POSE),
                         box_label(i, box, 'id 7 0.93')):
                painted = write([text], faces, 300, 300)
                assert painted.sum() == inside(painted, box + [0, 0, 1, 1]
                                               ).sum() > 0

    def test_texts_do_not_cover_each_other(self):
        """The painted area is the sum of what each alone paints."""
        generator = np.random.default_rng(3)
        corners = generator.uniform(20, 500, (12, 2))
        faces = np.hstack([corners, corners + 90])
        texts = [box_label(i, box, f'id {i}')
                 for i, box in enumerate(faces)]
        areas = [write([text], faces, 640, 640).sum() for text in texts]
        assert write(texts, faces, 640, 640).sum() == sum(areas)

    def test_faces_that_are_no_numbers_are_in_nobodys_way(self):
        faces = [[20., 30, 120, 130], [np.nan] * 4]
        painted = write([angle_label(0, np.array(faces[0]), POSE)], faces)
        assert (painted == write_angles(faces[0])).all()
