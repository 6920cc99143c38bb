"""Load a model from a checkpoint; estimate faces from boxes.

Images are (H, W, 3) BGR, uint8; boxes (N, 4) x1, y1, x2, y2 in image px, and N
may be 0.
"""
import os.path as osp
from itertools import islice
from typing import Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn as nn
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import _load_checkpoint_to_model
from mmengine.structures import InstanceData
from mmpose.apis import init_model
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.structures import PoseDataSample, merge_data_samples
from tqdm import tqdm

from spiga_mmpose.engine.checkpoint import load_from_local
from spiga_mmpose.landmark_sets import LandmarkSet, find_landmark_set
from .inputs import valid_boxes

BATCH_SIZE = 32  # faces at once: an image may have hundreds


def load_model(config: str, checkpoint: str, device: str) -> nn.Module:
    """Model of a config with all its weights from a checkpoint.

    ``mmpose.apis.init_model`` goes on with random numbers where a weight is
    missing or has another shape; this ends in an error. How a file is read
    safely: :mod:`spiga_mmpose.engine.checkpoint`.

    Args:
        config, checkpoint (str): Their paths.
        device (str): E.g. ``'cpu'`` or ``'cuda:0'``.

    Returns:
        nn.Module: In eval mode, with ``cfg`` and ``dataset_meta``.

    Raises:
        ValueError: If a file is missing, the config is none of a model, or the
            checkpoint is damaged, holds anything but data, or does not fit.
    """
    for kind, path in (('config', config), ('checkpoint', checkpoint)):
        if not osp.isfile(path):
            raise ValueError(f'no {kind} file {path}')
    model = init_model(_read_config(config), device=device)
    loaded = load_from_local(checkpoint)
    if not isinstance(loaded, dict):
        raise ValueError(f'{checkpoint}: not a checkpoint (expected a dict, '
                         f'found {type(loaded).__name__})')
    try:
        _load_checkpoint_to_model(model, loaded, strict=True)
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f'the checkpoint {checkpoint} does not fit the config {config}: '
            f'{_other_landmarks(model, loaded)}{error}') from None
    except (AttributeError, IndexError, TypeError) as error:
        # What torch says of a file that is nothing of the kind.
        raise ValueError(f'{checkpoint}: not a checkpoint ({error})') from None
    meta, landmark_set = _dataset_meta(loaded), landmark_set_of(model)
    if meta is not None:
        model.dataset_meta = meta
    elif landmark_set is not None:
        model.dataset_meta = parse_pose_metainfo(landmark_set.metainfo())
    return model


def landmark_set_of(model: nn.Module) -> Optional[LandmarkSet]:
    """The landmark set of a model's head, or of the data that it has seen;
    None if neither is known."""
    owner = getattr(model, 'head', None) or model
    found = getattr(owner, 'landmark_set', None)
    return found or find_landmark_set(model.dataset_meta.get('dataset_name'))


def landmark_set_name(model: nn.Module) -> Optional[str]:
    """Name of a model's landmarks in records; its data set's if unknown."""
    found = landmark_set_of(model)
    return found.name if found else model.dataset_meta.get('dataset_name')


def _read_config(path: str) -> Config:
    try:
        config = Config.fromfile(path)
    except Exception as error:  # a config is code, and may raise anything
        raise ValueError(f'the config {path} cannot be read: '
                         f'{type(error).__name__}: {error}') from None
    for key in ('model', 'test_dataloader'):
        if key not in config:
            raise ValueError(f'the config {path} has no {key!r}: expected one '
                             'of a model and its data, as configs/*.py')
    return config


def _dataset_meta(loaded: dict) -> Optional[dict]:
    return (loaded.get('meta') or {}).get('dataset_meta')


