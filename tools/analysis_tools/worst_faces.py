"""Draw a grid of the faces with the largest errors.

    python tools/analysis_tools/worst_faces.py results.pkl results.pkl \
        --out worst.jpg
    python tools/analysis_tools/worst_faces.py ours.pkl theirs.json \
        annotations.json --data-root data/wflw/WFLW_images --out worst.png

Each face has its image and an image for each method, with the true landmarks
(joined by edges) and the predicted ones (tied to where they belong). The
first method says which faces are the worst. Files and options are those of
tools/evaluate.py; synthetic faces are drawn again. Exit code: 0 all done, 1
some images could not be read (the rest is drawn), 2 nothing drawn.
"""
import os.path as osp
import sys

import cv2
import numpy as np
import tools_path  # noqa: F401
from command_line import (OneLineParser, add_scoring_arguments,
                          add_subset_argument, image_file, positive,
                          score_arguments)
from tqdm import tqdm

from spiga_mmpose.datasets.transforms import loading
from spiga_mmpose.evaluation.figures import per_cent_of
from spiga_mmpose.io import write_image
from spiga_mmpose.visualization import drawing, grids

PANEL, LETTERS = 320, 14  # px
CAPTION_LINES = 3  # rank, image, subsets
PANEL_GAP, FACE_GAP = 4, 24  # px; what is of one face stays together
COLUMNS = 6  # images in a row, unless one face needs more
TRUE_COLOR, PREDICTED_COLOR = (90, 200, 250), (255, 150, 30)
DRAWN_FACE = 'synthetic://'  # see datasets/synthetic_backend.py


def make_parser():
    parser = OneLineParser('worst_faces.py', __doc__)
    add_scoring_arguments(parser)
    add_subset_argument(parser)
    add = parser.add_argument
    add('--out', required=True, type=image_file, metavar='FILE',
        help='image to write (.jpg or .png)')
    add('--count', type=positive, default=12, help='faces (default: 12)')
    add('--data-root', default='', metavar='DIR',
        help='folder that relative image paths start from')
    return parser


def worst(errors, count):
    """Indices of the largest errors, the largest first; NaN is none."""
    order = np.argsort(-errors, kind='stable')  # NaN comes last
    return order[np.isfinite(errors[order])][:count]


def image_path(scored, face, data_root):
    """The first of the face's image paths that is a file or a synthetic face.

    Annotations and results may name one image from different folders."""
    names = [faces.names[face] for faces in
             (scored.annotations, *scored.predictions.values())]
    names = [name for name in names if isinstance(name, str) and name]
    if not names:
        raise loading.BadSampleError(
            f'face {face} of {scored.annotations.path} has no image path')
    paths = [
        name if name.startswith(DRAWN_FACE) else osp.join(data_root, name)
        for name in names
    ]
    for path in paths:
        if path.startswith(DRAWN_FACE) or osp.isfile(path):
            return path
    # URLs end here, too: a stranger's file must not open a connection.
    raise loading.BadSampleError(
        f'no image file {paths[0]}; --data-root names the folder that '
        'relative paths start from')


def frame_of(truth, predictions):
    """Points that the images of a face shall show.

    A prediction that has gone far astray must not shrink the face to a dot:
    the frame ends half a face beside the true one.
    """
    low, high = np.nanmin(truth, 0), np.nanmax(truth, 0)
    reach = (high - low).max() / 2
    return np.concatenate(
        [truth, *(np.clip(p, low - reach, high + reach) for p in predictions)])


def draw_face(panel, truth, predicted, landmark_set):
    """Draw both sets of landmarks (L, 2), panel px, into a panel."""
    for start, end in zip(truth, predicted):
        drawing.draw_line(panel, start, end, drawing.WHITE, 1)
    count = len(truth)
    _, links = drawing.landmark_style(landmark_set)
    for points, color, joined in ((truth, TRUE_COLOR, links),
                                  (predicted, PREDICTED_COLOR, links[:0])):
        drawing.draw_landmarks(panel, points, np.tile(color, (count, 1)),
                               joined)


