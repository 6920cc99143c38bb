"""What the page does, without a browser."""
import dataclasses
import json
import os

import cv2
import numpy as np
import pytest
import torch
from cartoon import cartoon_face
from mmengine.config import Config
from PIL import Image
from web_demo import FaceAnalyser, analysis

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture(scope='module')
def found(analyser, tmp_path_factory):
    """The analysis of an image of 200 px, shown at 800 px."""
    path = str(tmp_path_factory.mktemp('in') / 'face.png')
    cv2.imwrite(path, cartoon_face(200))
    return analyser.analyse(path, 'whole_image', 'tiny')


class TestAnalyse:

    def test_one_face(self, found):
        assert found.name == 'face.png' and found.notes == []
        assert found.image.shape == (800, 800, 3)
        [face] = found.record['faces']
        assert face['box'] == [0, 0, 200, 200]
        # The file is in px of the photograph, what is shown in its own; the
        # centre of the first pixel of both is 0.
        shown = found.landmarks(found.steps)[0]
        np.testing.assert_allclose(
            (shown + 0.5) / 4 - 0.5, face['landmarks'], atol=2e-3)
        np.testing.assert_allclose(
            found.faces.pred_instances.bboxes[0], [1.5, 1.5, 801.5, 801.5])

    def test_the_photograph_itself(self, found):
        small = cv2.resize(found.image, (200, 200),
                           interpolation=cv2.INTER_AREA)[..., ::-1]
        difference = np.abs(small.astype(int) - cartoon_face(200))
        assert difference.mean() < 2

    @pytest.mark.parametrize('size, side', [((3000, 1000), 1600),
                                            ((1000, 900), 1000),
                                            ((1, 1), 800), ((2000, 1), 1600)])
    def test_size_of_the_image(self, analyser, tmp_path, size, side):
        path = str(tmp_path / 'grey.png')
        cv2.imwrite(path, np.full(size, 90, np.uint8))
        found = analyser.analyse(path, 'haar', 'tiny')
        assert max(found.image.shape) == side
        assert found.record['faces'] == [] and found.attention == []
        np.testing.assert_array_equal(found.draw(0), found.image)
        assert found.nearest(0, 5, 5) is None

    def test_detector(self, analyser, photo):
        [face] = analyser.analyse(photo, 'haar', 'tiny').record['faces']
        x, y, width, height = face['box']
        assert 20 < x < 80 and 80 < width < 160

    def test_refine(self, tiny_model, photo, found):
        other = FaceAnalyser({'tiny': tiny_model},
                             dict(all=('whole_image', None)), refine=1)
        [face] = other.analyse(photo, 'all', 'tiny').record['faces']
        points = np.array(found.record['faces'][0]['landmarks'])
        np.testing.assert_allclose(
            face['box'], [*points.min(0), *np.ptp(points, 0)], atol=2e-3)

    def test_many_faces(self, analyser, photo, monkeypatch):
        monkeypatch.setattr(analysis, 'MAX_FACES', 3)
        boxes = np.array([[i, i, 90 + i, 90 + i] for i in range(5)], float)
        outside = [[900, 900, 990, 990]]

        def find(image):
            return np.concatenate([outside, boxes]), np.arange(6)[::-1]

        infer = analyser.inferencer('tiny', 'haar')
        monkeypatch.setattr(infer, 'detect', find)
        found = analyser.analyse(photo, 'haar', 'tiny')
        assert len(found.record['faces']) == len(found.attention) == 3
        assert 'outside the image' in found.notes[0]
        assert '5 faces were found; the first 3' in found.notes[1]
        np.testing.assert_array_equal(
            found.faces.pred_instances.track_ids, [1, 2, 3])
        assert 'track_id' not in found.record['faces'][0]