def _other_landmarks(model: nn.Module, loaded: dict) -> str:
    """Sentence on the numbers of landmarks, where they differ: those of the
    data, else those that the layers with a channel for each tell."""
    expected = model.dataset_meta['num_keypoints']
    found = {(_dataset_meta(loaded) or {}).get('num_keypoints')}
    if found == {None}:
        weights = loaded.get('state_dict', loaded)
        pairs = [(value.shape, getattr(weights.get(name), 'shape', ()))
                 for name, value in model.state_dict().items()]
        found = {given[0] for wanted, given in pairs
                 if wanted[:1] == (expected, ) and len(given) == len(wanted)
                 and given[1:] == wanted[1:]}
    if len(found) != 1 or found == {expected}:
        return ''
    return (f'it is of {found.pop()} landmarks, the config of {expected}; '
            'take the config that it was trained with.\n')


def estimate_faces(model: nn.Module, image: np.ndarray, boxes: np.ndarray,
                   scores: Optional[np.ndarray] = None) -> PoseDataSample:
    """Landmarks and, where the model has them, poses of the boxed faces.

    Args:
        model (nn.Module | BackendEstimator): Made by :func:`load_model` or
            ``mmpose.apis.init_model``, or an exported file.
        image, boxes: See the head of this file.
        scores (np.ndarray, optional): (N,) of the boxes. Defaults to 1.

    Returns:
        :obj:`PoseDataSample`: With ``pred_instances`` of all N faces; its
        metainfo about the crop is that of the first face.

    Raises:
        ValueError: If a box has no area or lies outside its image, or a result
            is no number.
    """
    if scores is None:
        scores = np.ones(len(boxes), np.float32)
    return estimate_images(model, [(image, boxes, scores)])[0]


def estimate_images(model: nn.Module,
                    items: Sequence[Tuple[np.ndarray, np.ndarray, np.ndarray]],
                    batch_size: int = BATCH_SIZE,
                    refine: int = 0) -> List[PoseDataSample]:
    """As :func:`estimate_faces`, of several images in common batches.

    ``items`` holds of each image the image, the boxes (N, 4) and their scores
    (N,); ``batch_size`` faces go through the network at once; ``refine``: see
    :func:`estimate_each`. Gives a sample an image.
    """
    faces = estimate_each(model, items, batch_size, refine)
    return [merge_faces(model, image, list(islice(faces, len(boxes))))
            for image, boxes, _ in items]


def estimate_each(model: nn.Module,
                  items: Sequence[Tuple[np.ndarray, np.ndarray, np.ndarray]],
                  batch_size: int = BATCH_SIZE,
                  refine: int = 0) -> Iterator[PoseDataSample]:
    """As :func:`estimate_images`, a sample a face, batch by batch.

    The samples hold what :func:`merge_faces` loses: the crop of each face
    (``input_center``, ``input_scale``) and, where the model's ``test_cfg`` has
    ``output_heatmaps``, its maps (``pred_fields``).

    ``refine`` is the number of passes after the first. Each crops again, by
    the tight box of the landmarks that the pass before it found; ``bboxes``
    are those of the last pass. A face whose landmark box is none, or outside
    the image, keeps the box that it had.
    """
    init_default_scope(model.cfg.get('default_scope', 'mmpose'))
    pipeline = Compose(model.cfg.test_dataloader.dataset.pipeline)

    def estimate(batch):
        crops = [pipeline(dict(model.dataset_meta, img=image,
                               bbox=np.asarray(box)[None],
                               bbox_score=np.float32([score])))
                 for image, box, score in batch]
        with torch.no_grad():
            return model.test_step(pseudo_collate(crops))

    waiting = ((image, box, score) for image, boxes, scores in items
               for box, score in zip(boxes, scores))
    while batch := list(islice(waiting, batch_size)):
        faces = estimate(batch)
        for _ in range(refine):
            batch = [(image, refined_box(face, box, image.shape[:2]), score)
                     for face, (image, box, score) in zip(faces, batch)]
            faces = estimate(batch)
        for face in faces:
            for key, name in (('keypoints', 'landmarks'),
                              ('head_poses', 'pose')):
                if not np.isfinite(face.pred_instances.get(key, 0)).all():
                    raise ValueError(
                        f'the {name} of a face came out as NaN or infinite: '
                        'the weights are damaged, or of a training that went '
                        'wrong; copy them again, or use others')
            yield face


def check_refine(refine: int) -> int:
    """The number of passes after the first; ``ValueError`` if it is none."""
    if type(refine) is not int or refine < 0:
        raise ValueError('refine: expected the number of passes after the '
                         f'first, 0 or more, found {refine!r}')
    return refine


