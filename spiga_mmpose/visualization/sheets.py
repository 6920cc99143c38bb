"""Pictures made of pictures: face panels, step strips and contact sheets."""
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from spiga_mmpose.landmark_sets import LandmarkSet
from .drawing import (WHITE, draw_landmarks, draw_line, draw_pose_axes,
                      draw_text, face_size, landmark_style, pose_frame,
                      text_extent, text_height)

_PAPER, _INK = 255, (30, 30, 30)


def crop_panel(image: np.ndarray,
               landmarks: np.ndarray,
               size: int = 256,
               margin: float = 1.35) -> Tuple[np.ndarray, np.ndarray]:
    """Square picture of one face, and the way into it.

    Args:
        image (np.ndarray): (H, W, 3) RGB, uint8.
        landmarks (np.ndarray): (..., 2) image px, all that shall be inside;
            rows may be NaN.
        size (int): Side of the panel, px.
        margin (float): Side of the panel over the longer side of the
            landmarks' box.

    Returns:
        tuple: panel (size, size, 3), black beyond the image, and the affine
        matrix (2, 3) from image px to panel px.
    """
    points = landmarks.reshape(-1, 2)
    points = points[np.isfinite(points).all(-1)]
    if not len(points):  # nothing to look at: the whole image
        points = np.array([[0, 0], image.shape[1::-1]], float)
    low, high = points.min(0), points.max(0)
    scale = size / max((high - low).max() * margin, 1e-3)
    shift = size / 2 - scale * (low + high) / 2
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    # Shrinking by more than half needs a wider look than bilinear has.
    if scale < 0.5:
        sigma = min(0.4 / scale, 10)  # a kernel of 61 px at most
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    panel = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR)
    return panel, matrix


def to_panel(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Image px (..., 2) to panel px by the matrix of :func:`crop_panel`."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def face_panel(image: np.ndarray,
               landmarks: np.ndarray,
               landmark_set: LandmarkSet,
               pose: Optional[np.ndarray] = None,
               frame: Optional[np.ndarray] = None,
               caption: str = '',
               size: int = 256) -> np.ndarray:
    """One face with its landmarks and, where there is a pose, its axes.

    Args:
        image (np.ndarray): (H, W, 3) RGB, uint8.
        landmarks (np.ndarray): (L, 2) image px; rows may be NaN.
        landmark_set (LandmarkSet): Colours, curves and rigid head.
        pose (np.ndarray, optional): (6,) yaw, pitch, roll, tx, ty, tz.
        frame (np.ndarray, optional): (..., 2) image px: what the panel shall
            show. Defaults to the landmarks. The panels of one face show the
            same part of the image when they are given the same frame.
        caption (str): Written in the upper left corner.
        size (int): Side of the panel, px.

    Returns:
        np.ndarray: (size, size, 3) RGB, uint8.
    """
    frame = landmarks if frame is None else frame
    panel, matrix = crop_panel(image, frame, size)
    points = to_panel(landmarks, matrix)
    draw_landmarks(panel, points, *landmark_style(landmark_set))
    if pose is not None and landmark_set.head_model is not None:
        place = pose_frame(landmark_set.head_model, pose, points)
        draw_pose_axes(panel, pose, *place, face_size(points))
    if caption:
        draw_text(panel, [caption], (0, 0), text_height(size))
    return panel


def step_panels(image: np.ndarray,
                landmark_steps: np.ndarray,
                landmark_set: LandmarkSet,
                truth: Optional[np.ndarray] = None,
                size: int = 256) -> List[np.ndarray]:
    """The cascade at work: one panel a step, all around its last landmarks.

    Args:
        image (np.ndarray): (H, W, 3) RGB, uint8.
        landmark_steps (np.ndarray): (S+1, L, 2) image px: the projected head
            model, then the landmarks after each step.
        landmark_set (LandmarkSet): Colours and curves.
        truth (np.ndarray, optional): (L, 2) image px, rows may be NaN. Drawn
            as a white line from each landmark to where it belongs; the
            caption then gives the mean error in per cent of the face's size.
        size (int): Side of a panel, px.

    Returns:
        list[np.ndarray]: S+1 panels (size, size, 3).
    """
    # Where the cascade ends: a first step gone astray moves no panel.
    frame = landmark_steps[-1]
    if truth is not None:
        frame = np.concatenate([frame, truth])
        target_size = face_size(truth)
    face, matrix = crop_panel(image, frame, size)
    colors, links = landmark_style(landmark_set)
    panels = []
    for step, landmarks in enumerate(landmark_steps):
        panel = face.copy()
        points = to_panel(landmarks, matrix)
        draw_landmarks(panel, points, colors, links)
        caption = f'step {step}' if step else 'head model'
        if truth is not None:
            errors = np.linalg.norm(landmarks - truth, axis=-1)
            share = 100 * np.nanmean(errors) / target_size
            caption += f' \N{MIDDLE DOT} {share:.1f} %'
            for start, end in zip(points, to_panel(truth, matrix)):
                draw_line(panel, start, end, WHITE, 1)
        draw_text(panel, [caption], (0, 0), text_height(size))
        panels.append(panel)
    return panels


