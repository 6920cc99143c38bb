"""Predicted and annotated faces are brought together, or it is told."""
import time
import tracemalloc

import numpy as np
import pytest

from spiga_mmpose.evaluation.face_files import Faces
from spiga_mmpose.evaluation.matching import check_predicted, match_faces
from spiga_mmpose.landmark_sets import load_landmark_set


def make(path, names, boxes=None, count=1):
    """Faces of one landmark each."""
    number = len(names)
    boxes = np.full((number, 4), np.nan) if boxes is None else boxes
    return Faces(
        path=path,
        landmarks=np.zeros((number, count, 2)),
        boxes=np.array(boxes, float),
        angles=np.zeros((number, 3)),
        names=list(names),
        labelled=np.ones((number, count), bool))


def match(names, boxes, annotated_names, annotated_boxes):
    return match_faces(
        make('found.json', names, boxes),
        make('truth.json', annotated_names, annotated_boxes)).tolist()


NAMES = ['i/a.jpg', 'i/b.jpg', 'i/b.jpg', 'i/c.jpg', 'i/b.jpg']
BOXES = np.array([[0, 0, 9, 9], [0, 0, 10, 10], [20, 0, 30, 10], [5, 5, 9, 9],
                  [0, 20, 10, 30.]])


def reordered(order, rename=lambda name: name, boxes=BOXES):
    """The match of predictions in another order, by true indices."""
    found = match([rename(NAMES[i]) for i in order],
                  boxes if boxes is None else boxes[order], NAMES, BOXES)
    return [order[i] for i in found]


RENAME = [
    lambda name: name, lambda name: '/data/wflw/' + name,
    lambda name: name.split('/')[-1], lambda name: name.replace('/', '\\')
]


@pytest.mark.parametrize('rename', RENAME)
@pytest.mark.parametrize('order', [[0, 1, 2, 3, 4], [0, 4, 1, 3, 2],
                                   [3, 4, 0, 2, 1]])
def test_images_by_name_and_faces_by_boxes(order, rename):
    """Also where the images are in order and faces of one are not."""
    assert reordered(order, rename) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize('rename', RENAME)
def test_without_boxes_the_order_of_the_images_tells(rename):
    assert reordered([0, 1, 2, 3, 4], rename, None) == [0, 1, 2, 3, 4]
    # Nobody can know better.
    assert reordered([0, 4, 1, 3, 2], rename, None) == [0, 4, 1, 3, 2]
    with pytest.raises(ValueError, match="found.json: 3 faces of .*'i/b.jpg'"
                       '.* truth.json and have no boxes to tell them apart'):
        reordered([3, 4, 0, 2, 1], rename, None)


@pytest.mark.parametrize('box', [[np.nan] * 4, [5, 5, 5, 5]])
def test_one_box_is_missing(box):
    boxes = BOXES.copy()
    boxes[2] = box
    assert reordered([0, 4, 1, 3, 2], boxes=boxes) == [0, 4, 1, 3, 2]
    with pytest.raises(ValueError, match='no boxes to tell them apart'):
        reordered([3, 4, 0, 2, 1], boxes=boxes)


def test_a_missing_box_elsewhere_does_not_matter():
    boxes = BOXES.copy()
    boxes[[0, 3]] = np.nan
    for order in ([0, 4, 1, 3, 2], [3, 4, 0, 2, 1]):
        assert reordered(order, boxes=boxes) == [0, 1, 2, 3, 4]


def test_boxes_of_a_detector():
    """Moved by a third of their side, they still tell neighbours apart."""
    rng = np.random.default_rng(0)
    corners = np.stack(np.meshgrid(range(4), range(3)), -1).reshape(-1, 2) * 11
    boxes = np.concatenate([corners, corners + 10], 1).astype(float)
    moved = boxes + np.tile(rng.uniform(-3.3, 3.3, (12, 2)), 2)
    order = rng.permutation(12)
    found = match(['a.jpg'] * 12, moved[order], ['a.jpg'] * 12, boxes)
    assert order[found].tolist() == list(range(12))


def test_the_sum_of_the_overlaps_decides():
    """Worked out by hand: the largest overlap alone would take 9/11 + 2/18.

    The overlaps of the first true box with both are 7/13 and 2/18, of the
    second 9/11 and 6/14.
    """
    true = [[0, 0, 10, 10], [4, 0, 14, 10]]
    found = np.array([[3, 0, 13, 10], [8, 0, 18, 10]])
    names = ['a.jpg'] * 2
    assert match(names, found, names, true) == [0, 1]
    assert match(names, found[::-1], names, true) == [1, 0]