def refined_box(face: PoseDataSample, box: np.ndarray,
                size: Tuple[int, int]) -> np.ndarray:
    """The box (4,) by which the next pass crops a face: the tight box of its
    landmarks, px; ``box`` where that has no area or lies outside the image of
    ``size`` (height, width)."""
    found = landmark_boxes(face.pred_instances.keypoints)
    return found[0] if valid_boxes(found, *size[::-1])[0].all() else box


def landmark_boxes(keypoints: np.ndarray) -> np.ndarray:
    """Tight boxes (N, 4) of landmarks (N, L, 2): x1, y1, x2, y2; NaN where a
    landmark is."""
    if not len(keypoints):
        return np.zeros((0, 4), np.float32)
    return np.concatenate([keypoints.min(1), keypoints.max(1)], axis=1)


def merge_faces(model: nn.Module, image: np.ndarray,
                faces: Sequence[PoseDataSample]) -> PoseDataSample:
    """One sample with the ``pred_instances`` of all faces of an image; they
    lose their maps, which MMPose would blow up to the image's size."""
    for face in faces:
        if 'pred_fields' in face:
            del face.pred_fields
    if faces:
        return merge_data_samples(faces)
    count, size = model.dataset_meta.get('num_keypoints', 0), image.shape[:2]
    return PoseDataSample(
        metainfo=dict(ori_shape=size, img_shape=size),
        pred_instances=InstanceData(
            bboxes=np.zeros((0, 4), np.float32),
            bbox_scores=np.zeros(0, np.float32),
            keypoints=np.zeros((0, count, 2), np.float32),
            keypoint_scores=np.zeros((0, count), np.float32)))


def evaluate_model(model, loader, title: str = '') -> Tuple[dict, List[dict]]:
    """Run a model over a loader of packed samples, with the evaluators of its
    config: metrics by name, and the data samples as dicts, predictions
    included. ``title`` is that of the progress bar."""
    evaluator = Evaluator(model.cfg.test_evaluator)
    evaluator.dataset_meta = model.dataset_meta
    samples = []
    for batch in tqdm(loader, desc=title, unit='batch'):
        outputs = [output.to_dict() for output in model.test_step(batch)]
        evaluator.process(outputs)
        samples += outputs
    return evaluator.evaluate(len(loader.dataset)), samples


def faces_to_dicts(sample: PoseDataSample, steps: bool = False) -> List[dict]:
    """Predictions of one or several faces as plain numbers, ready for JSON.

    Returns:
        list[dict]: Of each face ``box`` (x, y, w, h) and ``landmarks`` [[x,
        y], ...] in image px, ``box_score``, ``landmark_scores``; with a pose
        also ``pose``: yaw, pitch, roll in degrees and ``translation`` in head
        units; with ``steps`` also ``landmark_steps``; ``track_id`` where the
        faces were followed. Numbers that are not finite become None.
    """
    faces = sample.pred_instances
    dicts = []
    for i in range(len(faces)):
        x1, y1, x2, y2 = np.asarray(faces.bboxes[i], float)
        face = dict(box=_plain([x1, y1, x2 - x1, y2 - y1]),
                    box_score=_plain(faces.bbox_scores[i]),
                    landmarks=_plain(faces.keypoints[i]),
                    landmark_scores=_plain(faces.keypoint_scores[i]))
        if 'head_poses' in faces:
            yaw, pitch, roll, *translation = _plain(faces.head_poses[i])
            face['pose'] = dict(
                yaw=yaw, pitch=pitch, roll=roll, translation=translation)
        if steps and 'landmark_steps' in faces:
            face['landmark_steps'] = _plain(faces.landmark_steps[i])
        if 'track_ids' in faces:
            face['track_id'] = int(faces.track_ids[i])
        dicts.append(face)
    return dicts


def _plain(values):
    """Numbers to a thousandth as nested lists, None if not finite."""
    values = np.asarray(values, float)
    if values.ndim:
        return [_plain(row) for row in values]
    return round(float(values), 3) if np.isfinite(values) else None
