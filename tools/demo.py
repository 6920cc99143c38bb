"""Find faces, their landmarks and pose in photographs, and draw them.

    python tools/demo.py photo.jpg                       # finds the faces
    python tools/demo.py photo.jpg --bbox 433,99,96,110  # x,y,w,h in pixels
    python tools/demo.py folder 'more/*.png' --out faces --draw pose,steps
    python tools/demo.py photo.jpg --config CONFIG --checkpoint WEIGHTS \
        --det DETECTOR_CONFIG --det-weights DETECTOR_WEIGHTS

For each image NAME it writes into --out (and nowhere else) NAME_faces.jpg,
NAME.json (boxes, landmarks, scores, pose of each face) and, with --draw
steps, NAME_steps.jpg. Exit code: 0 all done, 1 some images or boxes failed
(the rest is done), 2 wrong usage, 130 interrupted.
"""
import argparse
import json
import os
import os.path as osp
import sys
import warnings

import cv2
import numpy as np
import torch
from tqdm import tqdm

from spiga_mmpose.apis import (check_box, estimate_faces, faces_to_dicts,
                               find_boxes, list_images, load_detector,
                               load_model, parse_box)
from spiga_mmpose.datasets.transforms import LoadFaceImage
from spiga_mmpose.visualization import SPIGAVisualizer, make_sheet, step_panels

REPO = osp.dirname(osp.dirname(osp.abspath(__file__)))
DEFAULT_CONFIG = osp.join(REPO, 'configs', 'spiga_synthetic_long.py')
DEFAULT_CHECKPOINT = osp.join(REPO, 'checkpoints', 'spiga_synthetic_long.pth')
HAAR_CONFIG = osp.join(REPO, 'configs', 'detection', 'haar_face.py')
DRAWINGS = ('landmarks', 'pose', 'steps')
# Faces below this many px are enlarged in the drawn picture.
MIN_FACE = 96
# Faces of an image whose steps are drawn.
MAX_ROWS = 32
# Longer side of a face box, in longer sides of the image. Beyond it no face
# is to be seen, and soon the numbers overflow.
MAX_BOX = 100


class UsageError(Exception):
    """The user asked for what cannot be; the message says how to ask."""


def parse_args(argv=None):
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'images',
        nargs='+',
        metavar='IMAGE',
        help='image file, folder of images, or glob pattern')
    parser.add_argument(
        '--config',
        help='model config (default: the one that '
        'was trained on synthetic faces)')
    parser.add_argument('--checkpoint', help='weights of that config')
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument(
        '--bbox',
        action='append',
        type=_box,
        metavar='X,Y,W,H',
        help='a face box in pixels, for every image; may be given several '
        'times (--bbox=-9,... if it starts with a minus)')
    boxes.add_argument(
        '--det',
        metavar='haar|whole_image|CONFIG',
        help="what finds the faces: OpenCV's frontal-face cascade (default), "
        'the image as one box, or the config of any MMDet detector')
    parser.add_argument('--det-weights', help="the detector's checkpoint")
    parser.add_argument(
        '--out', default='demo_out', metavar='DIR', help='(default: demo_out)')
    parser.add_argument(
        '--device',
        default='cuda:0' if torch.cuda.is_available() else 'cpu',
        help='(default: %(default)s)')
    parser.add_argument(
        '--draw',
        default=('landmarks', 'pose'),
        type=_drawings,
        metavar=','.join(DRAWINGS),
        help='what to draw (default: landmarks,pose)')
    return parser.parse_args(argv)


def _box(text):
    try:
        return parse_box(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from None


def _drawings(text):
    names = [name for name in text.split(',') if name]
    unknown = sorted(set(names) - set(DRAWINGS))
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f'expected some of {",".join(DRAWINGS)}, found {text!r}')
    return names


