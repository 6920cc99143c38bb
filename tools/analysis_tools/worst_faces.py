"""Draw a grid of the faces with the largest errors.

    python tools/analysis_tools/worst_faces.py results.pkl results.pkl \
        --out worst.jpg
    python tools/analysis_tools/worst_faces.py ours.pkl theirs.json \
        annotations.json --data-root data/wflw/WFLW_images --out worst.png

A row a face: its image and an image for each method, with the true landmarks
(joined by edges) and the predicted ones (tied to where they belong). The
first method says which faces are the worst. Files and options are those of
tools/evaluate.py; synthetic faces are drawn again. Exit code: 0 all done, 1
some images could not be read (the rest is drawn), 2 nothing drawn.
"""
import os.path as osp
import sys

import numpy as np
import tools_path  # noqa: F401
from command_line import (OneLineParser, add_scoring_arguments,
                          add_subset_argument, image_file, positive,
                          run_or_error, score_arguments)
from tqdm import tqdm

from spiga_mmpose.datasets.transforms import loading
from spiga_mmpose.evaluation.figures import per_cent_of
from spiga_mmpose.io import write_image
from spiga_mmpose.visualization import drawing, grids, make_grid

PANEL = 320  # px
LEGEND = ('Blue: truth, points joined by edges. Orange: prediction, points '
          'tied to where they belong by white lines.')
TRUE_COLOR, PREDICTED_COLOR = (90, 200, 250), (255, 150, 30)
DRAWN_FACE = 'synthetic://'  # see datasets/synthetic_face_dataset.py


def worst(errors, count):
    """Indices of the largest errors, the largest first; NaN is none."""
    order = np.argsort(-errors, kind='stable')  # NaN comes last
    return order[np.isfinite(errors[order])][:count]


def image_path(scored, face, data_root):
    """The first of the face's image paths that is a file or a synthetic face:
    annotations and results may name one image from different folders."""
    names = [name for faces in
             (scored.annotations, *scored.predictions.values())
             if isinstance(name := faces.names[face], str) and name]
    if not names:
        raise loading.BadSampleError(
            f'face {face} of {scored.annotations.path} has no image path')
    paths = [name if name.startswith(DRAWN_FACE) else osp.join(data_root, name)
             for name in names]
    for path in paths:
        if path.startswith(DRAWN_FACE) or osp.isfile(path):
            return path
    # URLs end here, too: a stranger's file must not open a connection.
    raise loading.BadSampleError(
        f'no image file {paths[0]}; --data-root names the folder that '
        'relative paths start from')


def frame_of(truth, predictions):
    """Points that the images of a face shall show. The frame ends half a face
    beside the true one: a prediction far astray must not shrink it to a dot.
    """
    low, high = np.nanmin(truth, 0), np.nanmax(truth, 0)
    reach = (high - low).max() / 2
    return np.concatenate(
        [truth, *(np.clip(p, low - reach, high + reach) for p in predictions)])


def draw_face(panel, truth, predicted, landmark_set):
    for start, end in zip(truth, predicted):
        drawing.draw_line(panel, start, end, drawing.WHITE, 1)
    count = len(truth)
    _, links = drawing.landmark_style(landmark_set)
    for points, color, joined in ((truth, TRUE_COLOR, links),
                                  (predicted, PREDICTED_COLOR, links[:0])):
        drawing.draw_landmarks(panel, points, np.tile(color, (count, 1)),
                               joined)


def face_row(scored, face, rank, image):
    truth = np.where(scored.annotations.labelled[face][:, None],
                     scored.annotations.landmarks[face], np.nan)
    found = {name: faces.landmarks[face]
             for name, faces in scored.predictions.items()}
    frame = frame_of(truth, found.values())
    plain, matrix = grids.crop_panel(image, frame, PANEL)
    true_places = grids.to_panel(truth, matrix)
    panels = [plain]
    for points in found.values():
        panel = plain.copy()
        draw_face(panel, true_places, grids.to_panel(points, matrix),
                  scored.landmark_set)
        panels.append(panel)
    errors = ', '.join(f'{scored.errors[name][face]:.2f} %' for name in found)
    name = osp.basename(scored.annotations.names[face] or f'face {face}')
    subsets = [name for name, members in scored.subsets.items()
               if face in members]
    return panels, f'#{rank} {errors}: {name} {", ".join(subsets)}'


def draw(args):
    scored = score_arguments(args)
    method, errors = next(iter(scored.errors.items()))
    faces = worst(errors, args.count)
    load = loading.LoadFaceImage()
    rows, missing = [], []
    bar = tqdm(faces, unit='face', disable=None, leave=False)
    for rank, face in enumerate(bar, 1):
        try:
            path = image_path(scored, face, args.data_root)
            image = load(dict(img_path=path))['img'][..., ::-1]
        except loading.BadSampleError as error:
            missing.append(f'#{rank}: {error}')
            continue
        rows.append(face_row(scored, face, rank, np.ascontiguousarray(image)))
    if not rows:
        raise ValueError(f'none of the {len(faces)} images can be read; '
                         f'{missing[0]}')
    title = (f'The {len(faces)} worst of {np.isfinite(errors).sum()} faces by '
             f'{method}; NME in {per_cent_of(scored.norm)}. ')
    panels, captions = zip(*rows)
    write_image(args.out, make_grid(panels, ['image', *scored.predictions],
                                    captions, PANEL, title + LEGEND))
    for line in missing:
        print(f'not drawn: {line}', file=sys.stderr)
    print(f'{args.out}: {len(rows)} of the {len(faces)} worst faces; '
          f'{len(missing)} images could not be read')
    return 1 if missing else 0


def main(argv=None):
    parser = OneLineParser('worst_faces.py', __doc__)
    add_scoring_arguments(parser)
    add_subset_argument(parser)
    add = parser.add_argument
    add('--out', required=True, type=image_file, metavar='FILE',
        help='image to write (.jpg or .png)')
    add('--count', type=positive, default=12, help='faces (default: 12)')
    add('--data-root', default='', metavar='DIR',
        help='folder that relative image paths start from')
    return run_or_error(parser, draw, argv)


if __name__ == '__main__':
    sys.exit(main())
