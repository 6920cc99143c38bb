"""Good files of each kind, and the entry points that read them.

A door takes a path and ends, or raises what users are told in one line
(``ValueError``, ``OSError``). Commands are run by their ``main``, which must
return 0, or 2 with one short line.
"""
import contextlib
import importlib.util
import io
import json
import os
import os.path as osp
import pickle
import sys
from typing import Callable, Dict, Iterator, NamedTuple, Tuple

import cv2
import numpy as np
import torch
from cartoon import cartoon_face
from PIL import Image
from tiny_model import write_tiny_model

from spiga_mmpose.apis import SPIGAInferencer, load_model
from spiga_mmpose.datasets import CocoFaceDataset, SPIGAJsonDataset
from spiga_mmpose.landmark_sets import load_landmark_set

REPO = osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__))))
_LONGEST = 400  # characters of a message


class Door(NamedTuple):
    """Files by name, what reads one, and whether they are text."""
    files: Dict[str, bytes]
    enter: Callable[[str], None]
    text: bool = False
    weight: int = 1  # how often, beside the others


def make_doors(folder: str) -> Dict[str, Door]:
    """All doors by name; what they need beside the file is in ``folder``."""
    image = cartoon_face(96)
    cv2.imwrite(osp.join(folder, 'face.png'), image)
    config, checkpoint = write_tiny_model(folder, '300w_68')
    inferencer = SPIGAInferencer(
        checkpoint, config, device='cpu', det_model='whole_image')

    def infer(path):
        for result in inferencer(path, return_datasamples=True):
            for face in result['predictions']:
                assert np.isfinite(face.pred_instances.keypoints).all()

    def dataset(kind):

        def build(path):
            data = kind(
                osp.relpath(path, folder),
                landmark_set='300w_68',
                data_root=folder)
            data[0]

        return build

    evaluate = _command('evaluate.py')
    good = osp.join(folder, 'good.json')
    faces = _faces()
    with open(good, 'w', encoding='utf-8') as file:
        json.dump(faces, file)
    demo = _command('demo.py')
    lists = _command('dataset_converters', 'wflw_to_spiga.py')

    def convert(path):
        place = osp.join(folder, 'WFLW_annotations',
                         'list_98pt_rect_attr_train_test')
        os.makedirs(place, exist_ok=True)
        with open(path, 'rb') as file:
            content = file.read()
        for split in ('train', 'test'):
            with open(
                    osp.join(place, f'list_98pt_rect_attr_{split}.txt'),
                    'wb') as file:
                file.write(content)
        lists([folder, '--force'])

    return {
        'image': Door(dict(_images(image)), infer, weight=4),
        'video': Door(dict(_videos(image)), infer),
        'annotations': Door(
            {'a.json': json.dumps(faces).encode()},
            dataset(SPIGAJsonDataset), True),
        'coco': Door({'a.json': json.dumps(_coco()).encode()},
                     dataset(CocoFaceDataset), True),
        'predictions': Door(
            {'a.json': json.dumps(faces).encode()},
            lambda path: evaluate([path, good, '--dataset', '300w_68']),
            True),
        'dump': Door(
            {'a.pkl': pickle.dumps(_samples(), 4)},
            lambda path: evaluate([path, path, '--dataset', '300w_68'])),
        'checkpoint': Door(
            {'a.pth': _content(checkpoint)},
            lambda path: load_model(config, path, device='cpu')),
        'config': Door(
            {'a.py': _content(config)}, lambda path: demo([
                osp.join(folder, 'face.png'), '--weights', checkpoint,
                '--config', path, '--det', 'whole_image', '--device', 'cpu',
                '--out', osp.join(folder, 'out')
            ]), True),
        'landmark set': Door(
            {
                'a.json':
                _content(
                    osp.join(REPO, 'spiga_mmpose', 'landmark_sets',
                             '300w_68.json'))
            }, load_landmark_set, True),
        'list': Door({'a.txt': _wflw_list()}, convert, True),
    }


