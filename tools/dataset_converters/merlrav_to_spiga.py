"""MERL-RAV into the annotation JSON of SPIGA's authors.

Reads ``merl_rav_organized/`` under the root, as the script of the official
download makes it from AFLW: folders ``frontal``, ``left``, ``lefthalf``,
``right`` and ``righthalf``, in each ``trainset`` and ``testset``, in which
every ``.pts`` file has its image beside it. A point (-1, -1) is hidden by
the face itself and not labelled; other negative points are occluded, at their
absolute values (README of github.com/abhi1kumar/MERL-RAV_dataset). Writes
``annotations/train.json``, ``test.json`` and ``test_subsets.json``, in the
order and with the names of the authors' files.

Example:
    python tools/dataset_converters/merlrav_to_spiga.py data/merlrav
"""
from converter import (annotate, make_parser, read_pts, read_pts_folders,
                       run_converter)

from spiga_mmpose.landmark_sets import load_landmark_set

SUBSETS = {
    'frontal': ['frontal'],
    'left': ['profile', 'profile_left'],
    'lefthalf': ['half_profile', 'half_profile_left'],
    'right': ['profile', 'profile_right'],
    'righthalf': ['half_profile', 'half_profile_right'],
}


def read_face(path, image):
    points = read_pts(path, 68)
    return annotate(load_landmark_set('300w_68'), image, abs(points),
                    visible=(points > 0).all(1),
                    labelled=(points != -1).any(1), where=path)


def convert(args):
    files = {}
    for split in ('train', 'test'):
        folders = {f'merl_rav_organized/{folder}/{split}set': names
                   for folder, names in SUBSETS.items()}
        files[f'{split}.json'], subsets = read_pts_folders(
            args.root, folders, read_face)
    files['test_subsets.json'] = subsets
    return files


if __name__ == '__main__':
    run_converter(
        make_parser(__file__, __doc__,
                    'folder that holds merl_rav_organized/'), convert)
