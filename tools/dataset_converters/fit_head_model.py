"""Fit the rigid head of a landmark set to the set's own 2D annotations.

Reads the annotations (the JSON of SPIGA's authors or of MMPose; no images
are needed) and the set, and writes the set again with a ``head_model`` and, if
it names no robust landmarks, with those that fit the rigid head best. With
``--mean-shape`` it writes the 2D mean shape instead, for a cascade that starts
without a pose. Some hundred faces of all poses make a good head; of more than
1,000 it takes 1,000, evenly from the file.

Example:
    python tools/dataset_converters/fit_head_model.py faces.json \\
        --landmark-set my_set.json --out my_set_3d.json
"""
import re
import sys
from dataclasses import asdict, replace

import numpy as np
import tools_path  # noqa: F401
from command_line import OneLineParser, run_tool
from factorization import EYE_DISTANCE, MIN_LANDMARKS, fit_head, mean_shape
from mmengine.registry import init_default_scope
from scipy.spatial import procrustes

from spiga_mmpose.datasets.coco_face_dataset import CocoFaceDataset
from spiga_mmpose.datasets.spiga_json_dataset import SPIGAJsonDataset
from spiga_mmpose.geometry import boxes_to_center_scale, image_to_crop
from spiga_mmpose.io import read_json, to_json, write_whole
from spiga_mmpose.landmark_sets import load_landmark_set

MAX_FACES = 1000
# Heads of two halves of the faces that are further apart, in % of the distance
# of the eye corners, are no heads to build on; nor are those of faces that
# hardly turn, which come out flat: docs/landmark_sets.md has the figures.
MOST_SPREAD = 6
LEAST_YAW = 15  # standard deviation, degrees, as the fit finds it


def read_annotations(path, landmark_set):
    """Landmarks (N, L, 2) of a file, px, and which are labelled (N, L)."""
    kind = (SPIGAJsonDataset if isinstance(read_json(path), list) else
            CocoFaceDataset)
    faces = kind(path, landmark_set=landmark_set, lazy_init=True).read_faces()
    if not faces:
        raise ValueError(f'{path} holds no face')
    return (np.concatenate([face['keypoints'] for face in faces]),
            np.concatenate([face['keypoints_visible'] for face in faces]) > 0)


def crop_faces(points, labelled):
    """The faces that have ``MIN_LANDMARKS``, not all on one spot, in the crops
    of their landmark boxes: (M, L, 2) in [0, 1], and (M, L)."""
    crops = []
    for face, known in zip(points, labelled):
        low, high = face[known].min(0), face[known].max(0)
        if known.sum() < MIN_LANDMARKS or (high == low).all():
            continue
        center, scale = boxes_to_center_scale([[*low, *high]])
        crops.append((image_to_crop(face, center[0], scale[0], 1.), known))
    if not crops:
        raise ValueError(f'no face has {MIN_LANDMARKS} labelled landmarks')
    return tuple(np.stack(part) for part in zip(*crops))


def with_head(landmark_set, points, labelled):
    """The set with the fitted head, and what is to be said about it."""
    fit = fit_head(points, labelled, landmark_set)
    spread = spread_of_halves(points, labelled, landmark_set)
    yaw, pitch = fit.poses[:, :2].std(0)
    said = [
        f'mean error {100 * np.nanmean(fit.errors):.1f} % of the crop',
        f'the faces turn by {yaw:.0f} degrees of yaw and {pitch:.0f} of '
        'pitch (standard deviation)',
        f'heads of two halves of them are {spread:.1f} % of the distance of '
        'the eye corners apart'
    ]
    if not (spread < MOST_SPREAD and yaw >= LEAST_YAW):
        said.append('WARNING: these faces do not tell the head; add some, of '
                    'other yaw and pitch, or take --mean-shape')
    robust = landmark_set.robust_ids
    if not robust:
        errors = np.nanmean(fit.errors, 0)
        # Mirror partners are robust together.
        errors = errors + errors[landmark_set.flip_indices]
        robust = np.flatnonzero(errors <= np.median(errors)).tolist()
        said.append(f'robust landmarks chosen: {robust}')
    return replace(
        landmark_set,
        head_model=fit.head_model.round(9),
        mean_shape=None,  # the head from the front
        robust_ids=robust), said


def spread_of_halves(points, labelled, landmark_set):
    """Quality of the fit: how well the faces determine the head."""
    try:
        one, other = (fit_head(points[half::2], labelled[half::2],
                               landmark_set).head_model for half in (0, 1))
    except ValueError:
        return float('nan')
    size = np.linalg.norm(one - one.mean(0))
    one, other, _ = procrustes(one, other)  # both of size 1
    distances = np.linalg.norm(one - other, axis=1)
    return 100 * size * distances.mean() / EYE_DISTANCE


def write(landmark_set, source, path):
    fields = asdict(landmark_set)
    fields['source'] = '; '.join(filter(None, [landmark_set.source, source]))
    for key in ('mean_shape', 'head_model'):  # the long ones last
        value = fields.pop(key)
        fields[key] = None if value is None else value.tolist()
    # What the set does not have is not written; a point a line.
    text = to_json({key: value for key, value in fields.items() if value})
    write_whole(path, re.sub(r'\[[^][{}]*\]',
                             lambda points: ' '.join(points[0].split()), text))


def run(args):
    landmark_set = load_landmark_set(args.landmark_set)
    points, labelled = read_annotations(args.annotations, args.landmark_set)
    total = len(points)
    points, labelled = crop_faces(points, labelled)
    said = [f'{total - len(points)} left out, with fewer than '
            f'{MIN_LANDMARKS} landmarks or all on one spot']
    take = np.linspace(0, len(points) - 1, min(len(points), MAX_FACES),
                       dtype=int)
    points, labelled = points[take], labelled[take]
    what = 'mean shape' if args.mean_shape else 'rigid head'
    if args.mean_shape:
        landmark_set = replace(
            landmark_set, mean_shape=mean_shape(points, labelled).round(6))
    else:
        landmark_set, more = with_head(landmark_set, points, labelled)
        said += more
    write(landmark_set, f'{what}: fit_head_model.py, {len(points)} faces',
          args.out)
    return (f'wrote {args.out}: {what} of {landmark_set.num_landmarks} '
            f'landmarks from {len(points)} of {total} faces; '
            f'{"; ".join(said)}')


def main():
    parser = OneLineParser('fit_head_model.py', __doc__)
    add = parser.add_argument
    add('annotations', help='JSON file of annotated faces')
    add('--landmark-set', required=True,
        help='name or JSON file of the set; it needs a part "nose"')
    add('--out', required=True, help='JSON file of the new set')
    add('--mean-shape', action='store_true',
        help='write the 2D mean shape and no head')
    init_default_scope('mmpose')
    return run_tool('fit_head_model.py', run, parser.parse_args())


if __name__ == '__main__':
    sys.exit(main())
