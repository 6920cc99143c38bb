"""COFW-68 into the annotation JSON of SPIGA's authors.

Reads ``COFW_test_color.mat`` (the pictures) of the COFW download and
``COFW68_Data/test_annotations/*_points.mat`` of the COFW-68 benchmark
(github.com/golnazghiasi/cofw68-benchmark) under the root: ``Points`` (68, 2),
first pixel 1 (they are plotted in MATLAB as they are), and ``Occ`` (68), 1
where occluded. Writes the pictures as ``images/01345.jpg`` ..., named as in
the authors' file (the 507 test pictures follow 1345 training pictures), and
``annotations/test.json``.

Example:
    python tools/dataset_converters/cofw68_to_spiga.py data/cofw68
"""
import argparse
import os
import os.path as osp
from typing import Iterator

import cv2
import numpy as np
from scipy.io import loadmat
from spiga_json import face_row, need_folder, write_json

from spiga_mmpose.landmark_sets import load_landmark_set

_FIRST_NAME = 1345


def read_pictures(path: str) -> Iterator[np.ndarray]:
    """Pictures of ``COFW_test_color.mat``, (H, W) or (H, W, 3) RGB, uint8.

    Raises:
        ValueError: If the file has no ``IsT``, or is of MATLAB 7.3 (as the
            official one is) and h5py is not installed.
    """
    try:
        content = loadmat(path)
    except NotImplementedError:  # MATLAB 7.3, which is HDF5
        try:
            import h5py
        except ImportError:
            raise ValueError(f'{path} is a MATLAB 7.3 file; type '
                             '`pip install h5py` to read it') from None
        with h5py.File(path, 'r') as file:
            if 'IsT' not in file:
                raise ValueError(f'{path}: the variable IsT is missing')
            for reference in np.ravel(file['IsT'][()]):
                yield file[reference][()].T  # HDF5 turns the axes round
        return
    if 'IsT' not in content:
        raise ValueError(f'{path}: the variable IsT is missing')
    yield from np.ravel(content['IsT'])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='folder with both downloads')
    root = parser.parse_args().root
    landmark_set = load_landmark_set('300w_68')
    folder = need_folder(root, 'COFW68_Data', 'test_annotations')
    pictures = read_pictures(need_folder(root, 'COFW_test_color.mat'))
    os.makedirs(osp.join(root, 'images'), exist_ok=True)
    faces = []
    for index, picture in enumerate(pictures):
        path = need_folder(folder, f'{index + 1}_points.mat')
        content = loadmat(path)
        for key, size in (('Points', 136), ('Occ', 68)):
            if np.size(content.get(key)) != size:
                raise ValueError(f'{path}: expected {size} numbers in {key}, '
                                 f'found {np.size(content.get(key))}')
        imgpath = f'images/{_FIRST_NAME + index:05d}.jpg'
        cv2.imwrite(
            osp.join(root, imgpath), picture[..., ::-1]
            if picture.ndim == 3 else picture,
            [cv2.IMWRITE_JPEG_QUALITY, 100])
        faces.append(
            face_row(
                landmark_set,
                imgpath,
                content['Points'].astype(np.float64) - 1,
                visible=1 - np.ravel(content['Occ'] > 0)))
    write_json(faces, osp.join(root, 'annotations/test.json'))


if __name__ == '__main__':
    main()
