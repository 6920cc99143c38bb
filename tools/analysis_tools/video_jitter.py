"""Jitter and lag of a checkpoint on video, by smoothing.

A synthetic face is followed through made frames: still, under noise that is
new in every frame, and moving to the right at steady speeds. The landmarks of
each run are smoothed off, light and strong. Prints one table:

    jitter    mean distance of a landmark from frame to frame, % of the size
              of the face (square root of the area of its landmark box)
    turn      mean change of yaw, pitch and roll from frame to frame, degrees
    lag       how far the smoothed landmarks are behind those that are not,
              % of the size, and as time

It tells how calm a model is on synthetic faces, not how right.

Example:
    python tools/analysis_tools/video_jitter.py \\
        configs/spiga_synthetic_long.py checkpoints/spiga_synthetic_long.pth
"""
import sys
import warnings

import cv2
import numpy as np
import tools_path  # noqa: F401
from command_line import OneLineParser, run_tool
from tqdm import tqdm

from spiga_mmpose.apis import estimate_images, load_model
from spiga_mmpose.apis.estimation import landmark_boxes
from spiga_mmpose.apis.smoothing import SMOOTHING, FaceSmoother
from spiga_mmpose.apis.tracking import FaceFollower
from spiga_mmpose.datasets.synthetic_backend import numbered_face
from spiga_mmpose.evaluation.report import to_text
from spiga_mmpose.geometry import wrap_degrees

RATE = 30.  # frames a second
SIZE = 160  # px of the drawn image
SPEEDS = (0.5, 2.)  # sizes of the face a second


def parse_args(argv=None):
    parser = OneLineParser('video_jitter.py', __doc__)
    add = parser.add_argument
    add('config', help='config of the model')
    add('checkpoint')
    add('--frames', type=int, default=60, help='of each run (default: 60)')
    add('--noise', type=float, default=8.,
        help='standard deviation, grey values of 255 (default: 8)')
    add('--seed', type=int, default=0, help='of the face and the noise')
    add('--device', default='cpu')
    args = parser.parse_args(argv)
    if args.frames < 20:
        parser.error(f'--frames: expected at least 20, found {args.frames}: '
                     'the filter needs some to settle')
    return args


def still_frames(image, noise, count, seed):
    """Yield images (H, W, 3) BGR of the same face, the noise new in each."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        noisy = image + rng.normal(0, noise, image.shape)
        yield np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def moving_frames(image, step, count):
    """Yield images in which a face goes ``step`` px to the right a frame."""
    height, width = image.shape[:2]
    size = width + int(np.ceil(step * count)), height
    for i in range(count):
        move = np.float64([[1, 0, step * i], [0, 1, 0]])
        yield cv2.warpAffine(
            image, move, size, borderMode=cv2.BORDER_REPLICATE)


def follow(model, frames, box, count, bar):
    """Follow the one face; a list of ``InstanceData``, one a frame."""
    follower = FaceFollower(
        lambda image: (box[None], np.ones(1, np.float32)),
        lambda items: estimate_images(model, items),
        det_every=count)
    found = []
    for frame in frames:
        found.append(follower(frame).pred_instances)
        if follower.losses or len(found[-1]) != 1:
            raise ValueError(
                f'the model loses the face on frame {len(found)} of {count}: '
                'nothing can be measured; take another --seed or less --noise')
        bar.update()
    return found


def smooth(name, frames):
    """Landmarks (F, L, 2) and angles (F, 3) or None after smoothing."""
    smoother = FaceSmoother(name, RATE)
    faces = [smoother(frame) for frame in frames]
    angles = None
    if 'head_poses' in faces[0]:
        angles = np.stack([face.head_poses[0, :3] for face in faces])
    return np.stack([face.keypoints[0] for face in faces]), angles


def jitter(points, size):
    """Mean way of a landmark from frame to frame, % of the size."""
    ways = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    return 100 * float(ways.mean()) / size


def turn(angles):
    """Mean change of an angle from frame to frame, degrees."""
    if angles is None:
        return None
    return float(np.abs(wrap_degrees(np.diff(angles, axis=0))).mean())


def lag(points, behind, size):
    """Mean delay to the right over the second half, % of the size."""
    late = (points - behind)[len(points) // 2:, :, 0]
    return 100 * float(late.mean()) / size


def make_table(still, moving, size):
    """Rows for each smoothing, with a heading."""
    rows = [[
        'smoothing', 'jitter %', 'of off %', 'turn deg', *[
            text for speed in moving
            for text in (f'lag % at {speed:g}/s', 'ms')
        ]
    ]]
    before = jitter(smooth('off', still)[0], size)
    for name in SMOOTHING:
        points, angles = smooth(name, still)
        row = [name, jitter(points, size)]
        row += [100 * row[1] / before if before else None, turn(angles)]
        for speed, frames in moving.items():
            late = lag(smooth('off', frames)[0], smooth(name, frames)[0], size)
            row += [late, 10 * late / speed]
        rows.append(row)
    return rows


def measure(args):
    """The table of a checkpoint."""
    model = load_model(args.config, args.checkpoint, args.device)
    face = numbered_face('default', SIZE, args.seed, 0)
    box = landmark_boxes(face.landmarks[None])[0].astype(np.float32)
    size = float(np.sqrt(np.prod(box[2:] - box[:2])))
    count = args.frames
    with tqdm(total=count * (1 + len(SPEEDS)), unit='frame') as bar:
        still = follow(
            model, still_frames(face.image, args.noise, count, args.seed), box,
            count, bar)
        moving = {
            speed: follow(
                model,
                moving_frames(face.image, speed * size / RATE, count), box,
                count, bar)
            for speed in SPEEDS
        }
    return make_table(still, moving, size)


def describe(args):
    """The table, and what it is of."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        table = measure(args)
    return (f'{to_text(table)}\n{args.config}, {args.checkpoint}; one '
            f'synthetic face (seed {args.seed}), {args.frames} frames a run '
            f'at {RATE:g} a second, noise {args.noise:g}.')


def main(argv=None):
    return run_tool('video_jitter.py', describe, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
