"""From a checkpoint and boxes to faces as plain numbers."""
import json
import os

import numpy as np
import pytest
import torch
from cartoon import cartoon_face
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from tiny_model import POSE, write_tiny_model

from spiga_mmpose.apis import (estimate_faces, estimate_images, faces_to_dicts,
                               load_model)
from spiga_mmpose.apis.estimation import (check_refine, landmark_boxes,
                                          landmark_set_name, landmark_set_of,
                                          refined_box)

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_tiny_model(str(tmp_path_factory.mktemp('tiny')))


@pytest.fixture(scope='module')
def model(files):
    return load_model(*files, device='cpu')


BOXES = np.array([[20, 10, 120, 150], [60, 60, 190, 190]], np.float32)


class Payload:
    """Runs code when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path, )


class TestLoadModel:

    def test_has_the_weights(self, files, model):
        saved = torch.load(files[1], weights_only=True)['state_dict']
        for name, value in model.state_dict().items():
            assert (value == saved[name]).all(), name
        assert not model.training

    def test_metainfo_of_the_checkpoint(self, files, tmp_path):
        loaded = torch.load(files[1], weights_only=True)
        loaded['meta'] = dict(dataset_meta=dict(dataset_name='mine'))
        torch.save(loaded, tmp_path / 'a.pth')
        model = load_model(files[0], str(tmp_path / 'a.pth'), 'cpu')
        assert model.dataset_meta == dict(dataset_name='mine')

    def test_else_of_the_landmark_set(self, tmp_path):
        """Not of the data set's class, which is for 98 landmarks."""
        config, checkpoint = write_tiny_model(str(tmp_path), '300w_68')
        text = open(config).read()
        with open(config, 'w') as file:
            file.write(f"{text}\ndel train_dataloader['dataset']['metainfo']\n"
                       "train_dataloader['dataset']['type'] = "
                       "'SPIGAJsonDataset'\n")
        model = load_model(config, checkpoint, 'cpu')
        assert model.dataset_meta['num_keypoints'] == 68
        assert len(model.dataset_meta['flip_indices']) == 68

    @pytest.mark.parametrize('name', ['300w', 'a dog', None])
    def test_the_set_of_its_head(self, tmp_path, name):
        """Whatever the data set of its training was called."""
        config, checkpoint = write_tiny_model(str(tmp_path), '300w_68')
        model = load_model(config, checkpoint, 'cpu')
        model.dataset_meta = dict(model.dataset_meta, dataset_name=name)
        assert landmark_set_name(model) == '300w_68'
        assert landmark_set_of(model).name == '300w_68'

    def test_missing_files(self, files):
        with pytest.raises(ValueError, match='no config file nowhere.py'):
            load_model('nowhere.py', files[1], 'cpu')
        with pytest.raises(ValueError, match='no checkpoint file none.pth'):
            load_model(files[0], 'none.pth', 'cpu')

    @pytest.mark.parametrize('share', [0, 0.01, 0.5, 0.99])
    def test_truncated(self, files, tmp_path, share):
        content = open(files[1], 'rb').read()
        path = tmp_path / 'cut.pth'
        path.write_bytes(content[:int(len(content) * share)])
        with pytest.raises(ValueError, match='cut.pth: not a whole'):
            load_model(files[0], str(path), 'cpu')

    def test_no_checkpoint_at_all(self, files, tmp_path):
        path = tmp_path / 'text.pth'
        path.write_text('this is no checkpoint')
        with pytest.raises(ValueError, match='text.pth: not a '):
            load_model(files[0], str(path), 'cpu')

    def test_code_is_not_run(self, files, tmp_path):
        trap = str(tmp_path / 'trap')
        torch.save(dict(state_dict={}, x=Payload(trap)), tmp_path / 'c.pth')
        with pytest.raises(ValueError, match='c.pth: refused'):
            load_model(files[0], str(tmp_path / 'c.pth'), 'cpu')
        assert not os.path.exists(trap)

    @pytest.mark.parametrize('meta', [
        None,
        dict(dataset_meta=dict(num_keypoints=68)),
        dict(dataset_meta=dict(dataset_name='mine')),
    ])
    def test_of_another_landmark_set(self, files, tmp_path, meta):
        other = write_tiny_model(str(tmp_path), '300w_68')
        loaded = torch.load(other[1], weights_only=True)
        torch.save(dict(loaded, meta=meta), tmp_path / 'a.pth')
        with pytest.raises(ValueError, match='does not fit(.|\n)*68') as error:
            load_model(files[0], str(tmp_path / 'a.pth'), 'cpu')
        sentence = str(error.value).split('\n')[0]
        assert str(tmp_path / 'a.pth') in sentence and files[0] in sentence
        assert 'it is of 68 landmarks, the config of 98' in sentence

    @pytest.mark.parametrize('content', [
        [1, 2],
        torch.zeros(3),
        dict(state_dict=[1]),
        dict(state_dict={'backbone.attention.0.points.weight': 3}),
    ])
    def test_data_of_another_kind(self, files, tmp_path, content):
        torch.save(content, tmp_path / 'odd.pth')
        with pytest.raises(ValueError, match='odd.pth'):
            load_model(files[0], str(tmp_path / 'odd.pth'), 'cpu')

    def test_what_differs_is_not_the_landmarks(self, files, tmp_path):
        loaded = torch.load(files[1], weights_only=True)
        name = 'backbone.attention.0.points.weight'
        loaded['state_dict'][name] = torch.zeros(98, 3, 1, 1)
        torch.save(loaded, tmp_path / 'wide.pth')
        with pytest.raises(ValueError, match='does not fit') as error:
            load_model(files[0], str(tmp_path / 'wide.pth'), 'cpu')
        assert 'it is of' not in str(error.value)
        assert name in str(error.value)

    @pytest.mark.parametrize('content, words', [
        ('model = dict(', 'cannot be read: SyntaxError'),
        ('model = 1 / 0', 'cannot be read: ZeroDivisionError'),
        ("_base_ = 'none.py'", 'cannot be read: FileNotFoundError'),
        ('test_dataloader = dict()', "no 'model'"),
        ("model = dict(type='A')", "no 'test_dataloader'"),
        ('', "no 'model'"),
    ])
    def test_bad_config(self, files, tmp_path, content, words):
        path = tmp_path / 'bad.py'
        path.write_text(content)
        with pytest.raises(ValueError) as error:
            load_model(str(path), files[1], 'cpu')
        assert f'the config {path} ' in str(error.value)
        assert words in str(error.value)
        assert '\n' not in str(error.value)

    def test_a_missing_weight_is_named(self, files, tmp_path):
        loaded = torch.load(files[1], weights_only=True)
        name = sorted(loaded['state_dict'])[0]
        del loaded['state_dict'][name]
        torch.save(loaded, tmp_path / 'less.pth')
        with pytest.raises(ValueError, match=name):
            load_model(files[0], str(tmp_path / 'less.pth'), 'cpu')


