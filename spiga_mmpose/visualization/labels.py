"""Texts beside faces, where they hide no other face if there is room.

Boxes (N, 4) and places are x1, y1, x2, y2 in image px; N faces.
"""
from dataclasses import dataclass, replace
from typing import Sequence, Tuple

import numpy as np

from .drawing import (ANGLE_COLORS, BOX_COLOR, WHITE, Color, box_width,
                      draw_text, face_size, text_extent, text_height)

# A px of another face or of another text weighs so many of the own face.
_FOREIGN = 20


@dataclass(frozen=True)
class Label:
    """A text of a face."""
    face: int  # which one of the N faces it is of
    box: np.ndarray  # (4,) what it stands beside
    lines: Sequence[str]
    colors: Sequence[Color]  # of each line; the last one goes on
    on_top: bool = False  # stands on the box, rather than at its side
    short: str = ''  # the same in a line, for where there is no room


def box_label(face: int, box: np.ndarray, text: str) -> Label:
    """A line that stands on the box of a face, in the colour of boxes."""
    return Label(face, box, (text, ), (BOX_COLOR, ), on_top=True)


def angle_label(face: int, box: np.ndarray, pose: np.ndarray) -> Label:
    """Yaw, pitch and roll, degrees, the first of ``pose``, at the side of a
    face whose drawing fills ``box`` (4,); without lines where one is no
    number."""
    angles = pose[:3] if np.isfinite(pose[:3]).all() else ()
    names = ('yaw', 'pitch', 'roll')
    signed = [
        f'{round(float(angle)):+d}'.replace('-', '\N{MINUS SIGN}')
        for angle in angles
    ]
    lines = [f'{name:<5} {text:>4}°' for name, text in zip(names, signed)]
    short = ' '.join(name[0] + text for name, text in zip(names, signed))
    return Label(face, box, lines, ANGLE_COLORS, short=short)


def draw_labels(canvas: np.ndarray, labels: Sequence[Label],
                faces: np.ndarray) -> None:
    """Write texts, each beside its own face, after all faces are drawn.

    A text keeps off the other faces and the texts before it, and hides as
    little of its own face as it can; of places that are as good it takes the
    usual one. Where there is no free place for the lines, the short form is
    written if it hides less. ``faces`` (N, 4) are what must stay visible; rows
    may be NaN.
    """
    taken = np.zeros((0, 4))
    for label in labels:
        if not (label.lines and np.isfinite(label.box).all()):
            continue
        place, cost = _best_place(label, canvas.shape, faces, taken)
        if cost and label.short:
            short = replace(
                label,
                lines=(label.short, ),
                colors=(WHITE, ),
                on_top=True)
            other, less = _best_place(short, canvas.shape, faces, taken)
            if less < cost:
                label, place = short, other
        draw_text(canvas, label.lines, place[:2], _height(label),
                  label.colors)
        taken = np.concatenate([taken, place[None]])


def _best_place(label: Label, shape: Sequence[int], faces: np.ndarray,
                taken: np.ndarray) -> Tuple[np.ndarray, float]:
    """Place (4,) of a text, and what it hides."""
    height = _height(label)
    extent = np.array(text_extent(label.lines, height))
    limits = np.maximum(shape[1::-1] - extent, 0)
    corners = np.clip(
        np.round(_places(label, extent, height)), 0, limits)
    places = np.hstack([corners, corners + extent])
    others = np.delete(faces, label.face, axis=0)
    hidden = _overlap(places, np.concatenate([others, taken]))
    own = _overlap(places, faces[label.face][None])
    costs = np.round(_FOREIGN * hidden + own)
    return places[costs.argmin()], costs.min()


def _height(label: Label) -> int:
    """Height of the letters, px."""
    return text_height(face_size(np.reshape(label.box, (2, 2))))


def _places(label: Label, extent: np.ndarray,
            height: float) -> np.ndarray:
    """(P, 2) upper left corners in question, the preferred ones first."""
    x1, y1, x2, y2 = label.box
    line = box_width(label.box)
    gap = line if label.on_top else height / 2
    left, right = x1 - gap - extent[0], x2 + gap
    above, below = y1 - gap - extent[1], y2 + gap
    inner_x, inner_y = (x2, y2) - extent
    on_top = [(x1, above), (inner_x, above), (x1, below), (inner_x, below)]
    if not label.on_top:  # a label may stand on the box, and keeps its room
        room = text_extent([''], height)[1]
        on_top = [(x1, below), (x1, above - room), (inner_x, below),
                  (inner_x, above - room)]
    beside = [(right, y1), (left, y1), (right, inner_y), (left, inner_y)]
    outside = on_top + beside if label.on_top else beside + on_top
    # Inside, which always hides something, is preferred to what the border of
    # the image pushes inside: lower corners of the box are off the face.
    inside = [(x1, inner_y), (inner_x, inner_y), (x1, y1), (inner_x, y1)]
    return np.array(inside + outside)


def _overlap(places: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(P,) px of each place (P, 4) that lie in boxes (N, 4)."""
    low = np.maximum(places[:, None, :2], boxes[None, :, :2])
    high = np.minimum(places[:, None, 2:], boxes[None, :, 2:])
    return np.nan_to_num(np.prod(np.maximum(high - low, 0), axis=-1)).sum(1)
