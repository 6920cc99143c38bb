"""From a detector's boxes to landmark boxes, and what is left to do."""
import json

import numpy as np
import pytest

from spiga_mmpose.apis import BoxCalibration, fit_calibration, load_calibration
from spiga_mmpose.apis.calibration import box_errors, left_out_boxes


@pytest.fixture
def boxes():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 500, (21, 2))
    return np.concatenate([corners, corners + rng.uniform(20, 90, (21, 2))], 1)


KNOWN = BoxCalibration(shift=(0.05, 0.2), scale=(0.8, 1.1))


class TestApply:

    def test_by_hand(self):
        # Of 100 x 50 at the middle (60, 45): the middle moves to (70, 35),
        # and the size becomes 50 x 100.
        box = np.array([[10, 20, 110, 70]], np.float32)
        calibration = BoxCalibration(shift=(0.1, -0.2), scale=(0.5, 2))
        moved = calibration.apply(box)
        np.testing.assert_allclose(moved, [[45, -15, 95, 85]])
        assert moved.dtype == np.float32

    def test_nothing_by_default(self, boxes):
        np.testing.assert_allclose(BoxCalibration().apply(boxes), boxes)
        assert BoxCalibration().apply(boxes[:0]).shape == (0, 4)

    @pytest.mark.parametrize('shift, scale, words', [
        ((0, ), (1, 1), 'shift must be two'),
        ((0, 'a'), (1, 1), 'shift must be two'),
        (None, (1, 1), 'shift must be two'),
        ((0, np.nan), (1, 1), 'shift must be two finite'),
        ((0, 0), (1, 0), 'scale must be two finite numbers above 0'),
        ((0, 0), 1, 'scale must be'),
    ])
    def test_wrong_numbers(self, shift, scale, words):
        with pytest.raises(ValueError, match=words):
            BoxCalibration(shift, scale)


class TestFit:

    def test_undoes_what_a_detector_does(self, boxes):
        found = fit_calibration(boxes, KNOWN.apply(boxes))
        np.testing.assert_allclose(found.shift, KNOWN.shift)
        np.testing.assert_allclose(found.scale, KNOWN.scale)

    def test_nearly_half_of_the_boxes_may_be_wrong(self, boxes):
        truth = KNOWN.apply(boxes)
        truth[:10] = [0, 0, 900, 900]
        found = fit_calibration(boxes, truth)
        moved = found.apply(boxes[10:])
        # The other eleven agree, and one of them is the median.
        np.testing.assert_allclose(moved, truth[10:], atol=1e-9)

    @pytest.mark.parametrize('detected, truth, words', [
        ([], [], 'at least one; found 0 and 0'),
        ([[0, 0, 1, 1]] * 2, [[0, 0, 1, 1]], 'found 2 and 1'),
        ([[0, 0, 0, 1]], [[0, 0, 1, 1]], 'x1 < x2'),
    ])
    def test_no_boxes(self, detected, truth, words):
        with pytest.raises(ValueError, match=words):
            fit_calibration(np.array(detected), np.array(truth))


class TestErrors:

    def test_by_hand(self):
        truth = np.array([[0, 0, 10, 20]] * 3, float)
        boxes = np.array([[0, 0, 10, 20], [3, 4, 13, 24], [0, 0, 20, 40]],
                         float)
        errors = box_errors(boxes, truth)
        # Centres: 0, 5, and (5, 10) off; longer side 20.
        assert errors['center'] == pytest.approx(5 / 20)
        assert errors['size'] == 1
        np.testing.assert_allclose(errors['shift'], [0.4 / 3, 0.7 / 3])
        np.testing.assert_allclose(
            errors['shift_sd'],
            np.std([[0, 0], [0.15, 0.2], [0.25, 0.5]], axis=0))
        assert errors['scale'] == pytest.approx(4 / 3)
        assert errors['scale_sd'] == pytest.approx((2 / 9)**0.5)
        # Of the second: 7 x 16 shared of 400 - 112; of the third a quarter.
        assert errors['iou'] == pytest.approx(112 / 288)

    def test_left_out(self, boxes):
        """A face is not calibrated by itself."""
        truth = KNOWN.apply(boxes)
        np.testing.assert_allclose(left_out_boxes(boxes, truth), truth)
        two = left_out_boxes(boxes[:2], np.stack([truth[0], boxes[1]]))
        np.testing.assert_allclose(two, [boxes[0], truth[1]])


class TestFile:

    def test_read(self, tmp_path):
        path = tmp_path / 'a.json'
        path.write_text(
            json.dumps(dict(shift=[0.1, 0], scale=[1, 2], faces=8)))
        assert load_calibration(str(path)) == BoxCalibration((0.1, 0), (1, 2))

    @pytest.mark.parametrize('content, words', [
        ('{', 'not a JSON file'),
        ('[]', "'shift' and 'scale'"),
        ('{"shift": [0, 0]}', "'shift' and 'scale'"),
        ('{"shift": [0, 0], "scale": [1, -1]}', 'scale must be two'),
    ])
    def test_no_calibration(self, tmp_path, content, words):
        path = tmp_path / 'bad.json'
        path.write_text(content)
        with pytest.raises(ValueError, match=words) as error:
            load_calibration(str(path))
        assert 'bad.json' in str(error.value)

    def test_absent(self):
        with pytest.raises(ValueError, match='cannot read none.json'):
            load_calibration('none.json')
