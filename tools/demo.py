"""Find faces, their landmarks and pose in photographs, and draw them.

    python tools/demo.py photo.jpg                       # finds the faces
    python tools/demo.py photo.jpg --bbox 433,99,96,110  # x,y,w,h in pixels
    python tools/demo.py photo.jpg --weights wflw        # the authors' weights
    python tools/demo.py folder 'more/*.png' --out faces --draw pose,steps
    python tools/demo.py photo.jpg --config CONFIG --weights CHECKPOINT \
        --det DETECTOR_CONFIG --det-weights DETECTOR_WEIGHTS

For each image NAME it writes into --out (and nowhere else) NAME_faces.jpg,
NAME.json (boxes, landmarks, scores, pose of each face) and, with --draw
steps, NAME_steps.jpg; --format asks for other files, see docs/inference.md.
Exit code: 0 all done, 1 some images or boxes failed (the rest is done), 2
wrong usage, 130 interrupted.
"""
import argparse
import os
import os.path as osp
import sys
import warnings

import cv2
import numpy as np
import torch
from tqdm import tqdm

from spiga_mmpose.apis import (ResultWriter, estimate_faces, faces_to_dicts,
                               find_weights, list_images, load_calibration,
                               load_model, make_finder, make_visualizer,
                               parse_box, read_image, usable_boxes,
                               write_picture)
from spiga_mmpose.apis.detection import DETECTORS
from spiga_mmpose.apis.formats import make_record, wflw_to_300w
from spiga_mmpose.apis.weights import RELEASES
from spiga_mmpose.apis.writing import FORMATS
from spiga_mmpose.visualization import make_sheet, step_panels

REPO = osp.dirname(osp.dirname(osp.abspath(__file__)))
DEFAULT_CONFIG = osp.join(REPO, 'configs', 'spiga_synthetic_long.py')
DEFAULT_CHECKPOINT = osp.join(REPO, 'checkpoints', 'spiga_synthetic_long.pth')
DRAWINGS = ('landmarks', 'pose', 'steps')
# Faces below this many px are enlarged in the drawn picture.
MIN_FACE = 96
# Faces of an image whose steps are drawn.
MAX_ROWS = 32


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
        help='image file or URL, folder of images, or glob pattern')
    parser.add_argument(
        '--config',
        help='model config (default: that of the weights, where they tell it, '
        'or the one that was trained on synthetic faces)')
    parser.add_argument(
        '--weights',
        '--checkpoint',
        metavar=f'{"|".join(RELEASES)}|FILE|URL',
        help="published weights by name, or any checkpoint's path or URL")
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
        metavar=f'{"|".join(DETECTORS)}|CONFIG',
        help="what finds the faces: OpenCV's frontal-face cascade (default), "
        "OpenCV's YuNet, MMPose's face detector, the image as one box, or "
        'the config of any MMDet detector')
    parser.add_argument(
        '--det-weights', help="the detector's checkpoint; YuNet's ONNX file")
    parser.add_argument(
        '--box-calibration',
        metavar='FILE',
        help="from the detector's boxes to landmark boxes, made by "
        'tools/analysis_tools/calibrate_boxes.py')
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
    parser.add_argument(
        '--format',
        default=('json', ),
        type=_formats,
        metavar=','.join(FORMATS),
        help='files of the results beside the pictures (default: json)')
    parser.add_argument(
        '--to-68',
        action='store_true',
        help="write the 98 landmarks of WFLW as 300W's 68 (the pictures show "
        'all 98)')
    return parser.parse_args(argv)


def _box(text):
    try:
        return parse_box(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from None


def _drawings(text):
    return _names(text, DRAWINGS)


def _formats(text):
    return _names(text, FORMATS)


def _names(text, known):
    """Names out of ``known``, separated by commas."""
    names = [name for name in text.split(',') if name]
    unknown = sorted(set(names) - set(known))
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f'expected some of {",".join(known)}, found {text!r}')
    return names


