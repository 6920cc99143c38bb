"""Find faces, their landmarks and pose, in photographs and videos.

    python tools/demo.py photo.jpg                       # finds the faces
    python tools/demo.py photo.jpg --bbox 433,99,96,110  # x,y,w,h in pixels
    python tools/demo.py photo.jpg --weights wflw        # the authors' weights
    python tools/demo.py folder 'more/*.png' --out faces
    python tools/demo.py photo.jpg --draw landmarks,pose,steps,attention,maps
    python tools/demo.py video.mp4 --smooth strong       # or: webcam
    python tools/demo.py photo.jpg --config CONFIG --weights CHECKPOINT \\
        --det DETECTOR_CONFIG --det-weights DETECTOR_WEIGHTS

For each image NAME it writes into --out (and nowhere else) NAME_faces.jpg,
NAME.json (boxes, landmarks, scores, pose of each face) and what --draw and
--format ask for; for each video NAME_faces.mp4, NAME.jsonl and NAME.csv. A
video from a camera ends with Ctrl-C. See docs/inference.md.
Exit code: 0 all done, 1 some images, videos or boxes failed (the rest is
done), 2 wrong usage, 130 interrupted.
"""
import argparse
import os
import os.path as osp
import signal
import sys
import warnings
from collections import Counter

import cv2
import numpy as np
import torch
from tqdm import tqdm

from spiga_mmpose.apis import (VIEWS, ResultWriter, SPIGAInferencer,
                               ask_for_views, estimate_each, faces_to_dicts,
                               find_weights, is_video, list_images,
                               make_visualizer, merge_faces, parse_box,
                               process_video, read_image, steps_row,
                               usable_boxes, view_sheets, write_picture)
from spiga_mmpose.apis.detection import DETECTORS
from spiga_mmpose.apis.formats import make_record, wflw_to_300w
from spiga_mmpose.apis.smoothing import SMOOTHING
from spiga_mmpose.apis.tracking import DET_EVERY
from spiga_mmpose.apis.weights import RELEASES, SYNTHETIC
from spiga_mmpose.apis.writing import FORMATS
from spiga_mmpose.visualization import WINDOWS_NOTE, make_sheet

# In the picture itself, and in sheets of their own.
ON_PICTURE = ('landmarks', 'pose')
DRAWINGS = ON_PICTURE + VIEWS
# Faces below this many px are enlarged in the drawn picture.
MIN_FACE = 96
# Faces of an image of which there are sheets.
MAX_VIEWED = 32


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
        help='image file or URL, folder of images, glob pattern, video file, '
        'or "webcam" ("webcam:1" is the second one)')
    parser.add_argument(
        '--config',
        help='model config (default: that of the weights, where they tell '
        'it)')
    parser.add_argument(
        '--weights',
        '--checkpoint',
        metavar=f'{"|".join([*RELEASES, SYNTHETIC])}|FILE|URL',
        help="published weights by name, those of drawn faces (default), or "
        "any checkpoint's path or URL")
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
        default=ON_PICTURE,
        type=_drawings,
        metavar=','.join(DRAWINGS),
        help='what to draw (default: landmarks,pose); the others make sheets '
        'of their own: the steps of the cascade, what a landmark attends to, '
        'landmark and edge maps')
    parser.add_argument(
        '--landmark',
        type=int,
        metavar='NUMBER',
        help='whose window and attention to draw (default: one at the left '
        'pupil)')
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
    videos = parser.add_argument_group('videos')
    videos.add_argument(
        '--det-every',
        type=int,
        default=DET_EVERY,
        metavar='FRAMES',
        help='run the detector on every so many frames (default: '
        '%(default)s); between, faces are followed by their landmarks')
    videos.add_argument(
        '--smooth',
        default='light',
        choices=SMOOTHING,
        help='against jitter (default: %(default)s)')
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
    if args.weights is None:
        if args.config:
            raise UsageError(f'--config {args.config} needs its weights: give '
                             '--weights as well')
        print(
            'Note: the default model was trained on synthetic faces only. It '
            'shows that the parts work together; on photographs expect wrong '
            'landmarks and poses. Give --weights wflw, or --config and '
            '--weights, for a model that was trained on photographs.',
            file=sys.stderr)
    checkpoint, config = find_weights(args.weights or SYNTHETIC)
    if (args.config or config) is None:
        raise UsageError(f'--weights {args.weights} do not tell their config: '
                         'give --config as well')
    return args.config or config, checkpoint


