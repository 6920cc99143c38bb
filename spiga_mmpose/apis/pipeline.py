"""From frames to results: the one place where boxes meet the network.

Shapes: N faces.
"""
from dataclasses import dataclass, field
from itertools import islice, starmap
from typing import Callable, Iterable, Iterator, List, Optional, Tuple

import cv2
import numpy as np
import torch.nn as nn
from mmpose.structures import PoseDataSample

from spiga_mmpose.visualization import SPIGAVisualizer
from .detection import Finder
from .estimation import (BATCH_SIZE, estimate_each, faces_to_dicts,
                         landmark_set_name, merge_faces)
from .formats import make_record
from .inputs import valid_boxes
from .sources import Frame

# Images that wait for their batch to fill take at most so many bytes.
_WAITING_BYTES = 1 << 28
# What may be wrong with one image or video, and ends that one alone.
ERRORS = (ValueError, OSError, ImportError, cv2.error)


@dataclass(eq=False)
class FrameResult:
    """What was found in a frame."""
    frame: Frame
    # The valid boxes (N, 4) x1, y1, x2, y2, px, and their scores (N,).
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    # pred_instances of the N faces; with track_ids if they are followed.
    faces: Optional[PoseDataSample] = None
    record: Optional[dict] = None  # see formats.py
    error: str = ''  # why there is no result, with the frame's name
    # A sentence for each box that is not valid.
    dropped: List[str] = field(default_factory=list)
    left_out: int = 0  # valid boxes beyond max_faces

    @property
    def image(self) -> np.ndarray:
        """(H, W, 3) BGR, uint8; empty if the frame could not be read."""
        if self.frame.image is None:
            return np.zeros((0, 0, 3), np.uint8)
        return self.frame.image

    def draw(self, visualizer: SPIGAVisualizer) -> np.ndarray:
        """The frame with its faces, (H', W', 3) RGB, uint8."""
        image = np.ascontiguousarray(self.image[..., ::-1])
        return visualizer.draw_faces(self.frame.name, image, self.faces)


def find_faces(
    model: nn.Module, detect: Finder, frames: Iterable[Frame], bboxes=None,
    batch_size: int = BATCH_SIZE, refine: int = 0, steps: bool = False,
    max_faces: Optional[int] = None,
    see_face: Optional[Callable[[Frame, int, PoseDataSample], None]] = None,
    track: Optional[Callable[[Frame], PoseDataSample]] = None
) -> Iterator[FrameResult]:
    """Yield one result for each frame, in order.

    A batch that fails is done again image by image, so that an image that
    cannot be processed takes no other along: its result has no face and says
    why. ``bboxes`` that are no boxes, or not as many as the frames, are a
    ``ValueError``.

    Args:
        model, refine: See :func:`estimate_each`.
        detect (Callable): See :func:`~spiga_mmpose.apis.make_finder`.
        frames (iterable[Frame]): Of :func:`~spiga_mmpose.apis.read_frames`; no
            more of them are read than fill a batch or take 256 MB.
        bboxes, batch_size, steps: See
            :class:`~spiga_mmpose.apis.SPIGAInferencer`.
        max_faces (int, optional): Of a frame; the first of the valid boxes.
        see_face (Callable, optional): Called with the frame, the number of the
            face from 0 and its data sample, batch by batch: the sample still
            has its crop and maps. What is removed from it is not in the
            result, as the attention (2 MB) should be. What is wrong in it
            (``ERRORS``) is wrong with the frame; a frame of a failed batch
            comes again from its first face.
        track (Callable, optional): From a frame to the data sample of its
            faces, in place of detector and batches; e.g. a
            :class:`~spiga_mmpose.apis.tracking.FaceFollower` of its image.
            What it raises is passed on.
    """

    def finish(result, faces):
        frame = result.frame
        faces.set_metainfo(dict(img_path=frame.name))
        result.faces = faces
        result.record = make_record(
            frame.name, result.image, landmark_set_name(model),
            faces_to_dicts(faces, steps), frame.index, frame.time)
        return result

    def fail(result, error):
        result.error = describe_error(result.frame.name, error)
        result.boxes, result.scores = result.boxes[:0], result.scores[:0]

    def find(frame, given):
        """The valid boxes of a frame."""
        result = FrameResult(frame, error=frame.error)
        if frame.error:
            return result
        try:
            if given is None:
                boxes, scores = detect(frame.image)
            else:
                boxes, scores = given, np.ones(len(given), np.float32)
            size = frame.image.shape[1::-1]
            valid, result.dropped = valid_boxes(boxes, *size)
            if result.dropped and not valid.any():
                raise ValueError(result.dropped[0])
        except ERRORS as error:
            fail(result, error)
            return result
        result.boxes = boxes[valid][:max_faces]
        result.scores = scores[valid][:max_faces]
        result.left_out = int(valid.sum()) - len(result.boxes)
        return result

    def estimate(group):
        items = [(item.image, item.boxes, item.scores) for item in group]
        faces = estimate_each(model, items, batch_size, refine)
        for number, result in enumerate(group):
            own = []
            try:
                for face in islice(faces, len(result.boxes)):
                    if see_face is not None:
                        see_face(result.frame, len(own), face)
                    own.append(face)
                merged = merge_faces(model, result.image, own)
            except ERRORS as error:
                if len(group) > 1:
                    # It may be of a later image in the batch.
                    for alone in group[number:]:
                        yield from estimate([alone])
                    return
                fail(result, error)
                merged = merge_faces(model, result.image, [])
            yield finish(result, merged)

    if track is None:
        found = starmap(find, _with_boxes(frames, bboxes))
        for group in _fill_batches(found, batch_size):
            yield from estimate(group)
        return
    for frame in frames:
        result = FrameResult(frame, error=frame.error)
        faces = (merge_faces(model, result.image, [])
                 if frame.error else track(frame))
        result.boxes = faces.pred_instances.bboxes
        result.scores = faces.pred_instances.bbox_scores
        yield finish(result, faces)