def draw_steps_strip(image: np.ndarray,
                     landmark_steps: np.ndarray,
                     landmark_set: LandmarkSet,
                     truth: Optional[np.ndarray] = None,
                     size: int = 256) -> np.ndarray:
    """The panels of :func:`step_panels` in one row.

    Returns:
        np.ndarray: (size, (S+1) * size + gaps, 3) RGB, uint8.
    """
    return _join(
        step_panels(image, landmark_steps, landmark_set, truth, size),
        gap=max(2, size // 64),
        axis=1)


def make_sheet(rows: Sequence[Sequence[np.ndarray]],
               headings: Sequence[str] = (),
               captions: Sequence[str] = (),
               size: int = 256) -> np.ndarray:
    """Contact sheet: rows of pictures with headings and captions.

    Args:
        rows (list[list[np.ndarray]]): Pictures (H, W, 3) RGB, uint8, of any
            size; each is brought into a square of ``size`` px, unstretched. A
            shorter row leaves the rest of its places empty.
        headings (list[str]): Heading of each column, or none.
        captions (list[str]): Line above each row, or none.
        size (int): Side of a square, px.

    Returns:
        np.ndarray: (H, W, 3) RGB, uint8.

    Raises:
        ValueError: If there is no picture, or not one heading a column, or
            not one caption a row.
    """
    columns = max((len(row) for row in rows), default=0)
    if not columns:
        raise ValueError('make_sheet: there is no picture to show')
    for name, texts, count in (('headings', headings, columns),
                               ('captions', captions, len(rows))):
        if texts and len(texts) != count:
            raise ValueError(f'make_sheet: expected {count} {name}, found '
                             f'{len(texts)}')
    gap = max(4, size // 32)
    height = text_height(1.2 * size)
    bands = []
    if headings:
        cells = [_text_band(text, size, height) for text in headings]
        bands.append(_join(cells, gap, axis=1))
    for index, row in enumerate(rows):
        cells = [_fit_square(picture, size) for picture in row]
        blank = np.full((size, size, 3), _PAPER, np.uint8)
        band = _join(cells + [blank] * (columns - len(cells)), gap, axis=1)
        if captions:
            line = _text_band(captions[index], band.shape[1], height)
            band = np.concatenate([line, band])
        bands.append(band)
    sheet = _join(bands, gap, axis=0)
    return cv2.copyMakeBorder(
        sheet, gap, gap, gap, gap, cv2.BORDER_CONSTANT, value=(_PAPER, ) * 3)


def _join(pictures: List[np.ndarray], gap: int, axis: int) -> np.ndarray:
    """Pictures of equal height (axis 1) or width (axis 0), with gaps."""
    shape = list(pictures[0].shape)
    shape[axis] = gap
    space = np.full(shape, _PAPER, np.uint8)
    parts = [part for picture in pictures for part in (space, picture)]
    return np.concatenate(parts[1:], axis=axis)


def _text_band(text: str, width: int, height: int) -> np.ndarray:
    """White band of a width with one line of text, cut where too long."""
    while text and text_extent([text], height)[0] > width:
        text = text[:-2] + '\N{HORIZONTAL ELLIPSIS}' if len(text) > 2 else ''
    depth = text_extent([''], height)[1]
    band = np.full((depth, width, 3), _PAPER, np.uint8)
    draw_text(band, [text], (0, 0), height, [_INK], background=0)
    return band


def _fit_square(picture: np.ndarray, size: int) -> np.ndarray:
    scale = size / max(picture.shape[:2])
    width, height = [
        max(1, round(side * scale)) for side in picture.shape[1::-1]
    ]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(picture, (width, height), interpolation=way)
    left, top = (size - width) // 2, (size - height) // 2
    return cv2.copyMakeBorder(
        small,
        top,
        size - height - top,
        left,
        size - width - left,
        cv2.BORDER_CONSTANT,
        value=(_PAPER, ) * 3)
