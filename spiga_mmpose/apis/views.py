"""What the network does with one face, as grids of images by name."""
from typing import Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch.nn as nn
from mmpose.structures import PoseDataSample

from spiga_mmpose.landmark_sets import LandmarkSet
from spiga_mmpose.visualization import (attention_grid, attention_matrix,
                                        maps_grid, step_panels)

# The cascade step by step, what landmarks attend to, and the maps of the
# backbone.
VIEWS = ('steps', 'attention', 'maps')


def ask_for_views(model: nn.Module, views: Sequence[str]) -> None:
    """Make a model give what the views (of ``VIEWS``) need, from now on."""
    model.test_cfg = dict(
        model.test_cfg or {}, output_attention='attention' in views,
        output_heatmaps='maps' in views)


def steps_row(model: nn.Module, image: np.ndarray, face: PoseDataSample,
              landmark_set: LandmarkSet, landmark: Optional[int] = None,
              size: int = 256) -> List[np.ndarray]:
    """Panels (size, size, 3) of the S + 1 steps of the cascade, with the
    windows that they look at."""
    if 'landmark_steps' not in face.pred_instances:
        raise ValueError('this model has no cascade steps to draw')
    steps = face.pred_instances.landmark_steps[0]
    windows = None  # an exported file does not tell them
    if model.head is not None:
        side = float(face.input_scale[0])
        # A model whose cascade is not trained gives the first shape alone.
        windows = [
            step.window * side for step in model.head.steps[:len(steps) - 1]
        ]
    return step_panels(
        image, steps, landmark_set, size=size, windows=windows,
        window_landmarks=None if landmark is None else [landmark])


def view_grids(view: str, image: np.ndarray, face: PoseDataSample,
               landmark_set: LandmarkSet, landmark: Optional[int] = None
               ) -> Iterator[Tuple[str, np.ndarray]]:
    """Yield name and grid (H', W', 3) RGB, uint8, of ``'attention'``
    (``'attention'`` and ``'matrix'``) or ``'maps'`` of one face."""
    if view == 'attention':
        if 'attention' not in face.pred_instances:
            raise ValueError('this model gives no attention to draw')
        attention = face.pred_instances.attention[0]
        points = face.pred_instances.keypoints[0]
        yield 'attention', attention_grid(image, attention, points,
                                          landmark_set, landmark)
        yield 'matrix', attention_matrix(attention, landmark_set)
    else:
        if 'pred_fields' not in face:
            raise ValueError('this model has no landmark and edge maps to '
                             'draw')
        yield 'maps', maps_grid(image, face, landmark_set)
