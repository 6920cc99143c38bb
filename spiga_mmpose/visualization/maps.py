"""Landmark and edge maps of the backbone over the crop that it saw.

Shape alphabet: L landmarks, E edges, h x w map.
"""
from typing import Optional, Sequence

import cv2
import numpy as np
from mmpose.structures import PoseDataSample

from spiga_mmpose.landmark_sets import LandmarkSet
from .drawing import (BLACK, WHITE, draw_disc, draw_landmarks, draw_text,
                      facial_parts, landmark_style, part_of, text_height)
from .grids import crop_panel, gray_copy, make_grid, to_panel

_COLUMNS = 8
_NOTE = ('Brightness: response of a map, from 0 (grey) to 1 (yellow). White '
         'dot: where the landmark is predicted.')


def maps_grid(image: np.ndarray,
              sample: PoseDataSample,
              landmark_set: LandmarkSet,
              landmarks: Optional[Sequence[int]] = None,
              size: int = 160) -> np.ndarray:
    """The face, all landmark maps in one, some alone, and every edge map.

    Args:
        image (np.ndarray): (H, W, 3) RGB, uint8.
        sample (:obj:`PoseDataSample`): Of **one** face, as a model gives it
            with ``test_cfg.output_heatmaps``: ``pred_fields`` with
            ``heatmaps`` (L, h, w) and ``edges`` (E, h, w) of the crop, which
            samples that MMPose has merged have lost.
        landmark_set (LandmarkSet): Of L landmarks and E edges; other numbers
            are a ``ValueError``.
        landmarks (Sequence[int], optional): Whose maps to show alone. Defaults
            to one of each facial part.
        size (int): Side of a panel, px.
    """
    points, edges = _maps_of(sample, landmark_set)
    if landmarks is None:
        landmarks = [
            ids[len(ids) // 2] for ids in facial_parts(landmark_set).values()
        ]
    center, scale = map(np.asarray, (sample.input_center, sample.input_scale))
    crop, matrix = crop_panel(
        image, np.stack([center - scale / 2, center + scale / 2]), size, 1)
    places = to_panel(sample.pred_instances.keypoints[0], matrix)
    face = crop.copy()
    draw_landmarks(face, places, *landmark_style(landmark_set))
    crop = gray_copy(crop)
    panels = [
        _titled(face, 'landmarks'),
        _map_panel(crop, points.max(0), 'all landmark maps')
    ]
    for i in landmarks:
        title = f'{i} ({part_of(landmark_set, i)})'
        panels.append(_point_panel(crop, points[i], places[i], title))
    sections = {'landmark maps: where each landmark is likely to be': panels}
    if len(edges):
        panels = [_map_panel(crop, edges.max(0), 'all edge maps')]
        for name, edge in zip(landmark_set.edges, edges):
            panels.append(_map_panel(crop, edge, name.replace('_', ' ')))
        sections['edge maps: where each edge of the face runs'] = panels
    rows, captions = [], []
    for caption, panels in sections.items():
        starts = range(0, len(panels), _COLUMNS)
        rows += [panels[start:start + _COLUMNS] for start in starts]
        captions += [caption] + [''] * (len(starts) - 1)
    return make_grid(rows, captions=captions, size=size, note=_NOTE)


def _maps_of(sample, landmark_set):
    """Point maps (L, h, w) and edge maps (E, h, w) of a sample."""
    fields = sample.get('pred_fields', {})
    if 'heatmaps' not in fields or 'edges' not in fields:
        raise ValueError(
            'maps_grid: expected pred_fields with heatmaps and edges, found '
            f'{sorted(fields.keys())}; predict with test_cfg.output_heatmaps '
            'on a backbone that has such maps, and do not merge the samples '
            'of several faces')
    points, edges = np.asarray(fields.heatmaps), np.asarray(fields.edges)
    found = len(points), len(edges)
    expected = landmark_set.num_landmarks, landmark_set.num_edges
    if found != expected:
        raise ValueError(
            f'maps_grid: {landmark_set.name!r} has {expected[0]} landmarks '
            f'and {expected[1]} edges, found {found[0]} landmark maps and '
            f'{found[1]} edge maps')
    return points, edges


def _map_panel(crop, response, title) -> np.ndarray:
    """A map (h, w) in [0, 1] glowing on a crop (size, size, 3)."""
    size = len(crop)
    # Whole cells are centres: cell c lies at c * size / cells (geometry
    # .coords), unlike what cv2.resize takes them for.
    height, width = response.shape
    matrix = np.array([[size / width, 0, 0], [0, size / height, 0]])
    response = cv2.warpAffine(
        response.astype(np.float32),
        matrix, (size, size),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE).clip(0, 1)[..., None]
    # MMEngine's draw_featmap stretches every map to the full range: a map
    # that sees nothing would look like one that is sure.
    glow = cv2.applyColorMap(
        np.rint(255 * response).astype(np.uint8), cv2.COLORMAP_INFERNO)
    panel = np.rint(crop + response * (glow[..., ::-1] - crop.astype(float)))
    return _titled(panel.astype(np.uint8), title)


def _point_panel(crop, response, place, title) -> np.ndarray:
    """The map of one landmark, and where the landmark (2,) is predicted."""
    panel = _map_panel(crop, response, title)
    unit = len(crop) / 256
    draw_disc(panel, place, 4 * unit, BLACK)
    draw_disc(panel, place, 3 * unit, WHITE)
    return panel


def _titled(panel, title) -> np.ndarray:
    draw_text(panel, [title], (0, 0), text_height(len(panel)))
    return panel
