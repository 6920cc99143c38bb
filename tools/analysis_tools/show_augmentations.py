"""Draw a sheet of training samples exactly as the network gets them.

Every picture is one packed sample of the config's training data: discs are
landmarks in view, rings are hidden ones, lines are the curves as the edge
targets have them, arrows are the pose fitted to the landmarks (red: right,
green: down, blue: out of the face). Landmarks outside the crop count in no
loss and are not drawn.

Example:
    python tools/analysis_tools/show_augmentations.py configs/spiga_wflw.py \\
        augmentations.jpg --faces 4 --views 6
"""
import argparse

import cv2
import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmpose.registry import DATASETS, KEYPOINT_CODECS

import spiga_mmpose  # noqa: F401, registers the parts
from spiga_mmpose.models.targets import draw_edge_maps
from spiga_mmpose.visualization import (draw_pose_axes, landmark_style,
                                        make_sheet)


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='any config of this package')
    parser.add_argument('out', help='picture to write (.jpg or .png)')
    parser.add_argument(
        '--faces', type=int, default=4, help='rows: faces of the data set')
    parser.add_argument(
        '--views', type=int, default=6, help='columns: draws of each face')
    parser.add_argument('--size', type=int, default=320, help='panel, px')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override config keys, e.g. '
        'train_dataloader.dataset.data_root=DIR')
    return parser.parse_args()


def draw_sample(packed: dict, landmark_set, size: int) -> np.ndarray:
    """Draw one packed sample.

    Args:
        packed (dict): ``inputs`` (3, H, W) uint8 BGR and ``data_samples``
            with the labels of ``SPIGALabel``.
        landmark_set (LandmarkSet): Curves and colours.
        size (int): Side of the picture, px.

    Returns:
        np.ndarray: (size, size, 3) RGB, uint8.
    """
    sample = packed['data_samples']
    labels = sample.gt_instance_labels
    canvas = packed['inputs'].permute(1, 2, 0).numpy()[..., ::-1]
    canvas = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_LINEAR)

    weights = labels.keypoint_weights
    edges = draw_edge_maps(labels.keypoint_labels, weights,
                           list(landmark_set.curves.values()), (size, size))
    if landmark_set.num_curves:
        line = edges[0].amax(0).numpy()[..., None]
        canvas = np.rint(canvas * (1 - line) + 255 * line).astype(np.uint8)

    points = labels.keypoint_labels[0].numpy() * size
    hidden = sample.gt_instances.get('keypoints_hidden',
                                     np.zeros(weights.shape))[0] > 0
    colors, _ = landmark_style(landmark_set)
    for i in np.flatnonzero(weights[0] > 0):
        center = tuple(int(v) for v in np.rint(points[i] * 16))
        color = tuple(int(c) for c in colors[i])
        for radius, shade in ((3, (0, 0, 0)), (2, color)):
            cv2.circle(canvas, center, 16 * radius, shade,
                       1 if hidden[i] else -1, cv2.LINE_AA, 4)
    if labels.get('pose_weights', torch.zeros(1))[0] > 0:
        draw_pose_axes(canvas, labels.pose_labels[0].numpy(), np.zeros(2),
                       size, size / 2)
    return canvas


def main() -> None:
    """Build the data set, draw, write."""
    args = parse_args()
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    set_random_seed(args.seed)
    landmark_set = KEYPOINT_CODECS.build(cfg.codec).landmark_set
    dataset = DATASETS.build(cfg.train_dataloader.dataset)

    rows = [[
        draw_sample(dataset[index], landmark_set, args.size)
        for _ in range(args.views)
    ] for index in range(min(args.faces, len(dataset)))]
    if not cv2.imwrite(args.out, make_sheet(rows, size=args.size)[..., ::-1]):
        raise ValueError(f'cannot write the picture {args.out}')
    print(f'{args.out}: {len(rows)} faces, {args.views} draws of each')


if __name__ == '__main__':
    main()
