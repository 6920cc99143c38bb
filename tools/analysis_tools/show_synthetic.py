"""Draw a sheet of synthetic faces with their labels.

Green landmarks are visible, red ones hidden. The axes are those of the head
(red: out of the face, green: to the left ear, blue: down), by the pose that
drew the face. The caption names the subsets.

Example:
    python tools/analysis_tools/show_synthetic.py --out sheet.png
"""
import argparse

import cv2
import numpy as np

from spiga_mmpose.datasets import SyntheticFaceDataset
from spiga_mmpose.geometry import project_head

TILE = 256  # px, side of a face on the sheet


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--out', required=True, help='picture to write')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--count', type=int, default=24, help='faces')
    parser.add_argument('--columns', type=int, default=6)
    parser.add_argument('--variant', default='default')
    parser.add_argument('--image-size', type=int, default=128)
    parser.add_argument(
        '--plain', action='store_true', help='faces alone, without labels')
    return parser.parse_args()


def draw_tile(info, plain):
    """(TILE, TILE, 3) uint8 picture of a sample of the dataset."""
    image = info['img']
    zoom = TILE / len(image)
    tile = cv2.resize(image, (TILE, TILE), interpolation=cv2.INTER_CUBIC)
    if plain:
        return tile

    def place(points):
        return np.round((points + .5) * zoom - .5).astype(int).tolist()

    axes = np.array([[0, 0, 0], [.6, 0, 0], [0, .6, 0], [0, 0, .6]])
    tip, *ends = place(project_head(axes, info['drawn_pose'].astype(
        np.float64)) * len(image))
    for end, color in zip(ends, ((0, 0, 255), (0, 255, 0), (255, 0, 0))):
        cv2.line(tile, tip, end, color, 1, cv2.LINE_AA)
    for point, hidden in zip(place(info['keypoints'][0]),
                             info['keypoints_hidden'][0]):
        color = (60, 60, 255) if hidden else (80, 255, 80)
        cv2.circle(tile, point, 1, color, -1, cv2.LINE_AA)
    for thickness, color in ((3, (0, 0, 0)), (1, (255, 255, 255))):
        cv2.putText(tile, ' '.join(info['subsets']), (4, TILE - 6),
                    cv2.FONT_HERSHEY_SIMPLEX, .4, color, thickness,
                    cv2.LINE_AA)
    return tile


def main():
    args = parse_args()
    faces = SyntheticFaceDataset(
        num_faces=args.count, seed=args.seed, variant=args.variant,
        image_size=args.image_size)
    tiles = [draw_tile(faces.get_data_info(index), args.plain)
             for index in range(args.count)]
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % args.columns)
    sheet = np.vstack([np.hstack(tiles[start:start + args.columns])
                       for start in range(0, len(tiles), args.columns)])
    if not cv2.imwrite(args.out, sheet):
        raise ValueError(f'--out {args.out}: cannot write a picture there; '
                         'expected a name like sheet.png')
    print(f'{args.count} faces in {args.out}')


if __name__ == '__main__':
    main()