def captioned(panel, lines):
    """A panel below its lines of text, cut at the left to fit."""
    room = int(PANEL / (drawing.text_extent(['m' * 50], LETTERS)[0] / 50)) - 1
    lines = [
        line if len(line) <= room else '\N{HORIZONTAL ELLIPSIS}' +
        line[1 - room:] for line in lines
    ]
    # The last line is next to the image, and all images level.
    lines = [''] * (CAPTION_LINES - len(lines)) + lines
    return np.concatenate([drawing.text_band(lines, PANEL, LETTERS), panel])


def face_panels(scored, face, rank, image):
    """The image of a face, and one panel for each method."""
    truth = np.where(scored.annotations.labelled[face][:, None],
                     scored.annotations.landmarks[face], np.nan)
    found = {name: faces.landmarks[face]
             for name, faces in scored.predictions.items()}
    frame = frame_of(truth, found.values())
    plain, matrix = grids.crop_panel(image, frame, PANEL)
    true_places = grids.to_panel(truth, matrix)
    first = scored.annotations.names[face] or f'face {face}'
    subsets = [name for name, members in scored.subsets.items()
               if face in members]
    panels = [captioned(plain, [f'#{rank}', first,
                                *filter(None, [', '.join(subsets)])])]
    for name, points in found.items():
        panel = plain.copy()
        draw_face(panel, true_places, grids.to_panel(points, matrix),
                  scored.landmark_set)
        panels.append(
            captioned(panel, [f'{name}: {scored.errors[name][face]:.2f} %']))
    return panels


def with_gap(image, gap):
    """Half a gap on each side of an image."""
    return cv2.copyMakeBorder(image, *[gap // 2] * 4, cv2.BORDER_CONSTANT,
                              value=(drawing.PAPER, ) * 3)


def make_grid(groups):
    """All panels, as many faces in a row as there is place for."""
    faces = [
        with_gap(np.concatenate([with_gap(p, PANEL_GAP) for p in panels], 1),
                 FACE_GAP) for panels in groups
    ]
    in_a_row = min(max(1, COLUMNS // len(groups[0])), len(faces))
    faces += [np.full_like(faces[0], drawing.PAPER)] * (-len(faces) % in_a_row)
    return np.concatenate([
        np.concatenate(faces[i:i + in_a_row], 1)
        for i in range(0, len(faces), in_a_row)
    ])


def add_legend(grid, title):
    """The grid with lines on top that tell what is to be seen."""
    lines = [title, 'truth: points joined by edges',
             'prediction: points tied to where they belong by white lines']
    height = LETTERS + 2
    band = np.zeros((drawing.text_extent(lines, height)[1], grid.shape[1], 3),
                    np.uint8)
    drawing.draw_text(band, lines, (0, 0), height,
                      [drawing.WHITE, TRUE_COLOR, PREDICTED_COLOR])
    return np.concatenate([band, grid])


def read_faces(scored, faces, data_root):
    """Panels of the faces whose images can be read, and what is missing."""
    load = loading.LoadFaceImage()
    groups, missing = [], []
    bar = tqdm(faces, unit='face', disable=None, leave=False)
    for rank, face in enumerate(bar, 1):
        try:
            path = image_path(scored, face, data_root)
            image = load(dict(img_path=path))['img'][..., ::-1]
        except loading.BadSampleError as error:
            missing.append(f'#{rank}: {error}')
            continue
        groups.append(
            face_panels(scored, face, rank, np.ascontiguousarray(image)))
    return groups, missing


def draw(args):
    """Score, draw and write; returns the exit code."""
    scored = score_arguments(args)
    method, errors = next(iter(scored.errors.items()))
    faces = worst(errors, args.count)
    groups, missing = read_faces(scored, faces, args.data_root)
    if not groups:
        raise ValueError(f'none of the {len(faces)} images can be read; '
                         f'{missing[0]}')
    title = (f'The {len(faces)} worst of {np.isfinite(errors).sum()} faces by '
             f'{method}; NME in {per_cent_of(scored.norm)}')
    grid = add_legend(make_grid(groups), title)
    write_image(args.out, grid)
    for line in missing:
        print(f'not drawn: {line}', file=sys.stderr)
    print(f'{args.out}: {len(groups)} of the {len(faces)} worst faces; '
          f'{len(missing)} images could not be read')
    return 1 if missing else 0


def main(argv=None):
    parser = make_parser()
    args = parser.parse_args(argv)
    try:
        return draw(args)
    except (ValueError, OSError) as error:
        parser.error(error)


if __name__ == '__main__':
    sys.exit(main())
