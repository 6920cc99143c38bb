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
import os.path as osp

from converter import (annotate, make_parser, need_free, read_pts,
                       read_pts_folders, run_converter)

from spiga_mmpose.landmark_sets import load_landmark_set

TRAIN = ('afw', 'helen/trainset', 'lfpw/trainset')
# Folder -> subsets. The challenging subset of 300W public is ibug.
PUBLIC_TEST = {'helen/testset': ['helen', 'common'],
               'lfpw/testset': ['lfpw', 'common'],
               'ibug': ['ibug']}
PRIVATE_TEST = {'300W/01_Indoor': ['indoor'], '300W/02_Outdoor': ['outdoor']}


def convert(args):
    names = ['300wpublic']
    private = osp.join(args.root, '300W')
    if osp.isdir(private):
        names.append('300wprivate')
    else:
        print(f'no {private}: 300W private is left out')
    need_free(args, [f'annotations/{name}_{part}.json' for name in names
                     for part in ('train', 'test', 'test_subsets')])
    landmark_set = load_landmark_set('300w_68')

    def read_face(path, image):
        points = read_pts(path, 68) - args.first_pixel
        return annotate(landmark_set, image, points, where=path)

    train, _ = read_pts_folders(args.root, dict.fromkeys(TRAIN, ()), read_face)
    files = {}
    for name, folders in zip(names, (PUBLIC_TEST, PRIVATE_TEST)):
        test, subsets = read_pts_folders(args.root, folders, read_face)
        files.update({f'{name}_train.json': train,
                      f'{name}_test.json': test,
                      f'{name}_test_subsets.json': subsets})
        train = train + test  # all of 300W public, for 300W private
    return files


if __name__ == '__main__':
    parser = make_parser(__file__, __doc__, 'folder of the unpacked downloads')
    parser.add_argument(
        '--first-pixel', type=int, choices=(0, 1), default=1,
        help='what the .pts files call the first pixel; it becomes 0. '
        'Defaults to 1, as menpo, the library of the makers of 300W, reads '
        'them; 0 leaves the numbers as they are')
    run_converter(parser, convert, names=())