def choose_model(args):
    """Paths of config and checkpoint; says so when they are the default."""
    if args.checkpoint:
        return args.config or DEFAULT_CONFIG, args.checkpoint
    if args.config:
        raise UsageError(f'--config {args.config} needs its weights: give '
                         '--checkpoint as well')
    if not osp.isfile(DEFAULT_CHECKPOINT):
        raise UsageError(
            f'there are no default weights {DEFAULT_CHECKPOINT}: give '
            '--config and --checkpoint')
    print(
        'Note: the default model was trained on synthetic faces only. It '
        'shows that the parts work together; on photographs expect wrong '
        'landmarks and poses. Give --config and --checkpoint for a model '
        'that was trained on photographs.',
        file=sys.stderr)
    return DEFAULT_CONFIG, DEFAULT_CHECKPOINT


def make_finder(args):
    """Function from an image (H, W, 3) BGR to boxes (N, 4) and scores."""
    if args.bbox:
        boxes = np.stack(args.bbox)
        return lambda image: (boxes, np.ones(len(boxes), np.float32))
    if args.det == 'whole_image':

        def whole_image(image):
            box = np.array([[0, 0, *image.shape[1::-1]]], np.float32)
            return box, np.ones(1, np.float32)

        return whole_image
    config, weights = args.det, args.det_weights
    if config in (None, 'haar'):
        config, weights = HAAR_CONFIG, None
    elif not weights:
        raise UsageError(f'--det {config} needs its weights: give '
                         '--det-weights as well')
    try:
        detector = load_detector(config, weights, args.device)
    except (AttributeError, NameError, SyntaxError) as error:
        raise UsageError(
            f'--det {config}: not the config of a detector: {error}') from None
    return lambda image: find_boxes(detector, image)


def make_visualizer(model, draw):
    """A visualizer for the landmark set of the config or the data set."""
    config = model.cfg.get('visualizer') or {}
    visualizer = SPIGAVisualizer(
        name='demo',
        landmark_set=config.get('landmark_set'),
        draw=draw,
        min_face=MIN_FACE)
    visualizer.set_dataset_meta(model.dataset_meta)
    return visualizer


class Demo:
    """Takes one image after the other and writes what it finds."""

    def __init__(self, model, finder, visualizer, out, draw):
        self.model = model
        self.finder = finder
        self.visualizer = visualizer
        self.out = out
        self.draw = draw
        self.load = LoadFaceImage()
        self.names = set()
        self.faces = self.images = self.empty = self.dropped = 0
        self.notes = set()  # about the model, told once

    def run(self, path):
        """Read, estimate, draw and write one image.

        Raises:
            ValueError: If the image or every box in it is of no use.
            OSError: If a result cannot be written.
        """
        image = self.load(dict(img_path=path))['img']
        height, width = image.shape[:2]
        boxes, scores = self.usable(path, image, *self.finder(image))
        result = dict(
            image=path,
            width=width,
            height=height,
            landmark_set=self.model.dataset_meta.get('dataset_name'),
            faces=[])
        drawn, steps = image[..., ::-1], None
        if len(boxes):
            sample = estimate_faces(self.model, image, boxes, scores)
            result['faces'] = faces_to_dicts(
                sample, steps='steps' in self.draw)
            # Opacity shows the score: no landmark is left out (kpt_thr 0).
            drawn = self.visualizer.add_datasample(
                path, drawn, sample, draw_gt=False, draw_bbox=True, kpt_thr=0)
            steps = self.steps_sheet(image, sample.pred_instances)
        else:
            self.empty += 1
            tqdm.write(
                f'no face found in {path}; give its box by --bbox, or '
                'another detector by --det',
                file=sys.stderr)
        name = self.unique_name(path)
        self.write_picture(f'{name}_faces.jpg', drawn)
        if steps is not None:
            self.write_picture(f'{name}_steps.jpg', steps)
        with open(osp.join(self.out, f'{name}.json'), 'w') as file:
            json.dump(result, file, indent=1, allow_nan=False)
        self.faces += len(boxes)
        self.images += 1

    def usable(self, path, image, boxes, scores):
        """Boxes and scores without the boxes that are of no use.

        Raises:
            ValueError: If there are boxes, and none is of use.
        """
        height, width = image.shape[:2]
        faults = [_box_fault(box, width, height) for box in boxes]
        good = [fault is None for fault in faults]
        if faults and not any(good):
            raise ValueError(faults[0])
        for fault in filter(None, faults):
            self.dropped += 1
            tqdm.write(f'dropped a box of {path}: {fault}', file=sys.stderr)
        return boxes[good], scores[good]

    def steps_sheet(self, image, faces):
        """A row of steps for each face, if wanted and if there are any."""
        if 'pose' in self.draw and 'head_poses' not in faces:
            self.notes.add('this model estimates no head pose')
        if 'steps' not in self.draw:
            return None
        landmark_set = self.visualizer.landmark_set
        if 'landmark_steps' not in faces or landmark_set is None:
            self.notes.add('this model has no cascade steps to draw, or its '
                           'config names no visualizer.landmark_set')
            return None
        if len(faces) > MAX_ROWS:
            self.notes.add(f'steps are drawn of the first {MAX_ROWS} faces of '
                           'an image')
        return make_sheet([
            step_panels(image[..., ::-1], steps, landmark_set)
            for steps in faces.landmark_steps[:MAX_ROWS]
        ])

    def unique_name(self, path):
        """Name of the results: the image's own, numbered when taken."""
        stem = osp.splitext(osp.basename(path))[0]
        name, count = stem, 1
        while name in self.names:
            count += 1
            name = f'{stem}_{count}'
        self.names.add(name)
        return name

    def write_picture(self, name, picture):
        """Write an RGB picture into the output folder."""
        done, data = cv2.imencode('.jpg', picture[..., ::-1],
                                  [cv2.IMWRITE_JPEG_QUALITY, 95])
        if not done:
            raise ValueError(f'{name}: a picture of {picture.shape[1]} x '
                             f'{picture.shape[0]} pixels is no JPEG')
        with open(osp.join(self.out, name), 'wb') as file:
            file.write(data)


