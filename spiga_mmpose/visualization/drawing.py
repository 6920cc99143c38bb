"""Pure drawing: landmarks, edges, pose axes, boxes and text on images.

Convention:
    A **canvas** is an (H, W, 3) RGB uint8 array; the functions draw into it.
    Points are image px (see :mod:`spiga_mmpose.geometry.coords`) and are
    drawn to a sixteenth of a pixel. Line widths, point sizes and letters
    follow the size of the face, so that a face of 60 px and one of 2000 px
    look alike. Points that are not finite are left out.
"""
import os.path as osp
from functools import lru_cache
from typing import Dict, List, Optional, Sequence, Tuple

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from spiga_mmpose.geometry import euler_to_matrix, project_head
from spiga_mmpose.landmark_sets import LandmarkSet

Color = Tuple[int, int, int]

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
PAPER, INK = 255, (30, 30, 30)  # of grids and of bands of text
BOX_COLOR = (90, 200, 250)
# Arrows of the pose: image right, image down and out of the face, for a face
# that looks straight into the camera. Each angle is written in the colour of
# the axis that it turns about.
RIGHT_COLOR = (255, 90, 90)
DOWN_COLOR = (110, 230, 90)
FRONT_COLOR = (90, 160, 255)
AXIS_COLORS = (RIGHT_COLOR, DOWN_COLOR, FRONT_COLOR)
ANGLE_COLORS = (DOWN_COLOR, RIGHT_COLOR, FRONT_COLOR)  # yaw, pitch, roll
_AXIS_LENGTH = 0.6  # head units; the head is 1.4 of them wide
_RIMMED = 140  # px; on smaller faces dark rims would cover the face

_SHIFT = 4  # OpenCV draws at 1 / 2**_SHIFT px
# px; what OpenCV can draw, also of a face that a bad pose has blown up
_FAR, _WIDEST = 16000, 64


def face_size(landmarks: np.ndarray) -> float:
    """Side of the square that is as large as the box of landmarks (L, 2), px,
    at least 1; rows may be NaN."""
    points = landmarks[np.isfinite(landmarks).all(-1)]
    if not len(points):
        return 1.
    return max(1., float(np.sqrt(np.prod(np.ptp(points, axis=0)))))


def line_width(size: float) -> int:
    """Width in px of the lines on a face of ``size`` px."""
    return _width(size, 220)


def point_radius(size: float) -> float:
    """Radius in px of the points on a face of ``size`` px."""
    return float(np.clip(size / 90, 0.75, _WIDEST))


def text_height(size: float) -> int:
    """Height in px of the letters beside a face of ``size`` px."""
    return int(np.clip(round(size / 18), 11, 240))


def landmark_style(landmark_set: LandmarkSet) -> Tuple[np.ndarray, np.ndarray]:
    """Colours (L, 3), uint8 RGB, by facial part, and links (N, 2), pairs of
    landmarks, of the edges."""
    info = landmark_set.metainfo()
    colors = [
        info['keypoint_info'][i]['color']
        for i in range(landmark_set.num_landmarks)
    ]
    links = [(a, b) for edge in landmark_set.edges.values()
             for a, b in zip(edge[:-1], edge[1:])]
    return np.array(colors, np.uint8), np.array(links, int).reshape(-1, 2)


def facial_parts(landmark_set: LandmarkSet) -> Dict[str, List[int]]:
    """Every landmark once, by facial part; ``'other'`` holds the rest."""
    rest = set(range(landmark_set.num_landmarks))
    parts = {}
    for name, ids in [*landmark_set.parts.items(), ('other', sorted(rest))]:
        parts[name] = parts.get(name, []) + [i for i in ids if i in rest]
        rest -= set(ids)
    return {name: ids for name, ids in parts.items() if ids}


def part_of(landmark_set: LandmarkSet, landmark: int) -> str:
    """Name of the facial part of a landmark; ``ValueError`` if there is none.
    """
    for name, ids in facial_parts(landmark_set).items():
        if landmark in ids:
            return name
    raise ValueError(
        f'landmark {landmark}: expected one from 0 to '
        f'{landmark_set.num_landmarks - 1} of {landmark_set.name!r}')


def example_landmark(landmark_set: LandmarkSet) -> int:
    """The landmark to look at where none is named: at the left pupil, or the
    first one where the set knows no pupils."""
    return landmark_set.pupils[0][0] if landmark_set.pupils else 0


