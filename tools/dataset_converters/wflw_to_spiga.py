"""WFLW's official text lists into the annotation JSON of SPIGA's authors.

Reads ``WFLW_annotations/list_98pt_rect_attr_train_test/`` under the root:
each line holds 98 x, y pairs, the face rectangle, six attributes and the
image's path under ``WFLW_images/`` (README of the official download). Writes
``annotations/train.json``, ``test.json`` and ``test_subsets.json``.

Example:
    python tools/dataset_converters/wflw_to_spiga.py data/wflw
"""
import os.path as osp

import numpy as np
from converter import (annotate, make_parser, need_folder, progress,
                       run_converter, subsets_of)

from spiga_mmpose.io import image_path, read_text
from spiga_mmpose.landmark_sets import load_landmark_set

# Order of the official list; names of the authors' db_info.json.
ATTRIBUTES = ('pose', 'expression', 'illumination', 'makeup', 'occlusion',
              'blur')
_FIELDS = 196 + 4 + 6 + 1


def read_list(path):
    faces, members = [], []
    lines = read_text(path).splitlines()
    for number, line in enumerate(progress(lines, osp.basename(path)), 1):
        if line.strip():
            face, names = _read_line(f'{path}, line {number}', line)
            faces.append(face)
            members.append(names)
    if not faces:
        raise ValueError(f'{path} holds no face')
    return faces, members


def _read_line(where, line):
    fields = line.split(maxsplit=_FIELDS - 1)
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
    flags = dict(zip(ATTRIBUTES, numbers[200:]))
    for name, flag in flags.items():
        if flag not in (0, 1):
            raise ValueError(f'{where}: expected 0 or 1 for the attribute '
                             f'{name}, found {flag:g}')
    face = annotate(load_landmark_set('wflw_98'),
                    f'WFLW_images/{image_path(fields[-1].strip())}',
                    numbers[:196].reshape(98, 2), where=where)
    return face, [name for name, flag in flags.items() if flag]


def convert(args):
    folder = need_folder(args.root, 'WFLW_annotations',
                         'list_98pt_rect_attr_train_test')
    files = {}
    for split in ('train', 'test'):
        files[f'{split}.json'], members = read_list(
            need_folder(folder, f'list_98pt_rect_attr_{split}.txt'))
    files['test_subsets.json'] = subsets_of(members)
    return files


if __name__ == '__main__':
    run_converter(
        make_parser(__file__, __doc__, 'folder of the unpacked download'),
        convert)
