"""Files, folders, globs and boxes as people type them."""
import os.path as osp

import numpy as np
import pytest

from spiga_mmpose.apis import (check_box, left_out_videos, list_images,
                               parse_box, valid_boxes)
from spiga_mmpose.apis.inputs import counted


@pytest.fixture
def folder(tmp_path):
    for name in ('b.JPG', 'a.png', 'notes.txt', 'c[1].jpg'):
        (tmp_path / name).write_text('x')
    (tmp_path / 'deeper').mkdir()
    (tmp_path / 'deeper' / 'd.jpg').write_text('x')
    return tmp_path


def names(paths):
    return [osp.basename(path) for path in paths]


class TestListImages:

    def test_folder(self, folder):
        found = list_images([str(folder)])
        assert names(found) == ['a.png', 'b.JPG', 'c[1].jpg']

    def test_folder_with_glob_characters(self, tmp_path):
        odd = tmp_path / 'odd [x]*'
        odd.mkdir()
        (odd / 'a.png').write_text('x')
        assert names(list_images([str(odd)])) == ['a.png']

    def test_glob(self, folder):
        assert names(list_images([str(
            folder / '*.*')])) == ['a.png', 'b.JPG', 'c[1].jpg', 'notes.txt']

    def test_a_file_is_taken_as_it_is(self, folder):
        given = [
            str(folder / name)
            for name in ('notes.txt', 'c[1].jpg', 'missing.jpg')
        ]
        assert list_images(given) == given

    def test_each_once_in_the_order_given(self, folder):
        given = [str(folder / 'b.JPG'), str(folder)]
        assert names(list_images(given)) == ['b.JPG', 'a.png', 'c[1].jpg']

    def test_a_url_is_no_pattern(self):
        url = 'https://host/a[1].jpg?size=*'
        assert list_images([url]) == [url]

    def test_empty_folder(self, tmp_path):
        with pytest.raises(ValueError, match='no image in the folder'):
            list_images([str(tmp_path)])

    def test_videos_of_a_folder_are_told(self, folder):
        assert left_out_videos([str(folder)]) == []
        for name in ('x.mp4', 'y.mp4', 'z.AVI'):
            (folder / name).write_text('x')
        (folder / 'folder.mp4').mkdir()
        [sentence] = left_out_videos([str(folder), str(folder), 'a.mp4'])
        assert '3 videos in the folder' in sentence
        assert sentence.endswith(f"'{folder}/*.AVI' '{folder}/*.mp4'")
        assert len(list_images([str(folder)])) == 3

    def test_a_folder_of_videos_alone(self, tmp_path):
        (tmp_path / 'x.mp4').write_text('x')
        with pytest.raises(ValueError, match='no image.*left out: 1 video'):
            list_images([str(tmp_path)])

    def test_glob_without_a_match(self, folder):
        with pytest.raises(ValueError, match=r'no file matches .*\*\.gif'):
            list_images([str(folder / '*.gif')])


def test_counted():
    assert counted(1, 'face') == '1 face'
    assert counted(0, 'face') == '0 faces' and counted(2, 'box') == '2 boxes'


class TestBoxes:

    @pytest.mark.parametrize('text, box', [
        ('1,2,30,40', [1, 2, 31, 42]),
        ('-5.5, 0, 10, 1e2', [-5.5, 0, 4.5, 100]),
    ])
    def test_parse(self, text, box):
        parsed = parse_box(text)
        assert parsed.dtype == np.float32 and parsed.tolist() == box

    @pytest.mark.parametrize('text, word', [
        ('', 'four numbers'),
        ('1,2,3', 'four numbers'),
        ('1,2,3,4,5', 'four numbers'),
        ('a,b,c,d', 'four numbers'),
        ('1,2,0,4', 'positive'),
        ('1,2,3,-4', 'positive'),
        ('nan,2,3,4', 'finite'),
        ('1,2,inf,4', 'finite'),
    ])
    def test_parse_errors(self, text, word):
        with pytest.raises(ValueError, match=word):
            parse_box(text)

    @pytest.mark.parametrize(
        'box', [[0, 0, 100, 50], [-50, -50, 1, 1], [99, 49, 500, 500]])
    def test_touches(self, box):
        check_box(np.array(box, np.float32), width=100, height=50)

    @pytest.mark.parametrize(
        'box', [[100, 0, 120, 50], [0, 50, 9, 60], [-9, 0, 0, 50],
                [0, -9, 9, 0], [0, 0, np.nan, 9]])
    def test_outside(self, box):
        with pytest.raises(ValueError, match='outside.*100 x 50'):
            check_box(np.array(box, np.float32), width=100, height=50)

    @pytest.mark.parametrize('box, words', [
        ([5, 5, 5, 9], 'has no area'),
        ([9, 5, 5, 9], 'has no area'),
        ([0, 0, 10001, 9], 'at most 10000'),
    ])
    def test_no_face_in_it(self, box, words):
        with pytest.raises(ValueError, match=words):
            check_box(np.array(box, np.float32), width=100, height=50)

    def test_valid(self):
        boxes = np.array([[0, 0, 9, 9], [200, 0, 210, 9], [5, 5, 5, 5],
                          [90, 40, 120, 60]])
        valid, faults = valid_boxes(boxes, 100, 50)
        assert valid.tolist() == [True, False, False, True]
        assert 'outside' in faults[0] and 'no area' in faults[1]
        assert len(faults) == 2
        valid, faults = valid_boxes(boxes[:0], 100, 50)
        assert valid.shape == (0, ) and faults == []