def draw_landmarks(canvas: np.ndarray,
                   landmarks: np.ndarray,
                   colors: np.ndarray,
                   links: np.ndarray,
                   opacity: Optional[np.ndarray] = None) -> None:
    """Draw the points (L, 2) of one face in their colours (L, 3), and the
    edges through them.

    A link, one of (N, 2) pairs of landmarks, has the colour of its first
    landmark and the opacity of its fainter one; ``opacity`` (L,) is from 0
    (not drawn) to 1.
    """
    if opacity is None:
        opacity = np.ones(len(landmarks))
    shown = np.isfinite(landmarks).all(-1) & (opacity > 0)
    if not shown.any():
        return
    size = face_size(landmarks[shown])
    radius, width = point_radius(size), line_width(size)
    links = [(a, b) for a, b in links if shown[a] and shown[b]]
    # The face is painted in full on a copy and shows through a mask of the
    # opacities: antialiased edges stay clean, overlaps are not drawn twice.
    view, corner = _view_of(canvas, landmarks[shown], margin=3 * radius + 4)
    if not view.size:
        return
    points = landmarks - corner
    paint = view.copy()
    mask = np.zeros(view.shape[:2], np.uint8)
    levels = np.round(255 * np.clip(opacity, 0, 1)).astype(int)
    rim = 2 * max(1, round(width / 3))
    if size >= _RIMMED:  # a half dark rim sets light colours off light skin
        for a, b in links:
            draw_line(paint, points[a], points[b], BLACK, width + rim)
        for i in np.flatnonzero(shown):
            draw_disc(paint, points[i], 1.3 * radius, BLACK)
        paint = cv2.addWeighted(paint, 0.5, view, 0.5, 0)
    for a, b in links:
        draw_line(paint, points[a], points[b], colors[a], width)
        level = int(min(levels[a], levels[b]))
        draw_line(mask, points[a], points[b], level, width + rim + 2)
    for i in np.flatnonzero(shown):
        draw_disc(paint, points[i], radius, colors[i])
        draw_disc(mask, points[i], 1.3 * radius + 2, int(levels[i]))
    weight = mask[..., None].astype(np.float32) / 255
    view[:] = np.rint(view + weight * (paint.astype(np.float32) - view))


def draw_line(canvas: np.ndarray, start: np.ndarray, end: np.ndarray,
              color: Color, width: int) -> None:
    """Draw a line between two points (2,)."""
    if np.isfinite([start, end]).all():
        cv2.line(canvas, _fixed(start), _fixed(end), _ink(color), width,
                 cv2.LINE_AA, _SHIFT)


def draw_disc(canvas: np.ndarray, center: np.ndarray, radius: float,
              color: Color) -> None:
    """Draw a disc around a point (2,)."""
    if np.isfinite(center).all():
        cv2.circle(canvas, _fixed(center), round(radius * 2**_SHIFT),
                   _ink(color), -1, cv2.LINE_AA, _SHIFT)


def draw_square(canvas: np.ndarray, center: np.ndarray, side: float,
                color: Color, width: int) -> None:
    """Draw the outline of a square around a point (2,), image px, on a dark
    rim."""
    _rectangle(canvas, [center - side / 2, center + side / 2], color, width)


def draw_indices(canvas: np.ndarray, landmarks: np.ndarray,
                 colors: np.ndarray) -> None:
    """Write its number beside each landmark (L, 2) in its colour (L, 3)."""
    size = face_size(landmarks)
    height = float(np.clip(size / 45, 7, 48))
    offset = np.array([0.5, -1.5]) * point_radius(size) - (0, height)
    for i in np.flatnonzero(np.isfinite(landmarks).all(-1)):
        draw_text(canvas, [str(i)], landmarks[i] + offset, height, [colors[i]],
                  0)


def pose_frame(head_model: np.ndarray, pose: np.ndarray,
               landmarks: np.ndarray) -> Tuple[np.ndarray, float]:
    """Square crop in the image: upper left corner (2,) and side, image px,
    from a pose (6,), the rigid head (L, 3) and the landmarks (L, 2).

    A pose is one of the square crop; drawing it in the image needs the crop.
    Samples of several faces that MMPose has merged keep the crop of the first
    face only, so it is found from what each face has: the least-squares scale
    and shift that bring the projected head onto the landmarks. It is exact for
    entry 0 of ``landmark_steps``, which is that projection. The side is NaN
    where fewer than two landmarks or the projection are finite.
    """
    with np.errstate(all='ignore'):
        unit = project_head(head_model, np.asarray(pose, np.float64))
    valid = np.isfinite(landmarks).all(-1) & np.isfinite(unit).all(-1)
    if valid.sum() < 2:
        return np.full(2, np.nan), float('nan')
    unit, points = unit[valid], landmarks[valid]
    spread = unit - unit.mean(0)
    side = float((spread * (points - points.mean(0))).sum() / max(
        (spread**2).sum(), 1e-12))
    return points.mean(0) - side * unit.mean(0), side


def draw_pose_axes(canvas: np.ndarray, pose: np.ndarray, corner: np.ndarray,
                   side: float, size: float) -> None:
    """Draw the head's axes from the origin of the head model (nose tip).

    Red points to the right of the image, green down and blue out of the face
    when the face looks straight into the camera. ``corner`` and ``side`` are
    those of :func:`pose_frame`; ``size`` is that of the face, px.
    """
    pose = np.asarray(pose, np.float64)
    # World axes: x out of the face, -y right, z down (geometry.euler).
    ends = _AXIS_LENGTH * np.array([[0, -1, 0], [0, 0, 1], [1, 0, 0]])
    with np.errstate(all='ignore'):
        points = project_head(np.vstack([np.zeros((1, 3)), ends]), pose)
        points = points * side + corner
    if not (np.isfinite(points).all() and pose[5] > _AXIS_LENGTH):
        return
    width = max(2, _width(size, 75))
    # What points at the camera covers the rest.
    depths = ends @ euler_to_matrix(pose[:3])[2]
    for i in np.argsort(-depths):
        _arrow(canvas, points[0], points[1 + i], BLACK, width + 2)
        _arrow(canvas, points[0], points[1 + i], AXIS_COLORS[i], width)


