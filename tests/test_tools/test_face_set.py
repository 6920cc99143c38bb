"""A test set under one corruption after the other."""
import numpy as np
import pytest
import small_models
import torch
from face_set import (FaceSet, collect_boxes, landmark_metric, measure,
                      turn_back, with_step)
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from spiga_mmpose.datasets import SyntheticFaceDataset
from spiga_mmpose.datasets.transforms import CORRUPTIONS

METRIC = dict(type='FaceAlignmentMetric', norm='lnd_bbox')
SIZE = small_models.SIZE
MMPOSE = [
    dict(type='GetBBoxCenterScale', padding=1.6),
    dict(type='TopdownAffine', input_size=(SIZE, SIZE)),
    dict(type='PackPoseInputs')
]
OURS = small_models.pipeline(labels=False)


def loader_config(count=3, **changes):
    dataset = dict(
        type='SyntheticFaceDataset',
        num_faces=count,
        seed=5,
        image_size=SIZE,
        test_mode=True,
        pipeline=OURS)
    return Config(
        dict(
            batch_size=2,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(dataset, **changes)))


def names(steps):
    return [step['type'] for step in steps]


class TestWithStep:

    @pytest.mark.parametrize('pipeline', [OURS, MMPOSE])
    def test_places(self, pipeline):
        old = names(pipeline)
        box = with_step(pipeline, dict(type='ShiftBox', level=1))
        assert names(box) == [old[0], 'ShiftBox', *old[1:]]
        image = with_step(pipeline, dict(type='BlurFace', level=1))
        assert names(image) == [*old[:2], 'BlurFace', *old[2:]]
        assert names(with_step(pipeline, None)) == old == names(pipeline)
        assert 'meta_keys' not in pipeline[-1]

    def test_no_crop_and_no_packing(self):
        with pytest.raises(ValueError, match='no SPIGACrop.*BoxFromLandmarks'):
            with_step([dict(type='BoxFromLandmarks')], None)
        with pytest.raises(ValueError, match='must end.*SPIGACrop'):
            with_step(OURS[:-1], None)

    @pytest.mark.parametrize('pipeline', [OURS, MMPOSE])
    @pytest.mark.parametrize('name', CORRUPTIONS)
    def test_truth_stays_and_level_0_is_clean_to_the_bit(self, pipeline, name):
        face = SyntheticFaceDataset(3, seed=5, image_size=SIZE)[1]

        def run(step):
            return Compose(with_step(pipeline, step))(dict(face))

        clean = run(None)
        kept, harmed = [
            run(dict(type=CORRUPTIONS[name], level=level)) for level in (0, 3)
        ]
        assert torch.equal(kept['inputs'], clean['inputs'])
        assert not torch.equal(harmed['inputs'], clean['inputs'])
        true = clean['data_samples'].gt_instances
        for packed in (kept, harmed):
            found = packed['data_samples'].gt_instances
            for key in ('keypoints', 'keypoints_visible', 'bboxes'):
                assert np.array_equal(found.get(key), true.get(key))


class TestTurnBack:

    @pytest.mark.parametrize('pipeline', [OURS, MMPOSE])
    def test_perfect_landmarks_of_a_turned_crop(self, pipeline):
        """Read off the crop and mapped as MMPose's estimator maps them."""
        steps = with_step(pipeline, dict(type='TurnBox', level=4))
        steps[-1]['pack_transformed'] = True
        face = SyntheticFaceDataset(3, seed=5, image_size=SIZE)[1]
        sample = Compose(steps)(face)['data_samples']
        assert abs(sample.bbox_rotation[0]) == 45
        true = sample.gt_instances.keypoints
        seen = sample.gt_instances.transformed_keypoints[..., :2]
        scale = sample.input_scale
        upright = (seen / sample.input_size - .5) * scale + sample.input_center
        assert np.abs(upright - true).max() > 5
        sample.pred_instances = InstanceData(
            keypoints=upright, landmark_steps=upright[:, None])
        turn_back(sample)
        turned = sample.pred_instances
        assert np.allclose(turned.keypoints, true, atol=1e-2)
        assert np.allclose(turned.landmark_steps[:, 0], true, atol=1e-2)

    def test_upright_crop(self):
        sample = PoseDataSample()
        sample.pred_instances = InstanceData(keypoints=np.ones((1, 2, 2)))
        turn_back(sample)
        assert (sample.pred_instances.keypoints == 1).all()


