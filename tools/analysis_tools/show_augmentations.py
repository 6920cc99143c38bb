"""Draw a grid of training samples exactly as the network gets them.

Every image is one packed sample of the config's training data, with the
landmarks in view, the hidden ones, the edges as the edge targets have them,
and the pose fitted to the landmarks; a key below says which is which. What
counts in no loss, as landmarks outside the crop, is not drawn.

Example:
    python tools/analysis_tools/show_augmentations.py configs/spiga_wflw.py \\
        augmentations.jpg --faces 4 --views 4
"""
import argparse
import os.path as osp

import cv2
import numpy as np
import tools_path  # noqa: F401
import torch
from cfg_options import merge_checked
from command_line import OneLineParser, add_cfg_options, image_file, positive
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmpose.registry import DATASETS, KEYPOINT_CODECS

import spiga_mmpose  # noqa: F401, registers the parts
from spiga_mmpose.io import write_image
from spiga_mmpose.models.targets import draw_edge_maps
from spiga_mmpose.visualization import drawing, make_grid

# Part of the panel's side; no smaller than can be told apart.
_DOT, _CROSS, _RIM = 0.005, 0.011, 0.003


def make_parser() -> OneLineParser:
    """Command line."""
    parser = OneLineParser('show_augmentations.py', __doc__)
    parser.add_argument('config', help='any config of this package')
    parser.add_argument(
        'out', type=image_file, help='image to write (.jpg or .png)')
    parser.add_argument(
        '--faces',
        type=positive,
        default=4,
        help='rows: faces of the data set (default: %(default)s)')
    parser.add_argument(
        '--views',
        type=positive,
        default=4,
        help='columns: draws of each face (default: %(default)s)')
    parser.add_argument(
        '--size',
        type=positive,
        default=400,
        help='side of a panel, px (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0)
    add_cfg_options(parser)
    return parser


def draw_dot(canvas: np.ndarray, point: np.ndarray, color: tuple,
             side: int) -> None:
    """A landmark in view: a small disc with a dark rim."""
    center = tuple(int(v) for v in np.rint(np.multiply(point, 16)))
    radius = max(1.6, _DOT * side)
    rim = max(0.8, _RIM * side)
    for r, ink in ((radius + rim, drawing.BLACK), (radius, color)):
        cv2.circle(canvas, center, round(16 * r), ink, -1, cv2.LINE_AA, 4)


def draw_cross(canvas: np.ndarray, point: np.ndarray, side: int) -> None:
    """A hidden landmark: a white cross with a dark rim."""
    arm = max(3., _CROSS * side)
    width = max(1, round(_RIM * side))
    for thickness, ink in ((width + 2, drawing.BLACK), (width, drawing.WHITE)):
        for slope in (1, -1):
            ends = [
                tuple(
                    int(v) for v in np.rint(16 * (point + sign * arm *
                                                  np.array([1, slope]))))
                for sign in (-1, 1)
            ]
            cv2.line(canvas, *ends, ink, thickness, cv2.LINE_AA, 4)


def draw_edges(canvas: np.ndarray, lines: np.ndarray) -> None:
    """White lines (H, W), 0 to 1, with a dark rim, into (H, W, 3)."""
    dark = 0.6 * cv2.dilate(lines, np.ones((3, 3)))[..., None]
    lines = lines[..., None]
    canvas[:] = np.rint(canvas * (1 - dark) * (1 - lines) + 255 * lines)


def draw_sample(packed: dict, landmark_set, size: int) -> np.ndarray:
    """Draw one packed sample.

    Args:
        packed (dict): ``inputs`` (3, H, W) uint8 BGR and ``data_samples``
            with the labels of ``SPIGALabel``.
        landmark_set (LandmarkSet): Edges and colours.
        size (int): Side of the image, px.

    Returns:
        np.ndarray: (size, size, 3) RGB, uint8.
    """
    sample = packed['data_samples']
    labels = sample.gt_instance_labels
    canvas = packed['inputs'].permute(1, 2, 0).numpy()[..., ::-1]
    canvas = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_CUBIC)

    weights = labels.keypoint_weights
    edges = draw_edge_maps(labels.keypoint_labels, weights,
                           list(landmark_set.edges.values()), (size, size))
    if landmark_set.num_edges:
        draw_edges(canvas, edges[0].amax(0).numpy())
    # Before the landmarks, which they would cover.
    if labels.get('pose_weights', torch.zeros(1))[0] > 0:
        drawing.draw_pose_axes(canvas, labels.pose_labels[0].numpy(),
                               np.zeros(2), size, size / 2)

    points = labels.keypoint_labels[0].numpy() * size
    hidden = sample.gt_instances.get('keypoints_hidden',
                                     np.zeros(weights.shape))[0] > 0
    colors, _ = drawing.landmark_style(landmark_set)
    counted = weights[0].numpy() > 0
    for i in np.flatnonzero(counted & ~hidden):
        draw_dot(canvas, points[i], tuple(int(c) for c in colors[i]), size)
    for i in np.flatnonzero(counted & hidden):
        draw_cross(canvas, points[i], size)
    return canvas


