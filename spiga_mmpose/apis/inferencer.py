"""From anything with faces in it to landmarks and poses, in one call."""
import logging
import os.path as osp
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch.nn as nn
from mmengine.device import get_device
from mmengine.logging import print_log
from mmpose.structures import PoseDataSample

from spiga_mmpose.visualization import SPIGAVisualizer
from .calibration import BoxCalibration, load_calibration
from .detection import AUTO, make_finder
from .estimation import (BATCH_SIZE, check_refine, estimate_images,
                         faces_to_dicts, fill_batches, landmark_set_name,
                         landmark_set_of)
from .expected_warnings import without_expected_warnings
from .folders import make_folder
from .formats import make_record, to_mmpose
from .inputs import is_camera, usable_boxes
from .loading import load_estimator
from .sources import Frame, read_frames
from .writing import ResultWriter, write_picture

# Below out_dir, as of MMPose's inferencers.
_RESULTS, _PICTURES = 'predictions', 'visualizations'

Boxes = Union[np.ndarray, Sequence[Sequence[float]]]


def make_visualizer(model: nn.Module,
                    draw: Sequence[str] = ('landmarks', 'pose'),
                    min_face: int = 0) -> SPIGAVisualizer:
    """A visualizer for the landmark set of a model's config or head.

    Args:
        model (nn.Module | BackendEstimator): Made by
            :func:`~spiga_mmpose.apis.load_model` or
            :func:`~spiga_mmpose.apis.loading.load_estimator`.
        draw (list[str]): What to draw; see :class:`SPIGAVisualizer`.
        min_face (int): See :class:`SPIGAVisualizer`, px.

    Returns:
        SPIGAVisualizer: Its ``landmark_set`` is None if that is not known.
    """
    config = model.cfg.get('visualizer') or {}
    visualizer = SPIGAVisualizer(
        name='faces',
        landmark_set=config.get('landmark_set') or landmark_set_of(model),
        draw=draw,
        min_face=min_face)
    visualizer.set_dataset_meta(model.dataset_meta)
    return visualizer


@dataclass
class _Found:
    """A frame on its way: its picture and the boxes of its faces."""
    frame: Frame
    image: np.ndarray  # (H, W, 3), of no px where the frame is broken
    boxes: np.ndarray
    scores: np.ndarray
    dropped: List[str]
    error: str