class TestFaceSet:

    def test_first_faces_in_order(self):
        faces = FaceSet(loader_config(5), max_faces=3)
        ids = [
            sample.id for batch in faces.loader()
            for sample in batch['data_samples']
        ]
        assert len(faces) == 3 and ids == [0, 1, 2]
        loader = faces.loader(None, [2, 0])
        assert [sample.id for sample in next(iter(loader))['data_samples']
                ] == [2, 0]
        assert len(FaceSet(loader_config(5), max_faces=99)) == 5

    def test_each_keeps_its_own_harm(self):
        faces = FaceSet(loader_config(3))
        clean, blurred = (
            faces.harmed_by(step)[0]['inputs']
            for step in (None, dict(type='BlurFace', level=5)))
        first = faces.harmed_by(None)
        faces.harmed_by(dict(type='BlurFace', level=5))
        assert (clean != blurred).any()
        assert (first[0]['inputs'] == clean).all()

    def test_only_loaded(self):
        face = FaceSet(loader_config()).only_loaded()[1]
        assert face['img'].shape == (SIZE, SIZE, 3)
        assert 'bbox_center' not in face

    def test_no_pipeline(self):
        with pytest.raises(ValueError, match='no pipeline'):
            FaceSet(loader_config(pipeline=[]))


class TestMeasure:

    @pytest.fixture
    def model(self):
        return small_models.build(small_models.estimator())

    def test_by_cascade_and_by_maps(self, model):
        model.head.record_trained(('maps', 'pose', 'cascade'))
        before, counts = model.test_cfg, []
        loader = FaceSet(loader_config()).loader()
        found = measure(model, loader, METRIC, counts.append)
        assert set(found) == {'result', 'maps'} and counts == [2, 1]
        assert found['result']['num_faces'] == 3
        assert found['result']['NME'] == found['result']['step3/NME']
        assert found['maps']['NME'] != found['result']['NME']
        assert model.test_cfg is before
        model.test_cfg = dict(predict_by='maps')
        alone = measure(model, loader, METRIC)
        assert set(alone) == {'result'}
        assert alone['result']['NME'] == found['maps']['NME']

    def test_no_face_with_a_labelled_landmark(self):

        class Perfect:
            test_cfg, head = {}, None

            def test_step(self, batch):
                for sample in batch['data_samples']:
                    truth = sample.gt_instances
                    truth.keypoints_visible = np.zeros((1, 98))
                    sample.pred_instances = InstanceData(
                        keypoints=truth.keypoints)
                return batch['data_samples']

        with pytest.raises(ValueError, match='none of the 3 faces'):
            measure(Perfect(), FaceSet(loader_config()).loader(), METRIC)


def test_metric_of_the_config():
    other = dict(type='HeadPoseMetric')
    assert landmark_metric(METRIC)['norm'] == 'lnd_bbox'
    found = landmark_metric([other, dict(METRIC, prefix='a'), dict(METRIC)])
    assert found == dict(METRIC, prefix=None)
    for without in (None, [], [other]):
        with pytest.raises(ValueError, match='FaceAlignmentMetric'):
            landmark_metric(without)


class TestCollectBoxes:

    def test_found_and_missed(self):
        faces = FaceSet(loader_config())
        true = [face['bbox'][0] for face in faces.only_loaded()]
        # A good box beside a bad one; nothing; one beside the face.
        shown = iter([
            np.stack([true[0] * .1, true[0] + 1]),
            np.zeros((0, 4)), true[2][None] + 100
        ])
        boxes = collect_boxes(faces, lambda image: next(shown))
        assert list(boxes['truth']) == list(boxes['annotated']) == [0, 1, 2]
        for kind in ('truth', 'annotated'):
            assert np.allclose(list(boxes[kind].values()), true)
        assert list(boxes['detector']) == [0]
        assert np.allclose(boxes['detector'][0], true[0] + 1)

    def test_ids_that_are_not_unique(self, monkeypatch):
        faces = FaceSet(loader_config())
        draw = type(faces.dataset).get_data_info
        monkeypatch.setattr(
            type(faces.dataset), 'get_data_info',
            lambda self, index: dict(draw(self, index), id=0))
        with pytest.raises(ValueError, match='the id 0'):
            collect_boxes(faces, lambda image: np.zeros((0, 4)))
