"""300W's ``.pts`` files into the annotation JSON of SPIGA's authors.

Reads ``afw/``, ``helen/trainset/``, ``helen/testset/``, ``lfpw/trainset/``,
``lfpw/testset/`` and ``ibug/`` (300W public) and, where it is there,
``300W/01_Indoor/`` and ``300W/02_Outdoor/`` (300W private) under the root,
each image beside its ``.pts`` file. Mirrored copies (``*_mirror``) are left
out. Writes ``annotations/300wpublic_train.json``, ``300wpublic_test.json``,
``300wprivate_train.json`` (all of 300W public), ``300wprivate_test.json`` and
the ``..._test_subsets.json`` of both, in the order and with the names of the
authors' files.

Example:
    python tools/dataset_converters/300w_to_spiga.py data/300w
"""
import argparse
import os.path as osp
from glob import glob
from typing import Dict, List

from spiga_json import (face_row, image_beside, need_folder, read_pts,
                        subsets_of, write_json)

from spiga_mmpose.landmark_sets import load_landmark_set

TRAIN = ('afw', 'helen/trainset', 'lfpw/trainset')
# Folder -> subsets. The challenging subset of 300W public is ibug.
PUBLIC_TEST = {
    'helen/testset': ['helen', 'common'],
    'lfpw/testset': ['lfpw', 'common'],
    'ibug': ['ibug'],
}
PRIVATE_TEST = {
    '300W/01_Indoor': ['indoor'],
    '300W/02_Outdoor': ['outdoor'],
}


def read_folder(root: str, folder: str, first_pixel: int) -> List[dict]:
    """Faces of one folder, in the order of their names.

    Raises:
        ValueError: If the folder is missing or empty, an image is missing or
            a file is bad. It names what.
    """
    landmark_set = load_landmark_set('300w_68')
    paths = sorted(glob(osp.join(need_folder(root, folder), '*.pts')))
    paths = [path for path in paths if not path.endswith('_mirror.pts')]
    if not paths:
        raise ValueError(f'no .pts file in {osp.join(root, folder)}')
    faces = []
    for path in paths:
        image = image_beside(path)
        if image is None:
            raise ValueError(f'no image beside {path}')
        faces.append(
            face_row(landmark_set, osp.relpath(image, root),
                     read_pts(path, 68) - first_pixel))
    return faces


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='folder of the unpacked downloads')
    parser.add_argument(
        '--first-pixel',
        type=int,
        choices=(0, 1),
        default=1,
        help='what the .pts files call the first pixel; it becomes 0. '
        'Defaults to 1, as menpo, the library of the makers of 300W, reads '
        'them; 0 leaves the numbers as they are')
    args = parser.parse_args()

    def read(folder: str) -> List[dict]:
        return read_folder(args.root, folder, args.first_pixel)

    def write_test(name: str, folders: Dict[str, List[str]]) -> List[dict]:
        faces, members = [], []
        for folder, names in folders.items():
            found = read(folder)
            faces += found
            members += [names] * len(found)
        stem = osp.join(args.root, f'annotations/{name}_test')
        write_json(faces, f'{stem}.json')
        write_json(subsets_of(members), f'{stem}_subsets.json')
        return faces

    train = [face for folder in TRAIN for face in read(folder)]
    write_json(train, osp.join(args.root, 'annotations/300wpublic_train.json'))
    test = write_test('300wpublic', PUBLIC_TEST)
    if osp.isdir(osp.join(args.root, '300W')):
        write_json(train + test,
                   osp.join(args.root, 'annotations/300wprivate_train.json'))
        write_test('300wprivate', PRIVATE_TEST)
    else:
        print(f"no {osp.join(args.root, '300W')}: 300W private is left out")


if __name__ == '__main__':
    main()
