"""MERL-RAV into the annotation JSON of SPIGA's authors.

Reads ``merl_rav_organized/`` under the root, as the script of the official
download makes it from AFLW: folders ``frontal``, ``left``, ``lefthalf``,
``right`` and ``righthalf``, in each ``trainset`` and ``testset``, in which
every ``.pts`` file has its picture beside it. A point (-1, -1) is hidden by
the face itself and not labelled; other negative points are occluded, at their
absolute values (README of github.com/abhi1kumar/MERL-RAV_dataset). Writes
``annotations/train.json``, ``test.json`` and ``test_subsets.json``, in the
order and with the names of the authors' files.

Example:
    python tools/dataset_converters/merlrav_to_spiga.py data/merlrav
"""
import argparse
import os.path as osp
from glob import glob

from spiga_json import (face_row, image_beside, need_folder, read_pts,
                        subsets_of, write_json)

from spiga_mmpose.landmark_sets import load_landmark_set

SUBSETS = {
    'frontal': ['frontal'],
    'left': ['profile', 'profile_left'],
    'lefthalf': ['half_profile', 'half_profile_left'],
    'right': ['profile', 'profile_right'],
    'righthalf': ['half_profile', 'half_profile_right'],
}


def read_face(path: str, root: str) -> dict:
    """The face of one ``.pts`` file.

    Raises:
        ValueError: If it is bad or its picture is missing. It names the file.
    """
    points = read_pts(path, 68)
    labelled = (points != -1).any(1)
    image = image_beside(path)
    if image is None:
        raise ValueError(f'no image beside {path}')
    if not labelled.any():
        raise ValueError(f'{path}: no landmark is labelled')
    return face_row(
        load_landmark_set('300w_68'),
        osp.relpath(image, root),
        abs(points),
        visible=(points > 0).all(1),
        labelled=labelled)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='folder that holds merl_rav_organized/')
    root = parser.parse_args().root
    for split in ('train', 'test'):
        faces, members = [], []
        for folder, names in SUBSETS.items():
            paths = sorted(
                glob(
                    osp.join(
                        need_folder(root, 'merl_rav_organized', folder,
                                    f'{split}set'), '*.pts')))
            faces += [read_face(path, root) for path in paths]
            members += [names] * len(paths)
        write_json(faces, osp.join(root, f'annotations/{split}.json'))
    write_json(subsets_of(members),
               osp.join(root, 'annotations/test_subsets.json'))


if __name__ == '__main__':
    main()