def describe_error(name: str, error: Exception) -> str:
    """One line on what is wrong (one of ``ERRORS``) with an image or video,
    with its name."""
    text = str(error)
    if isinstance(error, cv2.error):
        text = f'OpenCV cannot process it: {error.err}'
    return text if name in text else f'{name}: {text}'


def _with_boxes(frames: Iterable[Frame], bboxes
                ) -> Iterator[Tuple[Frame, Optional[np.ndarray]]]:
    """Each frame with the boxes (N, 4), float32, that are given for it."""
    if bboxes is None:
        yield from ((frame, None) for frame in frames)
        return
    try:
        shared = all(np.shape(box) == (4, ) for box in bboxes)
        given = [np.asarray(boxes, np.float32)
                 for boxes in ([bboxes] if shared else bboxes)]
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            'bboxes: expected (N, 4) numbers x1, y1, x2, y2 for every image, '
            'or a list of these with one for each image; found '
            f'{repr(bboxes)[:80]} ({str(error)[:80]})') from None
    for boxes in given:
        if boxes.size and (boxes.ndim != 2 or boxes.shape[1] != 4):
            raise ValueError(
                'bboxes: expected (N, 4) x1, y1, x2, y2 for every image, or '
                'a list of these with one for each image; found an array of '
                f'shape {boxes.shape}')
    count = 0
    for count, frame in enumerate(frames, 1):
        if not shared and count > len(given):
            raise ValueError(f'bboxes: boxes of {len(given)} images, but '
                             'there are more images')
        yield frame, given[0 if shared else count - 1].reshape(-1, 4)
    if not shared and count < len(given):
        raise ValueError(f'bboxes: boxes of {len(given)} images, but there '
                         f'are {count} images')


def _fill_batches(results: Iterable[FrameResult],
                  batch_size: int) -> Iterator[List[FrameResult]]:
    """Frames, in order: as few as have ``batch_size`` faces, are
    ``batch_size`` frames or take 256 MB; fewer at the end."""
    group, faces, size = [], 0, 0
    for result in results:
        group.append(result)
        faces += len(result.boxes)
        size += result.image.nbytes
        if max(faces, len(group)) >= batch_size or size >= _WAITING_BYTES:
            yield group
            group, faces, size = [], 0, 0
    if group:
        yield group
