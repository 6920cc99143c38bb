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
                          add_subset_argument, run_or_error, score_arguments)

from spiga_mmpose.evaluation import figures


def draw_landmarks(scored, path):
    truth = scored.annotations
    face = figures.frontal_face(scored.landmark_set, truth.landmarks,
                                truth.labelled)
    errors = {name: np.array(result['landmark_NME'])
              for name, result in scored.results.items()}
    figures.draw_landmark_errors(errors, face, scored.landmark_set,
                                 scored.norm, path)


FIGURES = dict(
    ced=lambda scored, path: figures.draw_ced(
        scored.finite_errors, scored.threshold, scored.norm, path),
    landmarks=draw_landmarks,
    yaw=lambda scored, path: figures.draw_errors_by_yaw(
        scored.errors, scored.annotations.angles[:, 0], scored.norm, path),
    pose=lambda scored, path: figures.draw_pose_errors(
        {name: faces.angles for name, faces in scored.predictions.items()},
        scored.annotations.angles, path))


def describe(scored):
    def missing(faces):
        return int((~np.isfinite(faces.angles).all(1)).sum())

    skipped = next(iter(scored.results.values()))['skipped']
    lines = [f'{len(scored)} faces, {skipped} not scored; '
             f'{missing(scored.annotations)} without a true pose']
    lines += [f'{name}: {missing(faces)} faces without a predicted pose'
              for name, faces in scored.predictions.items() if missing(faces)]
    return '\n'.join(lines)


def plot(args):
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
    parser = OneLineParser('plot_errors.py', __doc__)
    add_scoring_arguments(parser)
    add_subset_argument(parser)
    add = parser.add_argument
    add('--out', required=True, metavar='DIR', help='folder for the figures')
    add('--figures', nargs='+', choices=list(FIGURES),
        help='only these (default: all that the files have the data for)')
    add('--format', choices=('png', 'pdf', 'svg'), default='png',
        help='of the files (default: png)')
    return run_or_error(parser, plot, argv)


if __name__ == '__main__':
    main()