def _box_fault(box, width, height):
    """What makes a box useless in an image of this size, or None."""
    try:
        check_box(box, width, height)
    except ValueError as error:
        return str(error)
    longer, most = max(box[2:] - box[:2]), MAX_BOX * max(width, height)
    if longer > most:
        return (f'a box with a side of {longer:g} pixels is too large for the '
                f'image of {width} x {height} pixels: expected at most {most}')
    return None


def prepare(args):
    """Everything that must stand before the first image is read."""
    config, checkpoint = choose_model(args)
    os.makedirs(args.out, exist_ok=True)
    if not os.access(args.out, os.W_OK):
        raise UsageError(f'cannot write into the folder {args.out}')
    finder = make_finder(args)
    model = load_model(config, checkpoint, args.device)
    visualizer = make_visualizer(model, args.draw)
    return Demo(model, finder, visualizer, args.out, args.draw)


def main(argv=None):
    """Run the demo; returns the exit code."""
    args = parse_args(argv)
    try:
        paths = list_images(args.images)
        # MMDet and MMPose warn of what is meant to be so: a detector without
        # weights, metainfo found by its name.
        with warnings.catch_warnings(record=True):
            demo = prepare(args)
    except (UsageError, ValueError, KeyError, TypeError, OSError, RuntimeError,
            ImportError, AssertionError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    failed, interrupted = [], False
    progress = tqdm(paths, unit='image', disable=len(paths) < 2)
    try:
        for path in progress:
            try:
                demo.run(path)
            except (ValueError, OSError, cv2.error) as error:
                failed.append(path)
                name = '' if path in str(error) else f'{path}: '
                tqdm.write(f'skipped: {name}{error}', file=sys.stderr)
    except KeyboardInterrupt:
        interrupted = True
    for note in sorted(demo.notes):
        print(f'note: {note}', file=sys.stderr)
    print(f'{demo.faces} face(s) in {demo.images} image(s), written to '
          f'{args.out}; {demo.empty} image(s) without a face, {len(failed)} '
          f'skipped, {demo.dropped} box(es) dropped')
    if interrupted:
        left = len(paths) - demo.images - len(failed)
        print(f'interrupted: {left} image(s) left', file=sys.stderr)
        return 130
    return 1 if failed or demo.dropped else 0


if __name__ == '__main__':
    sys.exit(main())
