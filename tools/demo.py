"""Find faces, their landmarks and pose, in photographs and videos.

    python tools/demo.py photo.jpg                       # finds the faces
    python tools/demo.py photo.jpg --bbox 433,99,96,110  # x,y,w,h in pixels
    python tools/demo.py photo.jpg --weights wflw        # the authors' weights
    python tools/demo.py folder 'more/*.png' --out faces
    python tools/demo.py photo.jpg --draw landmarks,pose,steps,attention,maps
    python tools/demo.py video.mp4 --smooth strong       # or: webcam
    python tools/demo.py photo.jpg --model spiga.xml     # an exported file
    python tools/demo.py photo.jpg --config CONFIG --weights CHECKPOINT \\
        --det DETECTOR_CONFIG --det-weights DETECTOR_WEIGHTS

For each image NAME it writes into --out (and nowhere else) NAME_faces.jpg,
NAME.json (boxes, landmarks, scores, pose of each face) and what --draw and
--format ask for; for each video NAME_faces.mp4, NAME.jsonl and NAME.csv. A
folder stands for its images. A camera ends with Ctrl-C. See docs/inference.md.
Exit code: 0 all done, 1 some images, videos or boxes failed (the rest is
done), 2 wrong usage, 130 interrupted.
"""
import argparse
import signal
import sys
import warnings
from functools import partial

import torch
from demo_loop import DRAWINGS, FAULTS, ON_IMAGE, Demo

from spiga_mmpose.apis import (ResultWriter, SPIGAInferencer, choose_detector,
                               find_weights, is_video, left_out, list_images,
                               parse_box)
from spiga_mmpose.apis.detection import AUTO, DETECTORS
from spiga_mmpose.apis.inputs import as_text, counted
from spiga_mmpose.apis.loading import BACKENDS, is_exported
from spiga_mmpose.apis.smoothing import SMOOTHING
from spiga_mmpose.apis.tracking import DET_EVERY
from spiga_mmpose.apis.weights import DEFAULT, RELEASES, SHIPPED
from spiga_mmpose.apis.writing import FORMATS


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add('images', nargs='+', metavar='IMAGE',
        help='image file or URL, folder of images, glob pattern, video file, '
        'or "webcam" ("webcam:1" is the second one)')
    network = parser.add_mutually_exclusive_group()
    network.add_argument(
        '--model', metavar='FILE',
        help='file of tools/deployment/export.py, .onnx or .xml, in place of '
        '--config and --weights')
    network.add_argument(
        '--config',
        help='model config (default: that of the weights, where they tell it)')
    add('--weights', '--checkpoint',
        metavar=f'{"|".join([*SHIPPED, *RELEASES])}|FILE|URL',
        help="weights by name: a small network of photographs (photo_98, the "
        "default, or photo), of synthetic faces, the authors' networks (the "
        "others), "
        "or any checkpoint's path or URL")
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument(
        '--bbox', action='append', type=_box, metavar='X,Y,W,H',
        help='a face box in pixels, for every image; may be given several '
        'times (--bbox=-9,... if it starts with a minus)')
    boxes.add_argument(
        '--det', default=AUTO, metavar=f'{"|".join(DETECTORS)}|CONFIG',
        help="what finds the faces: YuNet where its file is at hand or can be "
        "fetched, else Haar (default); OpenCV's frontal-face cascade, "
        "OpenCV's YuNet, MMPose's face detector, the image as one box, or the "
        "config of any MMDet detector")
    add('--det-weights', metavar='FILE',
        help="the detector's checkpoint; YuNet's ONNX file")
    add('--box-calibration', metavar='FILE',
        help="from the detector's boxes to landmark boxes, made by "
        "tools/analysis_tools/calibrate_boxes.py")
    add('--refine', type=int, default=0, metavar='PASSES',
        help='crop again by the landmarks found, so many times (default: '
        '%(default)s)')
    add('--out', default='demo_out', metavar='DIR', help='(default: demo_out)')
    add('--device', default='cuda:0' if torch.cuda.is_available() else 'cpu',
        help='(default: %(default)s)')
    add('--backend', choices=BACKENDS,
        help='what runs the network (default: torch, or what --model is for); '
        'the others export the weights once, into the cache')
    add('--threads', type=int, metavar='N',
        help="of the backend (default: its own choice)")
    add('--draw', default=ON_IMAGE, type=partial(_names, DRAWINGS),
        metavar=','.join(DRAWINGS),
        help='what to draw (default: landmarks,pose); the others make grids '
        'of their own: the steps of the cascade, what a landmark attends to, '
        'landmark and edge maps')
    add('--landmark', type=int, metavar='NUMBER',
        help='whose window and attention to draw (default: one at the left '
        'pupil)')
    add('--format', type=partial(_names, FORMATS), metavar=','.join(FORMATS),
        help='files of the results beside the images (default: json); a video '
        'has files of its own')
    add('--to-68', action='store_true',
        help="write the 98 landmarks of WFLW as 300W's 68 (the images show "
        "all 98)")
    videos = parser.add_argument_group('videos')
    videos.add_argument(
        '--det-every', type=int, default=DET_EVERY, metavar='FRAMES',
        help='run the detector on every so many frames (default: '
        '%(default)s); between, faces are followed by their landmarks')
    videos.add_argument('--smooth', default='light', choices=SMOOTHING,
                        help='against jitter (default: %(default)s)')
    return parser.parse_args(argv)