class SPIGAInferencer:
    """Faces, landmarks and poses of pictures, folders, videos and cameras.

    It is called as MMPose's inferencers are, and ``predictions`` have their
    form. It is no subclass of ``Pose2DInferencer``, which ignores given
    boxes, takes the whole image for a face where it finds none, runs the
    network image by image, starts with random weights where some are missing,
    and stops at the first broken file; what would be left to inherit is less
    than what would be replaced.

    Args:
        weights (str, optional): Name of weights (``'photo'``, ``'wflw'``,
            ``'300w'``, ``'300w_private'``, ``'merlrav'``), a path or a URL;
            see :func:`~spiga_mmpose.apis.find_weights`. Defaults to
            ``'photo'``; an exported file holds its own.
        model (str, optional): Path of the model's config. Defaults to that
            of the published weights; others need it. Or a file of
            ``tools/deployment/export.py``, ``.onnx`` or ``.xml``.
        device (str, optional): E.g. ``'cpu'``, of torch: the model, and MMDet
            detectors with any backend. Defaults to a GPU if there is one.
        det_model (str): What finds the faces; see
            :func:`~spiga_mmpose.apis.make_finder`. Defaults to ``'auto'``:
            YuNet, or Haar where its file cannot be had.
        det_weights (str, optional): The detector's checkpoint; YuNet's ONNX
            file.
        box_calibration (str | BoxCalibration, optional): From the detector's
            boxes to landmark boxes, or the file of one; see docs/boxes.md.
        backend (str, optional): What runs the network: ``'torch'``, or on the
            processor ``'onnxruntime'`` or ``'openvino'``; see
            :func:`~spiga_mmpose.apis.loading.load_estimator`. Defaults to
            what runs the exported file, to torch for a config.
        threads (int, optional): Threads of the backend (torch: of the whole
            process). None: as many as it takes by itself.
        refine (int): Passes after the first, each on the landmark box of the
            pass before it; see
            :func:`~spiga_mmpose.apis.estimate_each`. Defaults to 0.

    Raises:
        ValueError: If weights, a config, an exported file or a detector are
            missing or do not fit together.
        ImportError: If the backend is not installed. It says what to type.

    Examples:
        >>> inferencer = SPIGAInferencer()
        >>> result = next(inferencer('photo.jpg'))
        >>> result['predictions'][0][0]['head_pose']
        >>> for result in inferencer('folder', out_dir='faces'):
        ...     print(result['record']['image'], result['error'])
        >>> fast = SPIGAInferencer(model='spiga.xml', threads=2)
    """

    def __init__(
        self,
        weights: Optional[str] = None,
        model: Optional[str] = None,
        device: Optional[str] = None,
        det_model: str = AUTO,
        det_weights: Optional[str] = None,
        box_calibration: Union[str, BoxCalibration, None] = None,
        backend: Optional[str] = None,
        threads: Optional[int] = None,
        refine: int = 0,
    ) -> None:
        self.refine = check_refine(refine)
        device = device or get_device()
        if isinstance(box_calibration, str):
            box_calibration = load_calibration(box_calibration)
        with without_expected_warnings():
            self.model = load_estimator(weights, model, device, backend,
                                        threads)
            self.detect = make_finder(det_model, det_weights, device,
                                      box_calibration)
            self.visualizer = make_visualizer(self.model)

    def estimate(
        self,
        items: Sequence[Tuple[np.ndarray, np.ndarray, np.ndarray]],
        batch_size: int = BATCH_SIZE,
    ) -> List[PoseDataSample]:
        """Faces of images whose boxes are known.

        ``detect(image)`` gives the boxes (N, 4) and scores (N,) of one.

        Args:
            items (list[tuple]): Of each image the image (H, W, 3) BGR, uint8,
                its boxes (N, 4) x1, y1, x2, y2 in image px, and their scores
                (N,).
            batch_size (int): Faces that go through the network at once.

        Returns:
            list[:obj:`PoseDataSample`]: One an image, with
            ``pred_instances`` of its N faces.
        """
        return estimate_images(self.model, items, batch_size, self.refine)

    def __call__(
            self,
            inputs,
            bboxes: Union[Boxes, Sequence[Boxes], None] = None,
            batch_size: int = BATCH_SIZE,
            steps: bool = False,
            return_datasamples: bool = False,
            return_vis: bool = False,
            out_dir: Optional[str] = None,
            formats: Sequence[str] = ('mmpose', ),
    ) -> Iterator[dict]:
        """Yield a result for each picture, in order.

        A picture that cannot be read, or in which every box is of no use,
        does not end the run: its result holds no face and says why
        (``error``), and a warning is logged.

        Args:
            inputs: A source; see :func:`~spiga_mmpose.apis.read_frames`.
            bboxes (optional): Face boxes instead of a detector's: (N, 4) x1,
                y1, x2, y2 in px for every picture, or a list with such an
                array for each picture. They are not calibrated.
            batch_size (int): Faces, of one or several pictures, that go
                through the network at once. A camera does not wait: its
                pictures go one by one.
            steps (bool): With the landmarks of each step of the cascade.
            return_datasamples (bool): ``predictions`` as data samples.
            return_vis (bool): With the drawn pictures.
            out_dir (str, optional): Write ``predictions/`` and
                ``visualizations/`` there.
            formats (list[str]): Of the predictions that are written; see
                :mod:`~spiga_mmpose.apis.writing`.

        Yields:
            dict: As MMPose's: ``predictions``, a list of one: the faces (see
            :func:`~spiga_mmpose.apis.formats.to_mmpose`) or the
            :obj:`PoseDataSample`; ``visualization``, a list of one RGB
            picture or empty. Beyond MMPose's: ``record``
            (:mod:`~spiga_mmpose.apis.formats`), ``error`` (str or None) and
            ``dropped``, a sentence for each box that was of no use.

        Raises:
            ValueError: If ``bboxes`` are no boxes or of another number of
                pictures, a format is unknown, or ``out_dir`` is no folder to
                write into.
            OSError: If a result cannot be written.
        """
        writer = nullcontext()
        if out_dir is not None:
            make_folder(osp.join(out_dir, _PICTURES))
            writer = ResultWriter(osp.join(out_dir, _RESULTS), formats)
        if is_camera(inputs):
            batch_size = 1
        with writer:
            found = self._find(read_frames(inputs), bboxes)
            for group in fill_batches(found, batch_size):
                samples = self.estimate(
                    [(item.image, item.boxes, item.scores) for item in group],
                    batch_size)
                for item, sample in zip(group, samples):
                    result = self._result(item, sample, steps,
                                          return_datasamples)
                    if return_vis or out_dir is not None:
                        result['visualization'] = [self._draw(item, sample)]
                    if out_dir is not None and not item.error:
                        _write(result, writer, out_dir)
                    if not return_vis:
                        result['visualization'] = []
                    yield result

    def _find(self, frames: Iterable[Frame], bboxes) -> Iterator[_Found]:
        """The boxes of each frame, by the detector or as given."""
        given = None if bboxes is None else _GivenBoxes(bboxes)
        count = 0
        for count, frame in enumerate(frames, 1):
            boxes = None if given is None else given.of(count)
            image, error, dropped = frame.image, frame.error, []
            if error:
                image, boxes = np.zeros((0, 0, 3), np.uint8), np.zeros((0, 4))
            scores = np.ones(0 if boxes is None else len(boxes), np.float32)
            if boxes is None:
                boxes, scores = self.detect(image)
            if not error:
                usable, dropped = usable_boxes(boxes, *image.shape[1::-1])
                boxes, scores = boxes[usable], scores[usable]
                if dropped and not len(boxes):
                    error = f'{frame.name}: {dropped[0]}'
            _report(frame.name, dropped, error)
            yield _Found(frame, image, boxes, scores, dropped, error)
        if given is not None:
            given.check_all_used(count)

    def _result(self, item: _Found, sample: PoseDataSample, steps: bool,
                return_datasamples: bool) -> dict:
        sample.set_metainfo(dict(img_path=item.frame.name))
        record = make_record(
            item.frame.name, item.image,
            landmark_set_name(self.model),
            faces_to_dicts(sample, steps), item.frame.index)
        return dict(
            predictions=[sample if return_datasamples else to_mmpose(record)],
            visualization=[],
            record=record,
            error=item.error or None,
            dropped=item.dropped)

    def _draw(self, item: _Found, sample: PoseDataSample) -> np.ndarray:
        """The picture with its faces, RGB; of no px where it is broken."""
        picture = np.ascontiguousarray(item.image[..., ::-1])
        return self.visualizer.draw_faces(item.frame.name, picture, sample)


