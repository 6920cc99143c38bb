"""One checkpoint on one test set, corrupted in known ways.

The test pipeline of the config with one transform more, at its place; the
model and the annotations are read once.
"""
import copy
from typing import Callable, Dict, List, Optional, Sequence

import numpy as np
import torch
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import Compose
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from mmpose.datasets.transforms import TopdownAffine
from mmpose.registry import DATASETS, METRICS, TRANSFORMS
from mmpose.structures.bbox import bbox_overlaps
from torch.utils.data import DataLoader, Subset

from spiga_mmpose.apis.estimation import refined_box
from spiga_mmpose.datasets.transforms import BoxFromLandmarks, SPIGACrop
from spiga_mmpose.evaluation import FaceAlignmentMetric
from spiga_mmpose.models.heads import GATCascadeHead

# Least IoU of a detector's box with the true landmarks' tight box. Detectors
# disagree on what a face's box is: it is to tell found from missed, no more.
MIN_IOU = 0.3


def with_step(pipeline: Sequence[dict], step: Optional[dict]) -> List[dict]:
    steps = [dict(other) for other in pipeline]
    crops = [place for place, other in enumerate(steps)
             if issubclass(_class_of(other), (SPIGACrop, TopdownAffine))]
    if not crops:
        raise ValueError(
            'the test pipeline has no SPIGACrop or TopdownAffine, beside '
            'which a corruption goes; it has '
            f'{[_class_of(other).__name__ for other in steps]}')
    meta_keys = getattr(TRANSFORMS.build(dict(steps[-1])), 'meta_keys', None)
    if meta_keys is None:
        raise ValueError('the test pipeline must end with PackFaceInputs or '
                         'PackPoseInputs, found '
                         f'{_class_of(steps[-1]).__name__}')
    steps[-1]['meta_keys'] = (*meta_keys, 'bbox_rotation')
    if step is not None:
        steps.insert(crops[-1] + _class_of(step).after_crop, step)
    return steps


def _class_of(step: dict) -> type:
    kind = step['type']
    return TRANSFORMS.get(kind) if isinstance(kind, str) else kind


def turn_back(sample) -> None:
    """Turn predictions from a turned crop back into the photograph, in place:
    MMPose's estimators map them back as if the crop were upright."""
    if 'bbox_rotation' not in sample:
        return
    angle = np.deg2rad(float(sample.bbox_rotation[0]))
    cos, sin = np.cos(angle), np.sin(angle)
    matrix, center = np.array([[cos, -sin], [sin, cos]]), sample.input_center
    faces = sample.pred_instances
    for name in ('keypoints', 'landmark_steps'):
        if name in faces:
            points = faces.get(name)
            faces.set_field((points - center) @ matrix.T + center, name)


class FaceSet:

    def __init__(self, config: dict, max_faces: Optional[int] = None) -> None:
        config = dict(config or {})
        dataset = config.pop('dataset', {})
        if not dataset.get('pipeline'):
            raise ValueError('test_dataloader.dataset of the config has no '
                             'pipeline')
        self.pipeline = dataset['pipeline']
        self.dataset = DATASETS.build(dataset)
        self.config = dict(config, drop_last=False, persistent_workers=False,
                           sampler=dict(type='DefaultSampler', shuffle=False))
        if not len(self.dataset):
            raise ValueError('the test data set of the config has no face')
        count = len(self.dataset)
        self.places = range(min(count, max_faces or count))

    def __len__(self) -> int:
        return len(self.places)

    def harmed_by(self, step: Optional[dict]) -> Subset:
        return self._through(with_step(self.pipeline, step))

    def only_loaded(self) -> Subset:
        """Data infos with image, boxes and landmarks, nothing done to them."""
        return self._through([step for step in self.pipeline if issubclass(
            _class_of(step), LoadImageFromFile)])

    def _through(self, pipeline: list) -> Subset:
        faces = copy.copy(self.dataset)  # others keep their pipeline
        faces.pipeline = Compose(pipeline)
        return Subset(faces, self.places)

    def loader(self, step: Optional[dict] = None,
               places: Optional[Sequence[int]] = None) -> DataLoader:
        faces = self.harmed_by(step)
        if places is not None:
            faces = Subset(faces, places)
        return Runner.build_dataloader(dict(self.config, dataset=faces))


def landmark_metric(evaluators) -> dict:
    if isinstance(evaluators, dict):
        evaluators = [evaluators]
    for config in evaluators or ():
        kind = config['type']
        kind = METRICS.get(kind) if isinstance(kind, str) else kind
        if issubclass(kind, FaceAlignmentMetric):
            return dict(config, prefix=None)
    raise ValueError('the test_evaluator of the config has no '
                     'FaceAlignmentMetric; add one')


def measure(model, loader: DataLoader, metric: dict,
            progress: Callable[[int], object] = lambda count: None,
            boxes: Optional[dict] = None) -> Dict[str, dict]:
    before, head = model.test_cfg, model.head
    by = dict(result=dict(before or {}))  # test_cfg of each way to predict
    if (isinstance(head, GATCascadeHead) and head.supervision is not None
            and {'maps', 'cascade'} <= set(head.trained_parts)
            and 'predict_by' not in by['result']):
        by['maps'] = dict(by['result'], predict_by='maps')
    evaluators = {way: Evaluator(dict(metric)) for way in by}
    try:
        for batch in loader:
            for way, test_cfg in by.items():
                model.test_cfg = test_cfg
                samples = model.test_step(batch)
                for sample in samples:
                    turn_back(sample)
                evaluators[way].process(
                    [sample.to_dict() for sample in samples])
                if way == 'result' and boxes is not None:
                    for sample in samples:
                        boxes[sample.id] = refined_box(
                            sample, boxes[sample.id], sample.ori_shape)
            progress(len(samples))
    finally:
        model.test_cfg = before
    count = len(loader.dataset)
    found = {way: one.evaluate(count) for way, one in evaluators.items()}
    if not found['result']['num_faces']:
        raise ValueError(f'none of the {count} faces could be scored: they '
                         'have no labelled landmark or no normaliser')
    return found


def collect_boxes(faces: FaceSet,
                  find: Callable[[np.ndarray], np.ndarray],
                  progress: Callable[[int], object] = lambda count: None
                  ) -> Dict[str, dict]:
    """Boxes of the faces from three sources: ``detector`` has those whose best
    box has an IoU of at least ``MIN_IOU`` with the tight box of the true
    landmarks. (Two faces that cover each other may be found by one box.)"""
    boxes = dict(truth={}, annotated={}, detector={})
    image, hits = None, None
    tight = BoxFromLandmarks()
    for face in faces.only_loaded():
        key = face['id']
        if key in boxes['truth']:
            raise ValueError(f'two test faces have the id {key!r}: their '
                             'boxes cannot be told apart')
        # Faces of one image mostly stand side by side in the file.
        if image is None or face['img_path'] != image:
            image, hits = face['img_path'], find(face['img'])
        boxes['annotated'][key] = face['bbox'][0]
        true = boxes['truth'][key] = tight(face)['bbox'][0]
        if len(hits):
            overlaps = bbox_overlaps(
                torch.as_tensor(true[None], dtype=torch.float32),
                torch.as_tensor(hits, dtype=torch.float32))[0]
            if overlaps.max() >= MIN_IOU:
                boxes['detector'][key] = hits[int(overlaps.argmax())]
        progress(1)
    return boxes
