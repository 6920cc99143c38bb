"""Grids of images: face panels, step strips and contact grids.

Images are (H, W, 3) RGB, uint8; landmarks are in image px, and rows may be
NaN; panels are squares of ``size`` px.
"""
import textwrap
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from spiga_mmpose.landmark_sets import LandmarkSet
from .drawing import (BLACK, PAPER, WHITE, draw_disc, draw_landmarks,
                      draw_line, draw_pose_axes, draw_square, draw_text,
                      example_landmark, face_size, landmark_style, line_width,
                      part_of, point_radius, pose_frame, text_band,
                      text_extent, text_height)

# What the windows in step panels mean, for the note of a grid.
WINDOWS_NOTE = ('Bright square: the window of the image that a step sees '
                'around a landmark. White disc: where the step moves it.')
# Brightness of what a view does not show.
_DARK = 0.5


def crop_panel(image: np.ndarray,
               landmarks: np.ndarray,
               size: int = 256,
               margin: float = 1.35) -> Tuple[np.ndarray, np.ndarray]:
    """Panel of one face, black beyond the image, and the affine matrix (2, 3)
    from image px to panel px.

    ``landmarks`` (..., 2) are all that shall be inside; ``margin`` is the side
    of the panel over the longer side of their box.
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


def gray_copy(image: np.ndarray) -> np.ndarray:
    """A grey, darker copy, on which colours stand out."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.cvtColor((gray * _DARK).astype(np.uint8), cv2.COLOR_GRAY2RGB)


def face_panel(image: np.ndarray,
               landmarks: np.ndarray,
               landmark_set: LandmarkSet,
               pose: Optional[np.ndarray] = None,
               size: int = 256) -> np.ndarray:
    """Panel of one face with its landmarks (L, 2) and, where there is a pose
    (6,), its axes."""
    panel, matrix = crop_panel(image, landmarks, size)
    points = to_panel(landmarks, matrix)
    draw_landmarks(panel, points, *landmark_style(landmark_set))
    if pose is not None and landmark_set.head_model is not None:
        place = pose_frame(landmark_set.head_model, pose, points)
        draw_pose_axes(panel, pose, *place, face_size(points))
    return panel


def step_panels(image: np.ndarray,
                landmark_steps: np.ndarray,
                landmark_set: LandmarkSet,
                truth: Optional[np.ndarray] = None,
                size: int = 256,
                windows: Optional[Sequence[float]] = None,
                window_landmarks: Optional[Sequence[int]] = None
                ) -> List[np.ndarray]:
    """The cascade at work: one panel a step, all around its last landmarks.

    Args:
        landmark_steps (np.ndarray): (S+1, L, 2): the projected head model,
            then the landmarks after each step.
        truth (np.ndarray, optional): (L, 2). Drawn as a white line from each
            landmark to where it belongs; the caption then gives the mean error
            in per cent of the face's size.
        windows (Sequence[float], optional): (S,) side of each step's sampling
            window, image px. The panel of a step then shows where it looked: a
            bright square around where the landmark was before, and a line to
            the disc where it went.
        window_landmarks (Sequence[int], optional): Whose windows. Defaults to
            one at the left pupil.

    Raises:
        ValueError: If there is not one window a step, or no such landmark.
    """
    steps = len(landmark_steps) - 1
    if windows is None:
        window_landmarks, windows = [], [0] * steps
    elif window_landmarks is None:
        window_landmarks = [example_landmark(landmark_set)]
    if len(windows) != steps:
        raise ValueError(f'step_panels: expected {steps} windows, one a step, '
                         f'found {len(windows)}')
    for i in window_landmarks:
        part_of(landmark_set, i)  # refuses what is no landmark
    # Where the cascade ends: a first step gone astray moves no panel.
    frame = landmark_steps[-1]
    if truth is not None:
        frame = np.concatenate([frame, truth])
        target_size = face_size(truth)
    face, matrix = crop_panel(image, frame, size)
    colors, links = landmark_style(landmark_set)
    path = to_panel(landmark_steps, matrix)
    panels = []
    for step, points in enumerate(path):
        panel = face.copy()
        centers = path[step - 1 if step else 0, window_landmarks]
        if step and len(centers):
            _draw_windows(panel, centers, windows[step - 1] * matrix[0, 0])
        draw_landmarks(panel, points, colors, links)
        if step:
            _draw_ways(panel, centers, points[window_landmarks])
        caption = f'step {step}' if step else 'head model'
        if truth is not None:
            errors = np.linalg.norm(landmark_steps[step] - truth, axis=-1)
            share = 100 * np.nanmean(errors) / target_size
            caption += f' \N{MIDDLE DOT} {share:.1f} %'
            for start, end in zip(points, to_panel(truth, matrix)):
                draw_line(panel, start, end, WHITE, 1)
        draw_text(panel, [caption], (0, 0), text_height(size))
        panels.append(panel)
    return panels