class Demo:
    """Takes one image or video after the other and writes what it finds."""

    def __init__(self, inferencer, writer, args):
        self.inferencer = inferencer
        self.model = inferencer.model
        self.finder = inferencer.detect
        if args.bbox:
            boxes = np.stack(args.bbox)
            scores = np.ones(len(boxes), np.float32)
            self.finder = lambda image: (boxes, scores)
        self.writer = writer
        self.args = args
        self.visualizer = make_visualizer(self.model, args.draw, MIN_FACE)
        inferencer.visualizer.draw = args.draw
        self.views = [view for view in VIEWS if view in args.draw]
        ask_for_views(self.model, self.views)
        self.count = Counter()  # faces, images, empty, dropped, videos
        self.notes = set()  # about the model, told once

    def run(self, path):
        """Read, estimate, draw and write one image.

        Raises:
            ValueError: If the image or every box in it is of no use.
            OSError: If a result cannot be written.
        """
        image = read_image(path)
        boxes, scores = self.usable(path, image, *self.finder(image))
        picture = np.ascontiguousarray(image[..., ::-1])
        name = self.writer.name_of(path)
        sample = self.estimate(name, image, picture, boxes, scores)
        if len(boxes):
            if 'pose' in self.args.draw and (
                    'head_poses' not in sample.pred_instances):
                self.notes.add('this model estimates no head pose')
            picture = self.visualizer.draw_faces(path, picture, sample)
        else:
            self.count['empty'] += 1
            tqdm.write(
                f'no face found in {path}; give its box by --bbox, or '
                'another detector by --det',
                file=sys.stderr)
        record = make_record(
            path, image, self.model.dataset_meta.get('dataset_name'),
            faces_to_dicts(sample, steps='steps' in self.views))
        if self.args.to_68:
            record = wflw_to_300w(record)
        write_picture(self.writer.folder, f'{name}_faces.jpg', picture)
        self.writer.add(name, record)
        self.count['faces'] += len(boxes)
        self.count['images'] += 1

    def usable(self, path, image, boxes, scores):
        """Boxes and scores without the boxes that are of no use.

        Raises:
            ValueError: If there are boxes, and none is of use.
        """
        good, faults = usable_boxes(boxes, *image.shape[1::-1])
        if faults and not good.any():
            raise ValueError(faults[0])
        for fault in faults:
            self.count['dropped'] += 1
            tqdm.write(f'dropped a box of {path}: {fault}', file=sys.stderr)
        return boxes[good], scores[good]

    def estimate(self, name, image, picture, boxes, scores):
        """The faces of an image as one sample; the views are drawn."""
        faces, rows = [], []
        for face in estimate_each(self.model, [(image, boxes, scores)]):
            if len(faces) < MAX_VIEWED:
                rows += self.draw_views(f'{name}_{{}}_{len(faces) + 1}.jpg',
                                        picture, face)
            face.pred_instances.pop('attention', None)  # 2 MB each
            faces.append(face)
        if self.views and len(faces) > MAX_VIEWED:
            self.notes.add(f'{", ".join(self.views)}: of the first '
                           f'{MAX_VIEWED} faces of an image')
        if rows:
            write_picture(self.writer.folder, f'{name}_steps.jpg',
                          make_sheet(rows, note=WINDOWS_NOTE))
        return merge_faces(self.model, image, faces)

    def draw_views(self, file, picture, face):
        """Write the sheets of a face; returns its rows of steps, 0 or 1."""
        landmark_set, rows = self.visualizer.landmark_set, []
        for view in self.views:
            try:
                if landmark_set is None:
                    raise ValueError('its config names no '
                                     'visualizer.landmark_set')
                if view == 'steps':
                    rows.append(
                        steps_row(self.model, picture, face, landmark_set,
                                  self.args.landmark))
                    continue
                for name, sheet in view_sheets(view, picture, face,
                                               landmark_set,
                                               self.args.landmark):
                    write_picture(self.writer.folder, file.format(name), sheet)
            except ValueError as error:  # so it will be of every face
                self.notes.add(f'{view} cannot be drawn: {error}')
        return rows

    def run_video(self, source):
        """Write what is in a video or before a camera; False: interrupted.

        Raises:
            ValueError: If it cannot be opened, or breaks off.
            OSError: If a result cannot be written.
        """
        if self.views:
            self.notes.add(f'{", ".join(self.views)}: not drawn of videos')
        done = process_video(
            self.inferencer,
            source,
            self.writer.folder,
            self.args.det_every,
            self.args.smooth,
            name=self.writer.name_of(source))
        self.count['videos'] += 1
        video, *tables = map(osp.basename, done.files)
        tqdm.write(
            f'{source}: {done.frames} frames, {done.faces} faces, '
            f'{done.identities} of them different; {done.empty} frames '
            f'without a face, {done.missing} missing; {video} ({done.codec}), '
            f'{", ".join(tables)}')
        if done.error:
            raise ValueError(f'the rest of the video: {done.error}')
        return not done.interrupted


