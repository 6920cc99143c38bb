"""SPIGAInferencer: anything with faces in it, one call."""
import io
import json
import os
import warnings

import cv2
import numpy as np
import pytest
import reference_network
import torch
from cartoon import HEAD, cartoon_face
from mmpose.structures import PoseDataSample
from test_apis.test_sources import write_video
from tiny_model import POSE, write_tiny_model
from web_server import serve

from spiga_mmpose.apis import BoxCalibration, SPIGAInferencer, loading, weights
from spiga_mmpose.apis.weights import Release

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')

BOX = [[40, 30, 160, 170]]
WALL = np.full((90, 120, 3), 99, np.uint8)


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_tiny_model(str(tmp_path_factory.mktemp('tiny')))


@pytest.fixture(scope='module')
def infer(files):
    config, checkpoint = files
    return SPIGAInferencer(checkpoint, config, device='cpu')


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / 'in'
    path.mkdir()
    cv2.imwrite(str(path / 'a.png'), cartoon_face(200))
    (path / 'b.png').write_bytes(b'')
    cv2.imwrite(str(path / 'c.png'), cartoon_face(160))
    return path


def faces_of(result):
    [faces] = result['predictions']
    return faces


class TestResult:

    def test_as_mmposes_inferencers_are_called(self, infer, folder):
        result = next(infer(str(folder / 'a.png')))
        [face] = faces_of(result)
        assert np.shape(face['keypoints']) == (98, 2)
        assert np.shape(face['keypoint_scores']) == (98, )
        np.testing.assert_allclose(face['bbox'][0], 200 * HEAD, atol=45)
        np.testing.assert_allclose(face['head_pose'][:3], POSE[:3], atol=1e-3)
        assert 'landmark_steps' not in face
        assert result['visualization'] == []
        assert result['error'] is None and result['dropped'] == []

    def test_record(self, infer, folder):
        record = next(infer(str(folder / 'a.png'), steps=True))['record']
        assert record['image'] == str(folder / 'a.png')
        assert (record['width'], record['height']) == (200, 200)
        assert record['landmark_set'] == 'wflw_98'
        [face] = record['faces']
        assert np.shape(face['landmark_steps']) == (4, 98, 2)
        assert 'frame' not in record
        json.dumps(record, allow_nan=False)

    def test_data_samples(self, infer, folder):
        result = next(infer(str(folder / 'a.png'), return_datasamples=True))
        [sample] = result['predictions']
        assert isinstance(sample, PoseDataSample)
        assert sample.pred_instances.landmark_steps.shape == (1, 4, 98, 2)
        assert sample.img_path == str(folder / 'a.png')

    def test_drawn(self, infer):
        image = cartoon_face(200)
        result = next(infer(image, return_vis=True))
        [drawn] = result['visualization']
        assert drawn.shape == image.shape
        assert (np.abs(drawn.astype(int) - image) > 60).any()

    def test_no_face_is_no_face(self, infer):
        """Unlike MMPose, which takes the whole image for one."""
        result = next(infer(WALL, return_vis=True))
        assert faces_of(result) == [] and result['error'] is None
        assert (result['visualization'][0] == WALL).all()
        [sample] = next(infer(WALL, return_datasamples=True))['predictions']
        assert len(sample.pred_instances) == 0


class TestBatches:

    def test_a_camera_does_not_wait(self, infer, monkeypatch):
        asked = []

        class Camera:

            def __init__(self, number):
                pass

            def isOpened(self):
                return True

            def get(self, _):
                return 0

            def read(self):
                asked.append(1)
                return True, WALL

            def release(self):
                pass

        monkeypatch.setattr(cv2, 'VideoCapture', Camera)
        results = infer('webcam')
        for number in range(3):
            record = next(results)['record']
            assert (record['image'], record['frame']) == ('webcam:0', number)
            assert len(asked) == number + 1


