"""Corruptions change what they say, no more, and the same way every time."""
import copy

import cv2
import numpy as np
import pytest

from spiga_mmpose.datasets.transforms import (CORRUPTIONS, AddNoise,
                                              BadSampleError, BlurFace,
                                              CompressJPEG, CoverFace,
                                              CropByBox, DimLight, EnlargeBox,
                                              ShiftBox, ShrinkFace, TightenBox,
                                              TurnBox)

BOX_HARMS = {'shift', 'large_box', 'small_box', 'rotation'}
RANDOM = {'shift', 'occlusion', 'noise'}
LEVELS = range(1, 6)


def sample(identity=7):
    """A face of 40 x 20 px in the middle of a smooth crop of 64 px."""
    rng = np.random.default_rng(1)
    img = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    points = np.array([[[12., 22], [52, 42], [30, 30], [-90, -90]]])
    return dict(
        id=identity,
        img_path='some.jpg',
        img=cv2.GaussianBlur(img, (0, 0), 2.5),
        bbox=np.array([[10., 20, 50, 40]]),
        bbox_center=np.array([[30., 30]]),
        bbox_scale=np.array([[64., 32]]),
        keypoints=points + 100,
        transformed_keypoints=points,
        keypoints_visible=np.array([[1., 1, 1, 0]]),
        keypoints_hidden=np.array([[0., 1, 0, 0]]))


