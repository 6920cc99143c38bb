"""Draw a grid of synthetic faces with their labels.

Green landmarks are visible, red ones hidden. The axes are those of the pose
that drew the face (red: right, green: down, blue: out of the face, of one
that looks straight into the camera). The caption names the subsets.

Example:
    python tools/analysis_tools/show_synthetic.py --out grid.png
"""
import sys

import cv2
import numpy as np
import tools_path  # noqa: F401
from command_line import OneLineParser, image_file, positive, run_tool

from spiga_mmpose.datasets import SyntheticFaceDataset
from spiga_mmpose.io import write_image
from spiga_mmpose.visualization import drawing, make_grid

TILE = 256  # px, side of a face on the grid
SEEN, HIDDEN = (80, 255, 80), (255, 60, 60)
NO_LINKS = np.zeros((0, 2), int)


def draw_tile(info, plain):
    zoom = TILE / len(info['img'])
    tile = cv2.resize(
        info['img'], (TILE, TILE), interpolation=cv2.INTER_CUBIC)[..., ::-1]
    tile = np.ascontiguousarray(tile)
    if plain:
        return tile
    points = (info['keypoints'][0] + .5) * zoom - .5
    hidden = info['keypoints_hidden'][0] > 0
    drawing.draw_pose_axes(tile, info['drawn_pose'], np.full(2, -.5), TILE,
                           drawing.face_size(points))
    drawing.draw_landmarks(
        tile, points, np.where(hidden[:, None], HIDDEN, SEEN), NO_LINKS)
    height = 11
    drawing.draw_text(tile, [' '.join(info['subsets'])],
                      np.array([4, TILE - height - 5]), height,
                      [drawing.WHITE], 0)
    return tile


def draw_grid(args):
    faces = SyntheticFaceDataset(num_faces=args.count, seed=args.seed,
                                 variant=args.variant,
                                 image_size=args.image_size)
    tiles = [draw_tile(faces.get_data_info(index), args.plain)
             for index in range(args.count)]
    rows = [tiles[start:start + args.columns]
            for start in range(0, len(tiles), args.columns)]
    write_image(args.out, make_grid(rows, size=TILE))
    return f'{args.count} faces in {args.out}'


def main(argv=None):
    parser = OneLineParser('show_synthetic.py', __doc__)
    add = parser.add_argument
    add('--out', required=True, type=image_file, help='image to write')
    add('--seed', type=int, default=0)
    add('--count', type=positive, default=24, help='faces')
    add('--columns', type=positive, default=6)
    add('--variant', default='default')
    add('--image-size', type=int, default=128)
    add('--plain', action='store_true', help='faces alone, without labels')
    return run_tool('show_synthetic.py', draw_grid, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