class TestSources:

    def test_a_broken_image_is_told_and_skipped(self, infer, folder):
        good, bad, other = infer(str(folder))
        assert faces_of(good) and faces_of(other)
        assert faces_of(bad) == []
        assert 'b.png is an empty file' in bad['error']
        assert good['error'] is None and other['error'] is None
        assert bad['record']['image'].endswith('b.png')

    def test_urls_arrays_and_lists(self, infer):
        image = cartoon_face(200)
        content = cv2.imencode('.png', image)[1].tobytes()
        with serve({'/a.png': content}) as server:
            results = list(
                infer([
                    f'{server.url}/a.png', f'{server.url}/none.png', image,
                    image[..., 0]
                ]))
        assert [len(faces_of(result)) for result in results] == [1, 0, 1, 1]
        assert '404' in results[1]['error']
        first = np.array(faces_of(results[0])[0]['keypoints'])
        for result in results[2:]:
            np.testing.assert_allclose(
                faces_of(result)[0]['keypoints'], first, atol=2e-3)


class TestBoxes:

    def test_given_for_every_image(self, infer):
        results = infer([cartoon_face(200)] * 2, bboxes=BOX)
        assert [faces_of(result)[0]['bbox'] for result in results] == [BOX] * 2

    def test_given_for_each_image(self, infer, folder):
        """A broken image takes its own boxes with it."""
        boxes = [[], BOX, [[10, 10, 90, 90], [30, 30, 120, 120]]]
        results = list(infer(str(folder), bboxes=boxes))
        assert [len(faces_of(result)) for result in results] == [0, 0, 2]
        assert faces_of(results[2])[1]['bbox'] == [[30, 30, 120, 120]]

    @pytest.mark.parametrize('boxes, words', [
        ([BOX], 'boxes of 1 images, but there are more'),
        ([BOX] * 3, 'boxes of 3 images, but there are 2'),
        ([[1, 2, 3]], r'found an array of shape \(3,\)'),
        ([[[1, 2, 3]]] * 2, r'found an array of shape \(1, 3\)'),
    ])
    def test_given_wrong(self, infer, boxes, words):
        with pytest.raises(ValueError, match=words):
            list(infer([WALL, WALL], bboxes=boxes))

    def test_of_no_use(self, infer):
        one, none = infer([cartoon_face(200), cartoon_face(100)],
                          bboxes=[[110, 110, 150, 150], [300, 0, 310, 10],
                                  [120, 5, 150, 90]])
        assert len(faces_of(one)) == 2 and one['error'] is None
        assert len(one['dropped']) == 1
        assert 'outside the image of 200 x 200' in one['dropped'][0]
        assert faces_of(none) == [] and len(none['dropped']) == 3
        assert 'array_1: the box x 110 to 150' in none['error']

    def test_calibration(self, files, infer, tmp_path):
        config, checkpoint = files
        calibration = BoxCalibration(shift=(0, 0.1), scale=(0.5, 0.5))
        path = tmp_path / 'calibration.json'
        path.write_text('{"shift": [0, 0.1], "scale": [0.5, 0.5]}')
        image = cartoon_face(200)
        for given in (calibration, str(path)):
            other = SPIGAInferencer(
                checkpoint,
                config,
                device='cpu',
                det_model='whole_image',
                box_calibration=given)
            boxes, scores = other.detect(image)
            np.testing.assert_allclose(boxes, [[50, 70, 150, 170]])
            assert scores.tolist() == [1]
        # Given boxes are landmark boxes already.
        [face] = faces_of(next(other(image, bboxes=BOX)))
        assert face['bbox'] == BOX