def choose_model(args):
    """Paths of config and checkpoint; says so when they are the default."""
    if args.weights:
        checkpoint, config = find_weights(args.weights)
        return args.config or config or DEFAULT_CONFIG, checkpoint
    if args.config:
        raise UsageError(f'--config {args.config} needs its weights: give '
                         '--checkpoint as well')
    if not osp.isfile(DEFAULT_CHECKPOINT):
        raise UsageError(
            f'there are no default weights {DEFAULT_CHECKPOINT}: give '
            '--weights')
    print(
        'Note: the default model was trained on synthetic faces only. It '
        'shows that the parts work together; on photographs expect wrong '
        'landmarks and poses. Give --weights wflw, or --config and '
        '--checkpoint, for a model that was trained on photographs.',
        file=sys.stderr)
    return DEFAULT_CONFIG, DEFAULT_CHECKPOINT


def choose_boxes(args):
    """Function from an image (H, W, 3) BGR to boxes (N, 4) and scores."""
    if args.bbox:
        boxes = np.stack(args.bbox)
        return lambda image: (boxes, np.ones(len(boxes), np.float32))
    calibration = None
    if args.box_calibration:
        calibration = load_calibration(args.box_calibration)
    return make_finder(args.det or 'haar', args.det_weights, args.device,
                       calibration)


class Demo:
    """Takes one image after the other and writes what it finds."""

    def __init__(self, model, finder, writer, args):
        self.model = model
        self.finder = finder
        self.writer = writer
        self.draw = args.draw
        self.to_68 = args.to_68
        self.visualizer = make_visualizer(model, args.draw, MIN_FACE)
        self.faces = self.images = self.empty = self.dropped = 0
        self.notes = set()  # about the model, told once

    def run(self, path):
        """Read, estimate, draw and write one image.

        Raises:
            ValueError: If the image or every box in it is of no use.
            OSError: If a result cannot be written.
        """
        image = read_image(path)
        boxes, scores = self.usable(path, image, *self.finder(image))
        faces, drawn, steps = [], image[..., ::-1], None
        if len(boxes):
            sample = estimate_faces(self.model, image, boxes, scores)
            faces = faces_to_dicts(sample, steps='steps' in self.draw)
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
        record = make_record(path, image,
                             self.model.dataset_meta.get('dataset_name'),
                             faces)
        if self.to_68:
            record = wflw_to_300w(record)
        name = self.writer.name_of(path)
        write_picture(self.writer.folder, f'{name}_faces.jpg', drawn)
        if steps is not None:
            write_picture(self.writer.folder, f'{name}_steps.jpg', steps)
        self.writer.add(name, record)
        self.faces += len(boxes)
        self.images += 1

    def usable(self, path, image, boxes, scores):
        """Boxes and scores without the boxes that are of no use.

        Raises:
            ValueError: If there are boxes, and none is of use.
        """
        good, faults = usable_boxes(boxes, *image.shape[1::-1])
        if faults and not good.any():
            raise ValueError(faults[0])
        for fault in faults:
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


def prepare(args):
    """Everything that must stand before the first image is read."""
    config, checkpoint = choose_model(args)
    writer = ResultWriter(args.out, args.format)
    if not os.access(args.out, os.W_OK):
        raise UsageError(f'cannot write into the folder {args.out}')
    finder = choose_boxes(args)
    model = load_model(config, checkpoint, args.device)
    count = model.dataset_meta.get('num_keypoints')
    if args.to_68 and count != 98:
        raise UsageError('--to-68 takes a model of the 98 landmarks of WFLW, '
                         f'found {count}')
    return Demo(model, finder, writer, args)


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
        with demo.writer:
            for path in progress:
                try:
                    demo.run(path)
                except (ValueError, OSError, cv2.error) as error:
                    failed.append(path)
                    name = '' if path in str(error) else f'{path}: '
                    tqdm.write(f'skipped: {name}{error}', file=sys.stderr)
    except KeyboardInterrupt:
        interrupted = True
    except OSError as error:  # of the files of all images, at the end
        print(f'error: {error}', file=sys.stderr)
        return 2
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
