"""WFLW's official text lists into the annotation JSON of SPIGA's authors.

Reads ``WFLW_annotations/list_98pt_rect_attr_train_test/`` under the root:
each line holds 98 x, y pairs, the face rectangle, six attributes and the
image's path under ``WFLW_images/`` (README of the official download). Writes
``annotations/train.json``, ``test.json`` and ``test_subsets.json``.

Example:
    python tools/dataset_converters/wflw_to_spiga.py data/wflw
"""
import argparse
import os.path as osp
from typing import List, Tuple

import numpy as np
from spiga_json import face_row, need_folder, subsets_of, write_json

from spiga_mmpose.landmark_sets import load_landmark_set

# Order of the official list; names of the authors' db_info.json.
ATTRIBUTES = ('pose', 'expression', 'illumination', 'makeup', 'occlusion',
              'blur')
_FIELDS = 196 + 4 + 6 + 1


def read_list(path: str) -> Tuple[List[dict], List[List[str]]]:
    """Read one official list.

    Args:
        path (str): ``list_98pt_rect_attr_train.txt`` or ``_test.txt``.

    Returns:
        tuple: faces, and the names of each face's subsets.

    Raises:
        ValueError: If a line has other than 207 fields or holds what is no
            number. It names the file and the line.
    """
    landmark_set = load_landmark_set('wflw_98')
    faces, members = [], []
    with open(path) as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines, 1):
        fields = line.split(maxsplit=_FIELDS - 1)
        where = f'{path}, line {number}'
        if len(fields) != _FIELDS:
            raise ValueError(f'{where}: expected {_FIELDS} fields, found '
                             f'{len(fields)}')
        try:
            numbers = np.array(fields[:-1], np.float64)
        except ValueError:
            raise ValueError(f'{where}: expected numbers before the image '
                             'name') from None
        if not np.isfinite(numbers).all():
            raise ValueError(f'{where} holds NaN or infinity')
        faces.append(
            face_row(landmark_set, f'WFLW_images/{fields[-1].strip()}',
                     numbers[:196].reshape(98, 2)))
        members.append(
            [name for name, flag in zip(ATTRIBUTES, numbers[200:]) if flag])
    return faces, members


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='folder of the unpacked download')
    root = parser.parse_args().root
    folder = need_folder(root, 'WFLW_annotations',
                         'list_98pt_rect_attr_train_test')
    for split in ('train', 'test'):
        faces, members = read_list(
            need_folder(folder, f'list_98pt_rect_attr_{split}.txt'))
        write_json(faces, osp.join(root, f'annotations/{split}.json'))
    write_json(subsets_of(members),
               osp.join(root, 'annotations/test_subsets.json'))


if __name__ == '__main__':
    main()
