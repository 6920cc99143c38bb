"""Helpers of the adapters: annotated faces in, predictions out.

An adapter runs in the environment of its package (requirements.txt), without
torch: of spiga_mmpose it reads the ids of the 68 points, a JSON file.
"""
import argparse
import json
import os
import os.path as osp
import sys
import time
from statistics import median
from typing import Callable, List, Optional

_LANDMARK_SET = osp.join(osp.dirname(osp.abspath(__file__)), '..', '..', '..',
                         'spiga_mmpose', 'landmark_sets', '300w_68.json')
_INSTALL = ('in an environment of its own: pip install -r '
            'tools/analysis_tools/peers/requirements.txt')


def run(tool: str, doc: str, load: Callable[[], Callable],
        argv: Optional[List[str]] = None) -> int:
    """The command line of an adapter.

    ``load`` imports the package and returns a function from an image (H, W,
    3) RGB, uint8, and the tight box of the true landmarks (4,) x1, y1, x2,
    y2, px, to the 68 points (68, 2), px, or None.
    """
    tool = osp.basename(tool)
    parser = argparse.ArgumentParser(
        prog=tool, description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add('annotations', help="faces of 68 points in the SPIGA authors' JSON")
    add('predictions', help='JSON to write, the same faces')
    add('--data-root', default='', metavar='DIR',
        help='folder that relative image paths start from')
    args = parser.parse_args(argv)
    try:
        if hasattr(os, 'sched_setaffinity'):  # threads share one core (Linux)
            os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
        predict = load()
        faces = read_faces(args.annotations)
        predictions = predict_faces(faces, args.data_root, predict)
        part = args.predictions + '.part'  # whole, or not there
        with open(part, 'w', encoding='utf-8') as file:
            json.dump(predictions, file)
        os.replace(part, args.predictions)
    except (ImportError, OSError, ValueError) as error:
        hint = f'; {_INSTALL}' if isinstance(error, ImportError) else ''
        print(f'{tool}: error: {" ".join(f"{error}{hint}".split())}',
              file=sys.stderr)
        return 2
    missed = sum(not face['landmarks'] for face in predictions)
    milliseconds = 1000 * median(face['seconds'] for face in predictions)
    print(f'{args.predictions}: {len(predictions)} faces, {missed} not found, '
          f'median {milliseconds:.2f} ms of CPU time a face')
    return 0


def read_faces(path: str) -> List[dict]:
    with open(path, encoding='utf-8-sig') as file:
        try:
            faces = json.load(file)
        except ValueError as error:
            raise ValueError(f'{path}: not a JSON file: {error}') from None
    if not isinstance(faces, list) or not faces:
        raise ValueError(f'{path}: expected a list of faces, found '
                         f'{type(faces).__name__} {str(faces)[:40]}')
    known = _landmark_ids()
    for index, face in enumerate(faces):
        try:
            if not isinstance(face['imgpath'], str):
                raise TypeError(f'imgpath is {face["imgpath"]!r}')
            if set(face.get('ids') or known) - set(known):
                raise ValueError('has ids that are none of the 68 points of '
                                 '300W; the packages have these alone')
            face['box'] = _tight_box(face['landmarks'])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f'{path}: face {index}: expected imgpath and two or more '
                'landmarks of two finite numbers: '
                f'{type(error).__name__}: {error}') from None
    return faces


def predict_faces(faces: List[dict], data_root: str,
                  predict: Callable) -> List[dict]:
    """The same faces with a package's landmarks, none where it finds no face.

    ``seconds`` is the CPU time from the image in memory to the landmarks:
    unlike that on the clock it hardly depends on what else the machine does.
    """
    predictions = []
    for face in faces:
        image = _read_image(osp.join(data_root, face['imgpath']))
        start = time.process_time()
        points = predict(image, face['box'])
        seconds = time.process_time() - start
        points = [] if points is None else points.tolist()
        predictions.append(dict(
            imgpath=face['imgpath'], bbox=face.get('bbox'), headpose=None,
            ids=_landmark_ids() if points else [], landmarks=points,
            visible=[1] * len(points), seconds=seconds))
    return predictions


def _landmark_ids():
    with open(_LANDMARK_SET, encoding='utf-8') as file:
        return json.load(file)['annotation_ids']


def _tight_box(landmarks):
    import numpy as np
    points = np.array(landmarks, float)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or (
            not np.isfinite(points).all()):
        raise ValueError(f'found {str(landmarks)[:40]}')
    return np.concatenate([points.min(0), points.max(0)])


def _read_image(path):
    import numpy as np
    from PIL import Image, ImageOps
    try:
        with Image.open(path) as image:
            return np.array(ImageOps.exif_transpose(image).convert('RGB'))
    except (OSError, SyntaxError) as error:
        raise ValueError(
            f'cannot read the image {path}: {error}; --data-root names the '
            'folder that relative paths start from') from None