class TestEstimateFaces:

    def test_fields(self, model):
        sample = estimate_faces(model, cartoon_face(200), BOXES)
        faces = sample.pred_instances
        assert faces.keypoints.shape == (2, 98, 2)
        assert faces.keypoint_scores.shape == (2, 98)
        assert faces.landmark_steps.shape == (2, 4, 98, 2)
        np.testing.assert_allclose(faces.head_poses, [POSE] * 2, rtol=1e-5)
        np.testing.assert_allclose(faces.bboxes, BOXES)
        np.testing.assert_allclose(faces.bbox_scores, 1)

    def test_scores_of_the_boxes(self, model):
        sample = estimate_faces(model, cartoon_face(200), BOXES, [0.7, 0.4])
        np.testing.assert_allclose(sample.pred_instances.bbox_scores,
                                   [0.7, 0.4])

    def test_no_box(self, model):
        sample = estimate_faces(model, cartoon_face(200), np.zeros((0, 4)))
        assert len(sample.pred_instances) == 0
        assert sample.pred_instances.keypoints.shape == (0, 98, 2)
        assert faces_to_dicts(sample, steps=True) == []


@pytest.fixture
def batches(model):
    """Sizes of the batches that go through the network."""
    sizes = []
    hook = model.backbone.register_forward_hook(
        lambda _, inputs, __: sizes.append(len(inputs[0])))
    yield sizes
    hook.remove()


class TestEstimateImages:

    def test_many_faces_go_in_batches(self, model, batches):
        """The results do not depend on the size of the batch."""
        boxes = np.concatenate([BOXES, BOXES + 3, BOXES - 8])
        item = cartoon_face(200), boxes, np.ones(6)
        [whole] = estimate_images(model, [item])
        [parts] = estimate_images(model, [item], batch_size=4)
        assert batches == [6, 4, 2]
        np.testing.assert_allclose(
            parts.pred_instances.keypoints,
            whole.pred_instances.keypoints,
            atol=1e-3)

    def test_faces_of_several_images_share_a_batch(self, model, batches):
        items = [(cartoon_face(200 + 20 * i), BOXES[:1] + 4 * i, [0.1 * i])
                 for i in range(5)]
        together = estimate_images(model, items)
        assert batches == [5]
        for i, (sample, item) in enumerate(zip(together, items)):
            [alone] = estimate_images(model, [item])
            for name in ('keypoints', 'head_poses', 'landmark_steps',
                         'bboxes', 'bbox_scores'):
                np.testing.assert_allclose(
                    sample.pred_instances.get(name),
                    alone.pred_instances.get(name),
                    atol=1e-4)
            assert sample.ori_shape == (200 + 20 * i, ) * 2
            np.testing.assert_allclose(sample.pred_instances.bbox_scores,
                                       [0.1 * i])

    def test_images_with_and_without_faces(self, model, batches):
        image, ones = cartoon_face(200), np.ones(2)
        none = image, BOXES[:0], ones[:0]
        samples = estimate_images(
            model, [none, (image, BOXES, ones), none], batch_size=1)
        assert [len(sample.pred_instances) for sample in samples] == [0, 2, 0]
        assert batches == [1, 1]
        assert estimate_images(model, []) == []