def _command(*parts) -> Callable:
    """A tool, as it is run; what it tells in one line is a ``ValueError``."""
    path = osp.join(REPO, 'tools', *parts)
    spec = importlib.util.spec_from_file_location('__main__', path)

    def run(argv):
        error, arguments, code = io.StringIO(), sys.argv, 0
        sys.argv = [path, *argv]
        try:
            with contextlib.redirect_stderr(error), \
                    contextlib.redirect_stdout(io.StringIO()):
                spec.loader.exec_module(importlib.util.module_from_spec(spec))
        except SystemExit as end:
            code = end.code or 0
        finally:
            sys.argv = arguments
        lines = [line for line in error.getvalue().splitlines()
                 if 'error: ' in line]
        assert code in (0, 1, 2), code
        if code == 2:
            assert len(lines) == 1, error.getvalue()
            assert len(lines[0]) < _LONGEST + len(argv[0]), lines[0]
        if code:
            raise ValueError(lines[0] if lines else f'exit code {code}')

    return run


def _content(path: str) -> bytes:
    with open(path, 'rb') as file:
        return file.read()


def _images(image) -> Iterator[Tuple[str, bytes]]:
    for ending in ('.jpg', '.png', '.bmp', '.webp', '.tiff', '.jp2'):
        yield f'a{ending}', cv2.imencode(ending, image)[1].tobytes()
    frames = [Image.fromarray(np.roll(image, i, 1)) for i in range(3)]
    for kind in ('gif', 'png', 'webp', 'avif'):
        file = io.BytesIO()
        with contextlib.suppress(KeyError, OSError):  # Pillow without it
            frames[0].save(
                file, kind, save_all=True, append_images=frames[1:])
            yield f'moving.{kind}', file.getvalue()


def _videos(image) -> Iterator[Tuple[str, bytes]]:
    import av
    for kind, codec in (('mp4', 'mpeg4'), ('mkv', 'mpeg4'),
                        ('avi', 'mjpeg')):
        file = io.BytesIO()
        with av.open(file, 'w', format=kind.replace('mkv', 'matroska')) as out:
            stream = out.add_stream(codec, 10)
            stream.height, stream.width = image.shape[:2]
            stream.pix_fmt = 'yuvj420p' if codec == 'mjpeg' else 'yuv420p'
            for _ in range(3):
                frame = av.VideoFrame.from_ndarray(image, 'bgr24')
                out.mux(stream.encode(frame))
            out.mux(stream.encode())
        yield f'a.{kind}', file.getvalue()


def _faces() -> list:
    points = np.random.default_rng(0).uniform(20, 80, (2, 68, 2)).round(2)
    return [
        dict(
            imgpath='face.png',
            bbox=[20., 20., 60., 60.],
            headpose=[1., 2., 3., 0., 0., 3.],
            ids=list(load_landmark_set('300w_68').annotation_ids),
            landmarks=face.tolist(),
            visible=[1] * 68) for face in points
    ]


def _coco() -> dict:
    return dict(
        images=[dict(id=1, file_name='face.png')],
        annotations=[
            dict(
                id=i,
                image_id=1,
                bbox=face['bbox'],
                keypoints=np.insert(face['landmarks'], 2, 2,
                                    1).ravel().tolist())
            for i, face in enumerate(_faces())
        ],
        categories=[])


def _samples() -> list:
    return [
        dict(
            img_path='face.png',
            subsets=('blur', ),
            gt_instances=dict(
                keypoints=torch.tensor(face['landmarks'])[None],
                keypoints_visible=np.ones((1, 68), np.float32),
                bboxes=np.array([[20., 20, 80, 80]])),
            pred_instances=dict(
                keypoints=np.array(face['landmarks'])[None],
                head_poses=np.array([face['headpose']]))) for face in _faces()
    ]


def _wflw_list() -> bytes:
    points = np.random.default_rng(1).uniform(1, 90, 196).round(3)
    line = ' '.join(map(str, [*points, 1, 2, 90, 90, 0, 1, 0, 0, 1, 0]))
    return f'{line} 0--Parade/a b.jpg\n'.encode() * 2