def draw_box(canvas: np.ndarray, box: np.ndarray) -> None:
    """Draw a box (4,) x1, y1, x2, y2 in image px."""
    _rectangle(canvas, np.reshape(box, (2, 2)), BOX_COLOR, box_width(box))


def box_width(box: np.ndarray) -> int:
    """Width in px of the lines of a box (4,) around a face."""
    return _width(face_size(np.reshape(box, (2, 2))), 130)


def draw_text(canvas: np.ndarray,
              lines: Sequence[str],
              corner: Sequence[float],
              height: float,
              colors: Sequence[Color] = (WHITE, ),
              background: float = 0.6) -> None:
    """Write lines of text on a field darkened by ``background``, 0 (not) to 1
    (black).

    Args:
        corner (tuple): x, y of the upper left corner, image px. It is moved
            where the text would leave the canvas.
        height (float): Height of the letters, px.
        colors (list[tuple]): RGB of each line; the last one goes on for those
            that have none.
    """
    if not np.isfinite(corner).all():
        return
    pad, step = _text_layout(height)
    size = np.array(text_extent(lines, height))
    limits = np.maximum(np.array(canvas.shape[1::-1]) - size, 0)
    x, y = np.clip(np.round(corner), 0, limits).astype(int)
    view = canvas[y:y + size[1], x:x + size[0]]
    if not view.size:
        return
    view[:] = np.rint(view * (1 - background))
    image = Image.fromarray(np.ascontiguousarray(view))
    pen = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        color = tuple(int(c) for c in colors[min(row, len(colors) - 1)])
        pen.text((pad, pad + step * row + step // 2),
                 line,
                 fill=color,
                 font=_font(height),
                 anchor='lm')
    view[:] = np.asarray(image)


def text_band(lines: Sequence[str], width: int, height: float) -> np.ndarray:
    """White band (H, width, 3) with lines of text, cut where too long."""
    lines = [_fitting(line, width, height) for line in lines]
    depth = text_extent(lines, height)[1]
    band = np.full((depth, width, 3), PAPER, np.uint8)
    draw_text(band, lines, (0, 0), height, [INK], background=0)
    return band


def _fitting(text: str, width: int, height: float) -> str:
    while text and text_extent([text], height)[0] > width:
        text = text[:-2] + '\N{HORIZONTAL ELLIPSIS}' if len(text) > 2 else ''
    return text


def text_extent(lines: Sequence[str], height: float) -> Tuple[int, int]:
    """Width and height in px of the field that :func:`draw_text` writes."""
    pad, step = _text_layout(height)
    width = max(_font(height).getlength(line) for line in lines)
    return int(np.ceil(width)) + 2 * pad, step * len(lines) + 2 * pad


def _text_layout(height: float) -> Tuple[int, int]:
    """Margin around text and distance of its lines, px."""
    return round(0.3 * height), round(1.25 * height)


@lru_cache(maxsize=64)
def _font(height: float) -> ImageFont.FreeTypeFont:
    # Matplotlib is installed with MMEngine and brings a free font along.
    path = osp.join(matplotlib.get_data_path(), 'fonts', 'ttf',
                    'DejaVuSansMono.ttf')
    return ImageFont.truetype(path, max(5, round(height)))


def _width(size: float, share: float) -> int:
    return int(np.clip(round(size / share), 1, _WIDEST))


def _view_of(canvas: np.ndarray, points: np.ndarray,
             margin: float) -> Tuple[np.ndarray, np.ndarray]:
    """Part of the canvas around points, and its corner x, y."""
    limits = np.array(canvas.shape[1::-1])
    low = np.clip(np.floor(points.min(0) - margin), 0, limits).astype(int)
    high = np.clip(np.ceil(points.max(0) + margin), 0, limits).astype(int)
    return canvas[low[1]:high[1], low[0]:high[0]], low


def _fixed(point: np.ndarray) -> Tuple[int, int]:
    scaled = np.round(np.clip(point, -_FAR, _FAR) * 2**_SHIFT)
    return int(scaled[0]), int(scaled[1])


def _ink(color):
    return int(color) if np.isscalar(color) else tuple(int(c) for c in color)


def _rectangle(image, corners, color, width) -> None:
    if not np.isfinite(corners).all():
        return
    corners = [_fixed(point) for point in corners]
    for ink, thickness in ((BLACK, width + 2), (color, width)):
        cv2.rectangle(image, *corners, _ink(ink), thickness, cv2.LINE_AA,
                      _SHIFT)


def _arrow(image, start, end, color, width) -> None:
    cv2.arrowedLine(image, _fixed(start), _fixed(end), _ink(color), width,
                    cv2.LINE_AA, _SHIFT, 0.18)