class TestRefine:

    def test_second_pass_crops_by_the_landmarks_of_the_first(self, model):
        item = cartoon_face(200), BOXES, np.array([0.7, 0.4])
        [first] = estimate_images(model, [item])
        boxes = landmark_boxes(first.pred_instances.keypoints)
        [wanted] = estimate_images(model, [(item[0], boxes, item[2])])
        [found] = estimate_images(model, [item], refine=1)
        np.testing.assert_allclose(found.pred_instances.bboxes, boxes)
        for name in ('keypoints', 'head_poses', 'landmark_steps'):
            np.testing.assert_allclose(
                found.pred_instances.get(name),
                wanted.pred_instances.get(name),
                atol=1e-3)
        np.testing.assert_allclose(found.pred_instances.bbox_scores, item[2])

    def test_faces_of_several_images_share_a_batch(self, model, batches):
        items = [(cartoon_face(200 + 20 * i), BOXES[:1] + 4 * i, [1.])
                 for i in range(5)]
        together = estimate_images(model, items, batch_size=3, refine=2)
        assert batches == [3, 3, 3, 2, 2, 2]
        for sample, item in zip(together, items):
            [alone] = estimate_images(model, [item], refine=2)
            np.testing.assert_allclose(
                sample.pred_instances.keypoints,
                alone.pred_instances.keypoints,
                atol=1e-3)
        none = items[0][0], BOXES[:0], []
        assert len(estimate_images(model, [none],
                                   refine=1)[0].pred_instances) == 0

    @pytest.mark.parametrize('points, wanted', [
        ([[10, 20], [30, 60]], [10, 20, 30, 60]),
        ([[-10, -20], [30, 60]], [-10, -20, 30, 60]),  # partly outside
        ([[np.nan, 20], [30, 60]], [1, 2, 3, 4]),
        ([[10, 20], [10, 60]], [1, 2, 3, 4]),  # no area
        ([[210, 20], [230, 60]], [1, 2, 3, 4]),  # outside 200 x 100 px
    ])
    def test_a_box_that_is_none(self, points, wanted):
        face = PoseDataSample(
            pred_instances=InstanceData(keypoints=np.array([points], float)))
        box = refined_box(face, np.array([1, 2, 3, 4]), (100, 200))
        assert box.tolist() == wanted

    def test_number_of_passes(self):
        assert [check_refine(number) for number in (0, 3)] == [0, 3]
        for wrong in (-1, 1.5, '1', True, None):
            with pytest.raises(ValueError, match=f'0 or more, .*{wrong!r}'):
                check_refine(wrong)


class TestFacesToDicts:

    def sample(self, **extra):
        return PoseDataSample(
            pred_instances=InstanceData(
                bboxes=np.array([[1., 2, 11, 32]]),
                bbox_scores=np.array([0.98765], np.float32),
                keypoints=np.array([[[1.23456, 2], [np.nan, 4]]]),
                keypoint_scores=np.array([[0.5, 1]], np.float32),
                **extra))

    def test_numbers(self):
        assert faces_to_dicts(self.sample()) == [
            dict(
                box=[1, 2, 10, 30],
                box_score=0.988,
                landmarks=[[1.235, 2], [None, 4]],
                landmark_scores=[0.5, 1])
        ]

    def test_pose_and_steps(self):
        sample = self.sample(
            head_poses=np.array([[1., 2, 3, 4, 5, np.inf]]),
            landmark_steps=np.zeros((1, 4, 2, 2)))
        [face] = faces_to_dicts(sample)
        assert face['pose'] == dict(
            yaw=1, pitch=2, roll=3, translation=[4, 5, None])
        assert 'landmark_steps' not in face
        [face] = faces_to_dicts(sample, steps=True)
        assert np.shape(face['landmark_steps']) == (4, 2, 2)

    def test_track(self):
        [face] = faces_to_dicts(self.sample(track_ids=np.array([7])))
        assert face['track_id'] == 7 and type(face['track_id']) is int

    def test_json(self, model):
        sample = estimate_faces(model, cartoon_face(200), BOXES)
        text = json.dumps(faces_to_dicts(sample, True), allow_nan=False)
        assert len(json.loads(text)) == 2