class TestWriting:

    def test_folder(self, infer, folder, tmp_path):
        out = tmp_path / 'out'
        list(infer(str(folder), out_dir=str(out), formats=('mmpose', 'csv')))
        assert sorted(os.listdir(out)) == ['predictions', 'visualizations']
        # Of the broken image there is nothing to write.
        assert sorted(os.listdir(
            out / 'predictions')) == ['a_mmpose.json', 'c_mmpose.json',
                                      'faces.csv']
        assert sorted(os.listdir(out / 'visualizations')) == ['a.jpg', 'c.jpg']
        written = json.loads(
            (out / 'predictions' / 'a_mmpose.json').read_text())
        assert written == faces_of(next(infer(str(folder / 'a.png'))))

    def test_frames_of_a_video(self, infer, tmp_path):
        write_video(tmp_path / 'v.avi', 2)
        results = list(
            infer(
                str(tmp_path / 'v.avi'),
                bboxes=[[5, 5, 40, 40]],
                out_dir=str(tmp_path / 'out')))
        assert [result['record']['frame'] for result in results] == [0, 1]
        assert sorted(os.listdir(tmp_path / 'out' / 'visualizations')) == [
            'v_000000.jpg', 'v_000001.jpg'
        ]

    def test_no_such_format(self, infer, tmp_path):
        with pytest.raises(ValueError, match='formats'):
            next(infer(WALL, out_dir=str(tmp_path), formats=['yaml']))

    @pytest.mark.parametrize('taken, out', [
        ('out', 'out'),
        ('out', 'out/below'),
        ('out/predictions', 'out'),
        ('out/visualizations', 'out'),
    ])
    def test_a_file_is_in_the_way(self, infer, tmp_path, taken, out):
        file = tmp_path / taken
        file.parent.mkdir(exist_ok=True)
        file.write_text('mine')
        with pytest.raises(ValueError, match='name another folder') as error:
            next(infer(WALL, out_dir=str(tmp_path / out)))
        assert str(tmp_path / out) in str(error.value)
        assert file.read_text() == 'mine'


class TestRefine:

    def test_everywhere(self, files, infer):
        """The second box is that of the first landmarks."""
        other = SPIGAInferencer(files[1], files[0], 'cpu', refine=1)
        image = cartoon_face(200)
        [once] = faces_of(next(infer(image, bboxes=BOX)))
        [twice] = faces_of(next(other(image, bboxes=BOX)))
        points = np.array(once['keypoints'])
        np.testing.assert_allclose(
            twice['bbox'][0], [*points.min(0), *points.max(0)], atol=2e-3)
        item = image, np.array(BOX, np.float32), np.ones(1)
        [sample] = other.estimate([item])  # what videos are made by
        np.testing.assert_allclose(
            sample.pred_instances.keypoints[0], twice['keypoints'], atol=1e-2)

    def test_no_number(self, files):
        with pytest.raises(ValueError, match='refine: expected'):
            SPIGAInferencer(files[1], files[0], 'cpu', refine=-1)


class TestConstructor:

    def test_weights_that_need_a_config(self, files):
        with pytest.raises(ValueError, match='give it as well .model='):
            SPIGAInferencer(files[1], device='cpu')

    def test_by_name(self, files, monkeypatch):
        config, checkpoint = files
        monkeypatch.setattr(loading, 'find_weights',
                            lambda name: (checkpoint, config))
        infer = SPIGAInferencer(device='cpu', det_model='whole_image')
        assert len(faces_of(next(infer(WALL)))) == 1

    @pytest.mark.parametrize('det_model', ['auto', 'haar', 'whole_image'])
    def test_what_is_meant_to_be_so_is_no_warning(self, files, det_model):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            SPIGAInferencer(files[1], files[0], 'cpu', det_model)
        assert [str(warning.message) for warning in caught
                if warning.category is UserWarning] == []

    @pytest.mark.slow
    def test_a_released_file_of_a_mirror(self, monkeypatch, tmp_path):
        """From the authors' format on a server to a face, by the name."""
        released = io.BytesIO()
        torch.save(reference_network.build(98).state_dict(), released)
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
        # Fresh weights have another checksum.
        monkeypatch.setitem(weights.RELEASES, 'wflw',
                            Release('fresh.pt', 'spiga_wflw.py'))
        with serve({'/fresh.pt': released.getvalue()}) as server:
            monkeypatch.setenv(weights.MIRROR, server.url)
            infer = SPIGAInferencer('wflw', device='cpu')
        [face] = faces_of(next(infer(cartoon_face(200), steps=True)))
        assert np.shape(face['landmark_steps']) == (4, 98, 2)
        assert len(face['head_pose']) == 6
        [kept] = (tmp_path / 'spiga_mmpose').iterdir()
        kept.unlink()  # a quarter of a gigabyte