def key_panel(width: int, side: int) -> np.ndarray:
    """Legend: each sign beside an example.

    Args:
        width (int): Of the panel, px.
        side (int): Of the images that it is for, px.

    Returns:
        np.ndarray: (H, width, 3) RGB, uint8.
    """
    letter = max(11, side // 22)
    row = 2 * letter
    signs = ('landmark in view', 'hidden landmark', 'edge of the edge maps',
             "pose: red to the image's right, green down, blue out of the "
             'face')
    panel = np.full((row * len(signs), width, 3), 90, np.uint8)
    x = row
    for number, text in enumerate(signs):
        place = np.array([x, row * (number + 0.5)])
        line = np.array([[x - row / 2, place[1]], [x + row / 2, place[1]]])
        if number == 0:
            draw_dot(panel, place, (255, 190, 60), side)
        elif number == 1:
            draw_cross(panel, place, side)
        elif number == 2:
            lines = np.zeros(panel.shape[:2], np.float32)
            start, end = (tuple(int(v) for v in p) for p in line)
            cv2.line(lines, start, end, 1., 1, cv2.LINE_AA)
            draw_edges(panel, cv2.GaussianBlur(lines, (3, 3), 0))
        else:
            start = place - row * np.array([0.2, 0.25])
            for way, color in zip(((0.6, 0), (0, 0.6), (-0.3, 0.3)),
                                  drawing.AXIS_COLORS):
                ends = (np.rint(start + row * np.array(end)).astype(int)
                        for end in ((0, 0), way))
                cv2.arrowedLine(panel, *(tuple(end.tolist()) for end in ends),
                                color, 2, cv2.LINE_AA, 0, 0.3)
        corner = (2 * row, row * number + 0.3 * letter)
        drawing.draw_text(panel, [text], corner, letter, background=0)
    return panel


def show(args: argparse.Namespace) -> None:
    """Build the data set, draw, write.

    Raises:
        ValueError: If the config has no such data set, the data is not
            there or wrong, or the image cannot be written.
    """
    cfg = Config.fromfile(args.config)
    merge_checked(cfg, args.cfg_options)
    for key in ('codec', 'train_dataloader'):
        if key not in cfg:
            raise ValueError(f'{args.config}: the key {key!r} is missing; '
                             'expected a config of this package that trains')
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    set_random_seed(args.seed)
    landmark_set = KEYPOINT_CODECS.build(cfg.codec).landmark_set
    dataset = DATASETS.build(cfg.train_dataloader.dataset)

    rows, captions = [], []
    for index in range(min(args.faces, len(dataset))):
        samples = [dataset[index] for _ in range(args.views)]
        rows.append([
            draw_sample(sample, landmark_set, args.size) for sample in samples
        ])
        path = samples[0]['data_samples'].get('img_path') or ''
        captions.append(f'face {index}: {osp.basename(path) or "drawn"}')
    grid = make_grid(rows, captions=captions, size=args.size)
    grid = np.concatenate([grid, key_panel(grid.shape[1], args.size)])
    write_image(args.out, grid)
    print(f'{args.out}: {len(rows)} faces, {args.views} draws of each')


def main() -> None:
    """Command line."""
    parser = make_parser()
    args = parser.parse_args()
    try:
        show(args)
    except (ValueError, OSError) as error:
        parser.error(error)


if __name__ == '__main__':
    main()