class _GivenBoxes:
    """Boxes of the caller: for all pictures, or for each its own."""

    def __init__(self, bboxes) -> None:
        self.shared = all(np.shape(box) == (4, ) for box in bboxes)
        self.boxes = [bboxes] if self.shared else list(bboxes)
        for boxes in self.boxes:
            array = np.asarray(boxes, np.float32)
            if array.size and (array.ndim != 2 or array.shape[1] != 4):
                raise ValueError(
                    'bboxes: expected (N, 4) x1, y1, x2, y2 for every '
                    'picture, or a list of these with one for each picture; '
                    f'found an array of shape {array.shape}')

    def of(self, number: int) -> np.ndarray:
        """Boxes (N, 4), float32, of a picture by its number from 1."""
        if not self.shared and number > len(self.boxes):
            raise ValueError(f'bboxes: boxes of {len(self.boxes)} pictures, '
                             'but there are more pictures')
        boxes = self.boxes[0 if self.shared else number - 1]
        return np.asarray(boxes, np.float32).reshape(-1, 4)

    def check_all_used(self, count: int) -> None:
        """Raise ``ValueError`` if there are boxes of more pictures."""
        if not self.shared and count < len(self.boxes):
            raise ValueError(f'bboxes: boxes of {len(self.boxes)} pictures, '
                             f'but there are {count} pictures')


def _report(name: str, dropped: List[str], error: str) -> None:
    lines = [f'dropped a box of {name}: {fault}' for fault in dropped]
    for line in [f'skipped: {error}'] if error else lines:
        print_log(line, logger='current', level=logging.WARNING)


def _write(result: dict, writer: ResultWriter, out_dir: str) -> None:
    record = result['record']
    name = writer.name_of(record['image'], record.get('frame'))
    writer.add(name, record)
    write_picture(
        osp.join(out_dir, _PICTURES), f'{name}.jpg',
        result['visualization'][0])
