"""COFW-68 into the annotation JSON of SPIGA's authors.

Reads ``COFW_test_color.mat`` (the images) of the COFW download and
``COFW68_Data/test_annotations/*_points.mat`` of the COFW-68 benchmark
(github.com/golnazghiasi/cofw68-benchmark) under the root: ``Points`` (68, 2),
first pixel 1 (they are plotted in MATLAB as they are), and ``Occ`` (68), 1
where occluded. Writes the images as ``images/01345.jpg`` ..., named as in
the authors' file (the 507 test images follow 1345 training images), and
``annotations/test.json``.

Example:
    python tools/dataset_converters/cofw68_to_spiga.py data/cofw68
"""
import os
import os.path as osp
from glob import escape, glob

import numpy as np
from converter import (annotate, make_parser, need_folder, need_free, progress,
                       run_converter)
from scipy.io import loadmat

from spiga_mmpose.io import write_image
from spiga_mmpose.landmark_sets import load_landmark_set

_FIRST_NAME = 1345


def read_mat(path):
    try:
        return loadmat(path)
    except NotImplementedError:
        raise
    except Exception as error:  # SciPy raises what its parser stumbles on
        raise ValueError(f'{path} is no MATLAB file that can be read: '
                         f'{error}') from None


def _read_new_images(path):
    try:
        import h5py
        with h5py.File(path, 'r') as file:
            # HDF5 turns the axes round.
            return [file[place][()].T for place in np.ravel(file['IsT'][()])]
    except ImportError:
        raise ValueError(f'{path} is a MATLAB 7.3 file; type '
                         '`pip install h5py` to read it') from None
    except KeyError:
        raise ValueError(f'{path}: the variable IsT is missing') from None
    except Exception as error:  # as of SciPy
        raise ValueError(f'{path} is no MATLAB file that can be read: '
                         f'{error}') from None


def read_images(path):
    """Images of ``COFW_test_color.mat``, (H, W) or (H, W, 3) RGB, uint8."""
    try:
        content = read_mat(path)
    except NotImplementedError:
        images = _read_new_images(path)
    else:
        if 'IsT' not in content:
            raise ValueError(f'{path}: the variable IsT is missing')
        images = list(np.ravel(content['IsT']))
    for number, image in enumerate(images, 1):
        shape = np.shape(image)
        if (getattr(image, 'dtype', None) != np.uint8 or 0 in shape
                or len(shape) not in (2, 3) or shape[2:] not in ((), (3, ))):
            raise ValueError(f'{path}: image {number}: expected uint8 of '
                             f'shape (H, W) or (H, W, 3), found {shape}')
    return images


def read_face(path, imgpath):
    try:
        content = read_mat(path)
    except NotImplementedError as error:
        raise ValueError(f'{path}: {error}') from None
    numbers = {}
    for key, shape in (('Points', (68, 2)), ('Occ', (68, ))):
        value = np.squeeze(content.get(key, np.zeros(0)))
        if value.shape != shape or value.dtype.kind not in 'buif':
            raise ValueError(f'{path}: expected {key} of shape {shape}, '
                             f'found {value.shape}')
        numbers[key] = value.astype(np.float64)
    return annotate(load_landmark_set('300w_68'), imgpath,
                    numbers['Points'] - 1, visible=1 - (numbers['Occ'] > 0),
                    where=path)


def convert(args):
    folder = need_folder(args.root, 'COFW68_Data', 'test_annotations')
    path = need_folder(args.root, 'COFW_test_color.mat')
    images = read_images(path)
    count = len(glob(osp.join(escape(folder), '*_points.mat')))
    if len(images) != count or not count:
        raise ValueError(f'expected as many images in {path} as files '
                         f'*_points.mat in {folder}, found {len(images)} '
                         f'and {count}')
    names = [f'images/{_FIRST_NAME + i:05d}.jpg' for i in range(count)]
    need_free(args, names)
    faces = [read_face(need_folder(folder, f'{number}_points.mat'), name)
             for number, name in enumerate(progress(names, 'points'), 1)]
    os.makedirs(osp.join(args.root, 'images'), exist_ok=True)
    for name, image in zip(progress(names, 'images'), images):
        write_image(osp.join(args.root, name), image, quality=100)
    print(f"{osp.join(args.root, 'images')}: {count} images")
    return {'test.json': faces}


if __name__ == '__main__':
    run_converter(make_parser(__file__, __doc__, 'folder with both downloads'),
                  convert, names=('test', ))