def _draw_windows(panel: np.ndarray, centers: np.ndarray,
                  side: float) -> None:
    """Squares of one side around (N, 2), and the rest in the dark."""
    if not np.isfinite(side):
        return
    lit = panel.copy()
    panel[:] = panel * _DARK
    for x, y in centers[np.isfinite(centers).all(-1)]:
        inside = tuple(
            slice(*np.clip([c - side / 2, c + side / 2], 0, len(panel)).astype(
                int)) for c in (y, x))
        panel[inside] = lit[inside]
    for center in centers:
        draw_square(panel, center, side, WHITE, line_width(len(panel)))


def _draw_ways(panel: np.ndarray, before: np.ndarray,
               after: np.ndarray) -> None:
    """Draw the motion of landmarks (N, 2): a line each, a disc at its end."""
    width = line_width(len(panel))
    radius = 1.4 * point_radius(len(panel))
    for start, end in zip(before, after):
        draw_line(panel, start, end, BLACK, width + 2)
        draw_disc(panel, end, radius + 1, BLACK)
        draw_line(panel, start, end, WHITE, width)
        draw_disc(panel, end, radius, WHITE)


def make_grid(rows: Sequence[Sequence[np.ndarray]],
              headings: Sequence[str] = (),
              captions: Sequence[str] = (),
              size: int = 256,
              note: str = '') -> np.ndarray:
    """Rows of images with headings and captions, as one.

    Args:
        rows (list[list[np.ndarray]]): Images of any size; each is brought into
            a square of ``size`` px, unstretched. A shorter row leaves the rest
            of its places empty.
        headings (list[str]): Heading of each column, or none.
        captions (list[str]): Line above each row, or none.
        note (str): What the images mean, below them.

    Raises:
        ValueError: If there is no image, or not one heading a column, or not
            one caption a row.
    """
    columns = max((len(row) for row in rows), default=0)
    if not columns:
        raise ValueError('make_grid: there is no image to show')
    for name, texts, count in (('headings', headings, columns),
                               ('captions', captions, len(rows))):
        if texts and len(texts) != count:
            raise ValueError(f'make_grid: expected {count} {name}, found '
                             f'{len(texts)}')
    gap = max(4, size // 32)
    height = text_height(1.2 * size)
    bands = []
    if headings:
        cells = [text_band([text], size, height) for text in headings]
        bands.append(_join(cells, gap, axis=1))
    for index, row in enumerate(rows):
        cells = [_fit_square(image, size) for image in row]
        blank = np.full((size, size, 3), PAPER, np.uint8)
        band = _join(cells + [blank] * (columns - len(cells)), gap, axis=1)
        if captions:
            line = text_band([captions[index]], band.shape[1], height)
            band = np.concatenate([line, band])
        bands.append(band)
    if note:
        width = bands[-1].shape[1]
        letter = text_extent(['m' * 100], height)[0] / 100
        lines = textwrap.wrap(note, max(10, int(width / letter) - 1))
        bands.append(text_band(lines, width, height))
    grid = _join(bands, gap, axis=0)
    return np.pad(
        grid, [(gap, gap), (gap, gap), (0, 0)], constant_values=PAPER)


def _join(images: List[np.ndarray], gap: int, axis: int) -> np.ndarray:
    """Images of equal height (axis 1) or width (axis 0), with gaps."""
    shape = list(images[0].shape)
    shape[axis] = gap
    space = np.full(shape, PAPER, np.uint8)
    parts = [part for image in images for part in (space, image)]
    return np.concatenate(parts[1:], axis=axis)


def _fit_square(image: np.ndarray, size: int) -> np.ndarray:
    scale = size / max(image.shape[:2])
    width, height = [
        max(1, round(side * scale)) for side in image.shape[1::-1]
    ]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(image, (width, height), interpolation=way)
    left, top = (size - width) // 2, (size - height) // 2
    square = np.full((size, size, 3), PAPER, np.uint8)
    square[top:top + height, left:left + width] = small
    return square
