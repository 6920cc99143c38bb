"""Count the images and faces of a data set and name what is missing.

Reads every annotation file as training does, looks for every image, and
compares with the published counts. With ``--decode`` every image is decoded
too (minutes). Ends with status 1 if something is wrong.

Example:
    python tools/dataset_converters/check.py wflw data/wflw
"""
import argparse
import os.path as osp
import sys
from typing import List

from mmengine.registry import init_default_scope

from spiga_mmpose.datasets.coco_face_dataset import CocoFaceDataset
from spiga_mmpose.datasets.spiga_json_dataset import SPIGAJsonDataset
from spiga_mmpose.datasets.transforms import BadSampleError, LoadFaceImage

# Data set -> annotation file -> published number of faces.
FILES = {
    'wflw': {
        'annotations/train.json': 7500,
        'annotations/test.json': 2500
    },
    'wflw-mmpose': {
        'annotations/face_landmarks_wflw_train.json': 7500,
        'annotations/face_landmarks_wflw_test.json': 2500
    },
    '300wpublic': {
        'annotations/300wpublic_train.json': 3148,
        'annotations/300wpublic_test.json': 689
    },
    '300wprivate': {
        'annotations/300wprivate_train.json': 3837,
        'annotations/300wprivate_test.json': 600
    },
    '300w-mmpose': {
        'annotations/face_landmarks_300w_train.json': 3148,
        'annotations/face_landmarks_300w_valid.json': 689
    },
    'cofw68': {
        'annotations/test.json': 507
    },
    'merlrav': {
        'annotations/train.json': 15449,
        'annotations/test.json': 3865
    },
}


def check_file(name: str, root: str, ann_file: str, expected: int,
               decode: bool) -> List[str]:
    """Check one annotation file and its images, and print the counts.

    Returns:
        list[str]: What is wrong.
    """
    coco = name.endswith('-mmpose')
    dataset = (CocoFaceDataset if coco else SPIGAJsonDataset)(
        ann_file,
        landmark_set='wflw_98' if name.startswith('wflw') else '300w_68',
        data_root=root,
        data_prefix=dict(img='images' if coco else ''),
        lazy_init=True)
    if not osp.isfile(dataset.ann_file):
        return [f'{dataset.ann_file} is missing']
    try:
        faces = dataset.read_faces()
    except ValueError as error:
        return [str(error)]
    paths = sorted({face['img_path'] for face in faces})
    problems = [f'{path} is missing' for path in paths
                if not osp.isfile(path)]
    if decode:
        load = LoadFaceImage()
        for path in filter(osp.isfile, paths):
            try:
                load(dict(img_path=path))
            except BadSampleError as error:
                problems.append(str(error))
    print(f'{dataset.ann_file}: {len(faces)} faces (published: {expected}), '
          f'{len(paths)} images, {len(problems)} missing or bad')
    if len(faces) != expected:
        problems.append(f'{dataset.ann_file}: {len(faces)} faces, published '
                        f'are {expected}')
    return problems


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', choices=sorted(FILES))
    parser.add_argument('root', help='data root')
    parser.add_argument(
        '--decode', action='store_true', help='decode every image')
    args = parser.parse_args()
    init_default_scope('mmpose')
    problems = []
    for ann_file, expected in FILES[args.name].items():
        problems += check_file(args.name, args.root, ann_file, expected,
                               args.decode)
    for problem in problems[:20]:
        print(problem)
    if len(problems) > 20:
        print(f'... and {len(problems) - 20} more')
    if problems:
        sys.exit(1)
    print(f'{args.name}: complete')


if __name__ == '__main__':
    main()