def _box(text):
    try:
        return parse_box(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from None


def _names(known, text):
    names = [name for name in text.split(',') if name]
    unknown = sorted(set(names) - set(known))
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f'expected some of {",".join(known)}, found {text!r}')
    return names


def choose_model(args):
    if args.model:
        if not is_exported(args.model):
            raise ValueError(
                f'--model {args.model} is no file of tools/deployment/'
                'export.py (.onnx or .xml); a config is --config, with '
                '--weights')
        return args.model, args.weights
    if args.weights is None and args.config:
        raise ValueError(f'--config {args.config} needs its weights: give '
                         '--weights as well')
    checkpoint, config = find_weights(args.weights or DEFAULT)
    if (args.config or config) is None:
        raise ValueError(f'--weights {args.weights} do not tell their config: '
                         'give --config as well')
    return args.config or config, checkpoint


def prepare(args, paths):
    """Everything that must stand before the first image is read."""
    if any(map(is_video, paths)):
        for option, given in (('--bbox', args.bbox), ('--to-68', args.to_68)):
            if given:
                raise ValueError(f'{option} is for images, not for videos')
        if args.format and all(map(is_video, paths)):
            raise ValueError('--format is for images; a video has files of '
                             'its own')
        if args.det_every < 1:
            raise ValueError('--det-every: expected at least 1, found '
                             f'{args.det_every}')
    model, weights = choose_model(args)
    detector, det_weights, reason = (
        ('whole_image', None, None) if args.bbox else
        choose_detector(args.det_weights) if args.det == AUTO else
        (args.det, args.det_weights, None))
    writer = ResultWriter(args.out, args.format or ['json'],
                          list(map(as_text, paths)))
    inferencer = SPIGAInferencer(weights, model, args.device, detector,
                                 det_weights, args.box_calibration,
                                 backend=args.backend, threads=args.threads,
                                 refine=args.refine, draw=args.draw)
    count = inferencer.num_landmarks
    if args.to_68 and count != 98:
        raise ValueError('--to-68 takes a model of the 98 landmarks of WFLW, '
                         f'found {count}')
    if args.landmark is not None and not 0 <= args.landmark < count:
        raise ValueError(f'--landmark: expected 0 to {count - 1}, found '
                         f'{args.landmark}')
    if reason:
        print(f'note: {reason}', file=sys.stderr)
    return Demo(inferencer, writer, args.bbox, args.landmark, args.to_68,
                args.det_every, args.smooth)


def main(argv=None):
    args = parse_args(argv)
    try:
        paths = list_images(args.images)
        for sentence in left_out(args.images):
            print(f'note: {sentence}', file=sys.stderr)
        # MMDet and MMPose warn of what is meant to be so: a detector without
        # weights, metainfo found by its name.
        with warnings.catch_warnings(record=True):
            demo = prepare(args, paths)
    except (ValueError, KeyError, TypeError, OSError, RuntimeError,
            ImportError, AssertionError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    try:
        whole = demo.run(paths)
    except OSError as error:  # of the files of all images, at the end
        print(f'error: {error}', file=sys.stderr)
        return 2
    for note in sorted(demo.notes):
        print(f'note: {note}', file=sys.stderr)
    print(demo.summary())
    if not whole:
        videos = sum(map(is_video, demo.left))
        numbers = dict(image=len(demo.left) - videos, video=videos)
        left = [counted(n, thing) for thing, n in numbers.items() if n]
        print(f'interrupted: {" and ".join(left) or "nothing"} left',
              file=sys.stderr)
        return 130
    return 1 if any(demo.count[key] for key in FAULTS) else 0


if __name__ == '__main__':
    # As Ctrl-C: a video that is cut short is a whole file.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
