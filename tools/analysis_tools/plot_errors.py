"""Figures of the errors of one or more methods on the same faces.

    python tools/analysis_tools/plot_errors.py results.pkl results.pkl \
        --out figures
    python tools/analysis_tools/plot_errors.py ours.pkl theirs.json \
        annotations.json --out figures --figures ced yaw --subset occlusion

Writes ced.png (cumulative errors), landmarks.png (error of each landmark on a
face), yaw.png (error against yaw) and pose.png (predicted against true pose,
bins of yaw) into --out. Files and options are those of tools/evaluate.py.
"""
import os
import os.path as osp

import numpy as np
import tools_path  # noqa: F401
from command_line import (OneLineParser, add_scoring_arguments,
                          add_subset_argument, score_arguments)

from spiga_mmpose.evaluation import figures


def draw_ced(scored, path):
    figures.draw_ced(scored.finite_errors, scored.threshold, scored.norm, path)


def draw_landmarks(scored, path):
    truth = scored.annotations
    face = figures.frontal_face(scored.landmark_set, truth.landmarks,
                                truth.labelled)
    errors = {name: np.array(result['landmark_NME'])
              for name, result in scored.results.items()}
    figures.draw_landmark_errors(errors, face, scored.landmark_set,
                                 scored.norm, path)


def draw_yaw(scored, path):
    figures.draw_errors_by_yaw(scored.errors, scored.annotations.angles[:, 0],
                               scored.norm, path)


def draw_pose(scored, path):
    predicted = {name: faces.angles
                 for name, faces in scored.predictions.items()}
    figures.draw_pose_errors(predicted, scored.annotations.angles, path)


FIGURES = dict(
    ced=draw_ced, landmarks=draw_landmarks, yaw=draw_yaw, pose=draw_pose)


def make_parser():
    parser = OneLineParser('plot_errors.py', __doc__)
    add_scoring_arguments(parser)
    add_subset_argument(parser)
    add = parser.add_argument
    add('--out', required=True, metavar='DIR', help='folder for the figures')
    add('--figures', nargs='+', choices=list(FIGURES),
        help='only these (default: all that the files have the data for)')
    add('--format', choices=('png', 'pdf', 'svg'), default='png',
        help='of the files (default: png)')
    return parser


def describe(scored):
    missing = {
        name: int((~np.isfinite(faces.angles).all(1)).sum())
        for name, faces in scored.predictions.items()
    }
    truth = int((~np.isfinite(scored.annotations.angles).all(1)).sum())
    skipped = next(iter(scored.results.values()))['skipped']
    lines = [f'{len(scored)} faces, {skipped} not scored; {truth} without a '
             'true pose']
    lines += [f'{name}: {count} faces without a predicted pose'
              for name, count in missing.items() if count]
    return '\n'.join(lines)


def plot(args):
    """Score and draw; figures without data are told unless asked for."""
    scored = score_arguments(args)
    os.makedirs(args.out, exist_ok=True)
    print(describe(scored))
    for name in args.figures or FIGURES:
        path = osp.join(args.out, f'{name}.{args.format}')
        try:
            FIGURES[name](scored, path)
            print(path)
        except ValueError as error:
            if args.figures:
                raise
            print(f'not drawn: {path}: {error}')


def main(argv=None):
    parser = make_parser()
    args = parser.parse_args(argv)
    try:
        plot(args)
    except (ValueError, OSError) as error:
        parser.error(error)


if __name__ == '__main__':
    main()