class TestBadFiles:

    @pytest.mark.parametrize('name, words', [
        ('text.jpg', 'not an image'),
        ('empty.png', 'empty file'),
        ('half.png', 'is not an image that can be read'),
        ('bomb.png', 'too large: 10000 x 6000 pixels'),
        ('missing.png', 'No such file'),
    ])
    def test_it_says_which_and_why(self, analyser, photo, tmp_path, name,
                                   words):
        with open(photo, 'rb') as file:
            good = file.read()
        (tmp_path / 'text.jpg').write_text('I am no photograph')
        (tmp_path / 'empty.png').write_bytes(b'')
        (tmp_path / 'half.png').write_bytes(good[:len(good) // 2])
        Image.new('1', (10000, 6000)).save(tmp_path / 'bomb.png')  # 8 kB
        with pytest.raises(ValueError, match=words) as error:
            analyser.analyse(str(tmp_path / name), 'haar', 'tiny')
        assert name in str(error.value)
        assert str(tmp_path) not in str(error.value)  # our business alone

    def test_limit_of_pixels(self, analyser, photo, monkeypatch):
        monkeypatch.setattr(analysis, 'MAX_PIXELS', 200 * 200)
        assert analyser.analyse(photo, 'haar', 'tiny')
        monkeypatch.setattr(analysis, 'MAX_PIXELS', 200 * 200 - 1)
        with pytest.raises(ValueError, match='too large: 200 x 200'):
            analyser.analyse(photo, 'haar', 'tiny')

    @pytest.mark.parametrize('detector, model, words', [
        ('haar', '../secret', "no model '../secret'"),
        ('/etc/passwd', 'tiny', "no detector '/etc/passwd'"),
    ])
    def test_what_is_not_offered(self, analyser, photo, detector, model,
                                 words):
        with pytest.raises(ValueError, match=words):
            analyser.analyse(photo, detector, model)


class TestSteps:

    def test_each_is_another_image(self, found):
        assert found.steps == 3
        drawn = [found.draw(step).astype(int) for step in range(4)]
        for one, two in zip(drawn, drawn[1:]):
            assert (np.abs(one - two) > 60).any()
        np.testing.assert_array_equal(
            found.landmarks(3), found.faces.pred_instances.keypoints)

    def test_drawing_changes_nothing(self, found):
        before = found.faces.pred_instances.keypoints.copy()
        first = found.draw(0)
        found.draw(2)
        np.testing.assert_array_equal(found.draw(0), first)
        np.testing.assert_array_equal(found.faces.pred_instances.keypoints,
                                      before)


class TestClick:

    @pytest.mark.parametrize('step', [0, 3])
    def test_each_landmark_finds_itself(self, found, step):
        points = found.landmarks(step)[0]
        for landmark in (0, 16, 54, 96):
            place = points[landmark] + (0.5, -0.5)
            near = found.nearest(step, *place)
            distances = np.linalg.norm(points - place, axis=1)
            assert near == (0, distances.argmin())

    def test_too_far(self, found):
        assert found.nearest(3, -4000, 10) is None

    def test_the_right_face(self, analyser, photo, monkeypatch):
        boxes = np.array([[0, 0, 60, 60], [120, 120, 180, 180]], float)
        monkeypatch.setattr(
            analyser.inferencer('tiny', 'haar'), 'detect', lambda image:
            (boxes, np.ones(2)))
        found = analyser.analyse(photo, 'haar', 'tiny')
        points = found.landmarks(3)
        assert found.nearest(3, *points[1, 16]) == (1, 16)

    def test_attention(self, found):
        grid = found.draw_attention(0, 16)
        other = found.draw_attention(0, 76)
        assert grid.shape[2] == 3 and grid.shape[0] > grid.shape[1]
        assert grid.shape != other.shape or (grid != other).any()
        [attention] = found.attention
        assert attention.shape == (3, 1, 1, 98, 98)
        np.testing.assert_allclose(
            attention.astype(float).sum(-1), 1, atol=0.01)

    def test_a_model_without(self, found):
        without = dataclasses.replace(found, attention=[])
        with pytest.raises(ValueError, match='no attention'):
            without.draw_attention(0, 16)


class TestFiles:

    def test_json_and_image(self, found, tmp_path):
        json_file, image = found.write(3, str(tmp_path))
        assert os.path.basename(json_file) == 'face.json'
        assert os.path.basename(image) == 'face_faces.jpg'
        with open(json_file) as file:
            record = json.load(file)
        assert record['image'] == 'face.png'
        [face] = record['faces']
        assert np.shape(face['landmarks']) == (98, 2)
        assert np.shape(face['landmark_steps']) == (4, 98, 2)
        read = cv2.imread(image)[..., ::-1].astype(int)
        assert np.abs(read - found.draw(3)).mean() < 3

    def test_two_at_a_time_and_old_ones(self, found, tmp_path):
        first = found.write(3, str(tmp_path))
        second = found.write(0, str(tmp_path))
        assert all(map(os.path.exists, first + second))
        folder = os.path.dirname(first[0])
        os.utime(folder, (0, 0))
        third = found.write(0, str(tmp_path))
        assert not os.path.exists(folder)
        assert all(map(os.path.exists, second + third))

    def test_a_bad_name(self, analyser, photo, tmp_path):
        path = tmp_path / '..<b>"x*.png'
        os.rename(photo, path)
        out = tmp_path / 'out'
        out.mkdir()
        files = analyser.analyse(str(path), 'haar', 'tiny').write(0, str(out))
        assert all(
            os.path.realpath(file).startswith(str(out)) for file in files)


class TestModels:

    def test_drawn_faces_only(self, tiny_model, tmp_path):
        config, checkpoint = tiny_model
        drawn = Config.fromfile(config)
        drawn.dataset_type = 'SyntheticFaceDataset'
        path = str(tmp_path / 'drawn.py')
        drawn.dump(path)
        analyser = FaceAnalyser(
            dict(tiny=tiny_model, drawn=(path, checkpoint)),
            dict(haar=('haar', None)))
        assert not analyser.inferencer('tiny').only_synthetic
        assert analyser.inferencer('drawn').only_synthetic

    def test_detectors_share_the_network(self, analyser):
        one, two = (
            analyser.inferencer('tiny', name)
            for name in ('haar', 'whole_image'))
        assert one is not two and one.model is two.model
        assert analyser.inferencer('tiny', 'haar') is one

    def test_one_that_does_not_load(self, tiny_model, photo, tmp_path):
        path = str(tmp_path / 'bad.pth')
        torch.save(dict(state_dict={}), path)
        analyser = FaceAnalyser(
            dict(bad=(tiny_model[0], path)), dict(haar=('haar', None)))
        with pytest.raises(ValueError, match='bad.pth'):
            analyser.analyse(photo, 'haar', 'bad')
