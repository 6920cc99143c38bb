"""Count the images and faces of a data set and name what is missing.

Reads the annotation files and subsets that the config of the data set names,
as training and testing do, looks for every image, and compares with the
published counts. With ``--decode`` every image is decoded too (minutes). Ends
with status 1 if something is wrong, and else with what to type next.

Example:
    python tools/dataset_converters/check.py wflw data/wflw
"""
import os.path as osp
import sys
from collections import Counter

import tools_path  # noqa: F401
from command_line import OneLineParser, run_or_error
from converter import progress
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

from spiga_mmpose.datasets.transforms import BadSampleError, LoadFaceImage

CONFIGS = osp.join(osp.dirname(osp.abspath(__file__)), '..', '..', 'configs')
# Data set -> config that reads it, and the published numbers of faces.
SETS = {
    'wflw': ('spiga_wflw_json.py', dict(train=7500, test=2500)),
    'wflw-mmpose': ('spiga_wflw.py', dict(train=7500, test=2500)),
    '300wpublic': ('spiga_300w_json.py', dict(train=3148, test=689)),
    '300wprivate': ('spiga_300w_private.py', dict(train=3837, test=600)),
    '300w-mmpose': ('spiga_300w.py', dict(train=3148, test=689)),
    'cofw': ('spiga_cofw29.py', dict(train=1345, test=507)),
    'cofw68': ('spiga_cofw68.py', dict(test=507)),
    'merlrav': ('spiga_merlrav.py', dict(train=15449, test=3865)),
}


def check_split(cfg, root, expected, decode):
    cfg.pop('metainfo', None)  # the landmark set's is enough here
    cfg.update(data_root=root, pipeline=[], lazy_init=True)
    dataset = DATASETS.build(cfg)
    if not osp.isfile(dataset.ann_file):
        return [f'{dataset.ann_file} is missing']
    try:
        faces = dataset.read_faces()
    except ValueError as error:
        return [str(error)]
    paths = sorted({face['img_path'] for face in faces})
    problems = [f'{path} is missing' for path in paths if not osp.isfile(path)]
    load = LoadFaceImage()
    for path in progress(paths if decode else (), 'decoding'):
        try:
            if osp.isfile(path):
                load(dict(img_path=path))
        except BadSampleError as error:
            problems.append(str(error))
    print(f'{dataset.ann_file}: {len(faces)} faces (published: {expected}), '
          f'{len(paths)} images, {len(problems)} missing or bad')
    subsets = Counter(name for face in faces for name in face['subsets'])
    if subsets:
        print('  subsets: ' + ', '.join(
            f'{name} {count}' for name, count in sorted(subsets.items())))
    if len(faces) != expected:
        problems.append(f'{dataset.ann_file}: {len(faces)} faces, published '
                        f'are {expected}')
    return problems


def check(name, root, decode):
    if not osp.isdir(root):
        raise ValueError(f'the data root {root} is not there (a folder); '
                         'docs/data.md says what goes where')
    config, counts = SETS[name]
    cfg = Config.fromfile(osp.join(CONFIGS, config))
    init_default_scope('mmpose')
    problems = []
    for split, expected in counts.items():
        problems += check_split(cfg[f'{split}_dataloader'].dataset, root,
                                expected, decode)
    for problem in problems[:20]:
        print(problem)
    if len(problems) > 20:
        print(f'... and {len(problems) - 20} more')
    if problems:
        print(f'{name}: problems found: {len(problems)}; docs/data.md says '
              'what goes where')
    else:
        tool = 'train' if 'train' in counts else 'test'
        print(f'{name}: complete, for tools/{tool}.py configs/{config}')
    return len(problems)


def main():
    parser = OneLineParser('check.py', __doc__)
    add = parser.add_argument
    add('name', choices=sorted(SETS))
    add('root', help='data root')
    add('--decode', action='store_true', help='decode every image')
    if run_or_error(parser, lambda args: check(**vars(args))):
        sys.exit(1)


if __name__ == '__main__':
    main()