def test_equal_boxes_keep_their_order():
    names = ['a.jpg'] * 3
    boxes = [[0, 0, 1, 1]] * 3
    assert match(names, boxes, names, boxes) == [0, 1, 2]


def test_no_overlap():
    boxes = BOXES.copy()
    boxes[4] += 100
    with pytest.raises(
            ValueError, match=r'found.json: face 1 \(i/b.jpg\): its box does '
            'not overlap face 4 of truth.json, .* 3 faces .*; fix the box, '
            'or leave out all boxes'):
        reordered([0, 4, 1, 3, 2], boxes=boxes)


def test_alone_in_its_image_a_box_may_be_anywhere():
    """There is no doubt who it is: it is a bad prediction."""
    boxes = BOXES.copy()
    boxes[[0, 3]] += 100
    assert reordered([3, 4, 0, 2, 1], boxes=boxes) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize('names', [[None] * 5, [''] * 5])
def test_without_image_paths_in_one_file(names):
    """Boxes of all images together would tell nothing."""
    assert match(names, BOXES[::-1], NAMES, BOXES) == [0, 1, 2, 3, 4]
    assert match(NAMES, BOXES[::-1], names, BOXES) == [0, 1, 2, 3, 4]


def test_the_longer_path_tells_the_image():
    """Two images of one name in different folders are two."""
    boxes = [[0, 0, 1, 1], [8, 8, 9, 9]]
    assert match(['a.jpg', 'a.jpg'], boxes[::-1], ['x/a.jpg', 'y/a.jpg'],
                 boxes) == [0, 1]


@pytest.mark.parametrize('names, message', [
    (NAMES[:4], 'found.json: 4 faces, but truth.json has 5'),
    (['j/a.jpg', *NAMES[1:4], 'd.jpg'], '2 faces of .* but .* 3'),
    (['v.jpg', 'w.jpg', 'x.jpg', 'y.jpg', 'z.jpg'], '3 images do not match'),
    ([*NAMES[:3], None, NAMES[4]], 'found.json: face 3 has no image path, but'
     ' other faces have one; give all'),
])
def test_unmatched(names, message):
    with pytest.raises(ValueError, match=message):
        match(names, BOXES[:len(names)], NAMES, BOXES)


def test_more_faces_than_an_image_has():
    names = ['video.mp4'] * 2001
    boxes = np.tile([0, 0, 1, 1], (2001, 1))
    with pytest.raises(ValueError, match='2001 faces have this image path, at '
                       'most 2000 .*leave out the image paths'):
        match(names, boxes, names, boxes)


def test_every_annotated_landmark_must_be_predicted():
    cofw = load_landmark_set('cofw_29')
    wflw = load_landmark_set('wflw_98')
    for landmark_set, name in ((cofw, 7), (wflw, wflw.annotation_ids[7])):
        count = landmark_set.num_landmarks
        found = make('found.json', ['b.jpg', 'a.jpg'], count=count)
        truth = make('truth.json', ['a.jpg', 'b.jpg'], count=count)
        order = match_faces(found, truth)
        check_predicted(found, truth, order, landmark_set)
        found.labelled[1, 7] = False
        with pytest.raises(ValueError, match=r'found.json: face 1 \(a.jpg\): '
                           f'landmark {name} is annotated but not predicted'):
            check_predicted(found, truth, order, landmark_set)
        truth.labelled[0, 7] = False
        check_predicted(found, truth, order, landmark_set)


@pytest.mark.slow
@pytest.mark.parametrize('size', [2, 50])
def test_many_faces(size):
    """100,000 faces of shuffled images: seconds, and little memory."""
    count = 100_000
    rng = np.random.default_rng(0)
    names = np.array([f'images/{i // size}.jpg' for i in range(count)])
    corners = np.stack([np.arange(count) % size * 10., np.zeros(count)], 1)
    boxes = np.concatenate([corners, corners + 9], 1)
    order = rng.permutation(count)
    found = make('found.json', names[order], boxes[order] + 2)
    truth = make('truth.json', names, boxes)
    tracemalloc.start()
    start = time.process_time()
    match = match_faces(found, truth)
    seconds = time.process_time() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (order[match] == np.arange(count)).all()
    assert seconds < 60 and peak < 200e6