def equal(one, other):
    return set(one) == set(other) and all(
        np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize('name', CORRUPTIONS)
class TestEveryCorruption:

    def test_level_0_is_the_clean_face(self, name):
        results = sample()
        before = dict(results)
        out = CORRUPTIONS[name](level=0)(results)
        assert set(out) == set(before)
        assert all(out[key] is before[key] for key in before)

    def test_changes_box_or_image_and_nothing_else(self, name):
        for level in LEVELS:
            given = sample()
            arrays = dict(given)
            out = CORRUPTIONS[name](level)(given)
            changed = {
                key
                for key in out if key not in arrays
                or not np.array_equal(out[key], arrays[key])
            }
            allowed = ({'bbox_center', 'bbox_scale', 'bbox_rotation'}
                       if name in BOX_HARMS else {'img'})
            assert len(changed) == 1 and changed <= allowed
            # Nobody's array was written into.
            assert equal(arrays, sample())

    def test_depends_on_seed_and_face_alone(self, name):
        harm = CORRUPTIONS[name](3, seed=5)
        first = harm(sample(1))
        np.random.seed(99)
        harm(sample(2))
        assert equal(harm(sample(1)), first)
        assert equal(CORRUPTIONS[name](3, seed=5)(sample(1)), first)
        if name == 'rotation':  # to one of two sides: others may agree
            return
        for other in (harm(sample(2)),
                      CORRUPTIONS[name](3, seed=6)(sample(1))):
            assert equal(dict(other, id=1), first) == (name not in RANDOM)

    def test_images_stay_images(self, name):
        for img in (np.zeros((64, 64, 3), np.uint8),
                    np.full((64, 64, 3), 255, np.uint8), sample()['img']):
            for level in LEVELS:
                out = CORRUPTIONS[name](level)(dict(sample(), img=img))['img']
                assert out.shape == img.shape and out.dtype == np.uint8

    def test_every_level_is_harder(self, name):
        clean = sample()

        def harm(level):
            out = CORRUPTIONS[name](level)(sample())
            keys = ('img', 'bbox_center', 'bbox_scale')
            turned = out.get('bbox_rotation', np.zeros(1))
            return abs(turned).sum() + sum(
                np.abs(out[key].astype(float) - clean[key]).sum()
                for key in keys)

        harms = [harm(level) for level in range(6)]
        assert harms[0] == 0 and (np.diff(harms) > 0).all(), harms

    @pytest.mark.parametrize('level', [-1, 6, 1.5, 'hard'])
    def test_levels_that_are_none(self, name, level):
        with pytest.raises(ValueError) as error:
            CORRUPTIONS[name](level)
        assert CORRUPTIONS[name].__name__ in str(error.value)
        assert repr(level) in str(error.value)


class TestBoxes:

    def test_shift_by_hand(self):
        """A fixed share of the longer side, 40 px, into all directions."""
        moves = np.array([
            ShiftBox(2)(sample(face))['bbox_center'][0] - 30
            for face in range(200)
        ])
        assert np.allclose(np.linalg.norm(moves, axis=1), .1 * 40)
        angles = np.arctan2(moves[:, 1], moves[:, 0])
        assert np.histogram(angles, 4, (-np.pi, np.pi))[0].min() > 30

    def test_direction_is_that_of_the_face_at_every_level(self):
        moves = [ShiftBox(n)(sample())['bbox_center'][0] - 30 for n in LEVELS]
        moves = [move / np.linalg.norm(move) for move in moves]
        assert np.allclose(moves, moves[0])

    def test_sizes_by_hand(self):
        for kind, factor in ((EnlargeBox, 2.), (TightenBox, .5)):
            out = kind(5)(sample())
            assert out['bbox_scale'].tolist() == [[64 * factor, 32 * factor]]

    def test_turns_to_both_sides_and_adds_to_a_turn(self):
        turns = [TurnBox(2)(sample(face))['bbox_rotation'][0]
                 for face in range(100)]
        assert set(turns) == {-20., 20.}
        assert 30 < turns.count(20.) < 70
        out = TurnBox(2)(dict(sample(), bbox_rotation=np.array([5.])))
        assert out['bbox_rotation'][0] in (-15, 25)


class TestCropByBox:

    def test_by_hand(self):
        results = sample('a')
        out = CropByBox({'a': np.array([0, 10, 10, 30]), 'b': None})(results)
        assert out['bbox_center'].tolist() == [[5, 20]]
        # 1.6 times the box, as the pipeline did it.
        assert np.allclose(out['bbox_scale'], [[16, 32]])
        assert out['bbox'].tolist() == [[10, 20, 50, 40]]

    def test_own_box_changes_nothing(self):
        results = sample()
        out = CropByBox({7: results['bbox'][0]})(copy.deepcopy(results))
        assert equal(out, results)


class TestImages:

    def test_covers_its_share_of_the_landmark_box(self):
        """In [12, 52) x [22, 42) of 40 x 20 px; all pixels are 0 before."""
        for level, share in zip(LEVELS, CoverFace.amounts):
            places = []
            for face in range(50):
                results = dict(sample(face), img=np.zeros((64, 64, 3), 'u1'))
                img = CoverFace(level)(results)['img']
                assert len(np.unique(img.reshape(-1, 3), axis=0)) == 2
                y, x = np.nonzero(img.any(-1))
                width, height = np.ptp(x) + 1, np.ptp(y) + 1
                assert len(x) == width * height
                # Each side is rounded to a pixel.
                slack = (width + height + 1) / 800
                assert abs(len(x) / 800 - share) <= slack
                assert x.min() >= 12 and x.max() < 52
                assert y.min() >= 22 and y.max() < 42
                places.append((x.min(), y.min(), width, height))
            assert len(set(places)) > 10

    def test_face_partly_outside_the_crop(self):
        for shift in (-60, 60):
            results = sample()
            results['transformed_keypoints'] = results[
                'transformed_keypoints'] + shift
            before = results['img'].copy()
            after = CoverFace(5)(results)['img']
            # Only where the face is in the crop, if anywhere.
            changed = np.argwhere((after != before).any(-1))
            points = results['transformed_keypoints'][0]
            assert (changed >= points.min(0)[::-1] - 1).all()
            assert (changed <= points.max(0)[::-1] + 1).all()

    def test_blur_is_a_share_of_the_face(self):
        out = BlurFace(3)(sample())['img']
        wanted = cv2.GaussianBlur(sample()['img'], (0, 0), .05 * 40)
        assert np.array_equal(out, wanted)

    def test_noise_has_its_sigma(self):
        grey = np.full((64, 64, 3), 128, np.uint8)
        out = AddNoise(2)(dict(sample(), img=grey))['img'].astype(float) - 128
        assert abs(out.std() - 16) < .5 and abs(out.mean()) < .5
        between = np.corrcoef(out.reshape(-1, 3).T)  # of the channels
        assert np.abs(between - np.eye(3)).max() < .06

    def test_jpeg_of_its_quality(self):
        out = CompressJPEG(4)(sample())['img']
        content = cv2.imencode('.jpg', sample()['img'],
                               [cv2.IMWRITE_JPEG_QUALITY, 10])[1]
        assert np.array_equal(out, cv2.imdecode(content, 1))

    def test_stops_by_hand(self):
        img = np.full((64, 64, 3), 200, np.uint8)
        # 200 * 2^(-1 / 2.2) = 145.94, 200 * 2^(-7 / 2.2) = 22.04
        for level, wanted in ((1, 146), (5, 22)):
            out = DimLight(level)(dict(sample(), img=img))['img']
            assert (out == wanted).all()

    def test_small_face(self):
        """20 of 40 px: as a crop of 32 px shows it."""
        results = sample()
        wide = np.array([[[0., 0], [16, 10], [0, 5], [9, 9]]])
        results['transformed_keypoints'] = wide
        out = ShrinkFace(5)(results)['img']  # 8 of 16 px
        small = cv2.resize(
            sample()['img'], (32, 32), interpolation=cv2.INTER_AREA)
        assert np.array_equal(out, cv2.resize(small, (64, 64)))

    def test_face_that_is_small_already(self):
        results = sample()
        results['transformed_keypoints'] = np.array(
            [[[0., 0], [16, 10], [0, 5], [9, 9]]])
        out = ShrinkFace(3)(results)['img']  # 16 px, and 16 it is
        assert np.array_equal(out, sample()['img'])

    def test_a_weight_beside_the_visibility(self):
        results = sample()
        results['keypoints_visible'] = np.stack(
            [results['keypoints_visible'], np.ones((1, 4))], -1)
        assert np.array_equal(
            BlurFace(3)(results)['img'],
            BlurFace(3)(sample())['img'])

    @pytest.mark.parametrize('kind', [CoverFace, BlurFace, ShrinkFace])
    def test_no_landmark_to_measure_by(self, kind):
        unlabelled = dict(sample(), keypoints_visible=np.zeros((1, 4)))
        without = dict(sample(), transformed_keypoints=np.zeros([]))
        for results in (unlabelled, without):
            with pytest.raises(BadSampleError, match='some.jpg'):
                kind(1)(results)