def prepare(args, paths):
    """Everything that must stand before the first image is read."""
    if any(map(is_video, paths)):
        for option, given in (('--bbox', args.bbox), ('--to-68', args.to_68)):
            if given:
                raise UsageError(f'{option} is for images, not for videos')
        if args.det_every < 1:
            raise UsageError('--det-every: expected at least 1, found '
                             f'{args.det_every}')
    out = osp.realpath(args.out)
    if osp.exists(out) and not osp.isdir(out):
        raise UsageError(f'--out {args.out}: expected a folder, found a file')
    config, checkpoint = choose_model(args)
    writer = ResultWriter(args.out, args.format, paths)
    if not os.access(args.out, os.W_OK):
        raise UsageError(f'cannot write into the folder {args.out}')
    inferencer = SPIGAInferencer(
        checkpoint, config, args.device, 'whole_image' if args.bbox else
        args.det or 'haar', args.det_weights, args.box_calibration)
    count = inferencer.model.dataset_meta.get('num_keypoints')
    if args.to_68 and count != 98:
        raise UsageError('--to-68 takes a model of the 98 landmarks of WFLW, '
                         f'found {count}')
    if args.landmark is not None and not 0 <= args.landmark < count:
        raise UsageError(f'--landmark: expected 0 to {count - 1}, found '
                         f'{args.landmark}')
    return Demo(inferencer, writer, args)


def run_all(demo, paths):
    """Run one path after the other.

    Returns:
        tuple: paths that failed, and how many are left after Ctrl-C.
    """
    failed = []
    with tqdm(paths, unit='image', disable=len(paths) < 2) as progress:
        for number, path in enumerate(progress):
            try:
                if not is_video(path):
                    demo.run(path)
                elif not demo.run_video(path):
                    return failed, len(paths) - number - 1
            except (ValueError, OSError, ImportError, cv2.error) as error:
                failed.append(path)
                name = '' if path in str(error) else f'{path}: '
                tqdm.write(f'skipped: {name}{error}', file=sys.stderr)
            except KeyboardInterrupt:
                return failed, len(paths) - number
    return failed, None


def main(argv=None):
    """Run the demo; returns the exit code."""
    args = parse_args(argv)
    try:
        paths = list_images(args.images)
        # MMDet and MMPose warn of what is meant to be so: a detector without
        # weights, metainfo found by its name.
        with warnings.catch_warnings(record=True):
            demo = prepare(args, paths)
    except (UsageError, ValueError, KeyError, TypeError, OSError, RuntimeError,
            ImportError, AssertionError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    try:
        with demo.writer:
            failed, left = run_all(demo, paths)
    except OSError as error:  # of the files of all images, at the end
        print(f'error: {error}', file=sys.stderr)
        return 2
    for note in sorted(demo.notes):
        print(f'note: {note}', file=sys.stderr)
    count, done = demo.count, []
    if count['images'] or not count['videos']:
        done.append(f'{count["faces"]} face(s) in {count["images"]} image(s)')
    if count['videos']:
        done.append(f'{count["videos"]} video(s)')
    print(f'{" and ".join(done)}, written to {args.out}; {count["empty"]} '
          f'image(s) without a face, {len(failed)} skipped, '
          f'{count["dropped"]} box(es) dropped')
    if left is not None:
        print(f'interrupted: {left} image(s) left', file=sys.stderr)
        return 130
    return 1 if failed or count['dropped'] else 0


if __name__ == '__main__':
    # As Ctrl-C: a video that is cut short is a whole file.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
