"""A photograph and a video through the network: the start of `make demo`.

    python tools/photo_demo.py [--out DIR]

The photograph is matplotlib's sample image, a portrait in the public domain
(THIRD_PARTY_NOTICES.md). Writes into --out: ``photo.jpg``, a figure with its
landmarks, head pose and the steps of the cascade; ``video.mp4``, the same
photograph moved, turned and zoomed; and what tools/demo.py writes of a video:
``video_faces.mp4``, ``video.jsonl`` and ``video.csv``.
"""
import os.path as osp
import signal
import sys
from contextlib import closing

import cv2
import numpy as np
from command_line import OneLineParser, run_tool
from matplotlib.cbook import get_sample_data

from spiga_mmpose.apis import SPIGAInferencer, process_video, read_image
from spiga_mmpose.apis.encoding import VideoWriter
from spiga_mmpose.apis.writing import make_folder
from spiga_mmpose.io import write_image
from spiga_mmpose.visualization import WINDOWS_NOTE
from spiga_mmpose.visualization.drawing import PAPER, text_band

PHOTO = 'grace_hopper.jpg'  # 512 x 600 px
HEAD = slice(5, 435), slice(50, 480)  # rows and columns
FACE = (266, 240)  # x, y
# Figure, px: about 1600 wide.
PANEL, GAP, LETTER = 384, 6, 19
QUALITY = 80  # of JPEG
# Video: 3.6 seconds of square frames.
FRAMES, RATE, SIDE = 90, 25, 480
MOST_TURNED = 15  # degrees


def draw_figure(inferencer, photo):
    def framed(image):
        return cv2.copyMakeBorder(image, GAP, GAP, GAP, GAP,
                                  cv2.BORDER_CONSTANT, value=(PAPER, ) * 3)

    large = 2 * (PANEL + GAP)
    head = cv2.resize(
        photo[HEAD], (large, large), interpolation=cv2.INTER_CUBIC)
    result = next(inferencer(head, return_datasamples=True, return_vis=True))
    [face], [drawn] = result['predictions'], result['visualization']
    if not len(face.pred_instances):
        raise ValueError(f'no face found in {PHOTO}')
    panels = inferencer.draw_view(
        'steps', np.ascontiguousarray(head[..., ::-1]), face,
        size=PANEL)['steps']
    panels += [np.full_like(panels[0], PAPER)] * (len(panels) % 2)
    rows = np.split(np.stack([framed(panel) for panel in panels]), 2)
    steps = np.vstack([np.hstack(row) for row in rows])
    figure = np.hstack([framed(drawn), steps])
    note = text_band([WINDOWS_NOTE], figure.shape[1], LETTER)
    return np.vstack([figure, note])


def write_moving(photo, path):
    """Write a video of the photograph as it moves, turns and zooms; the last
    frame leads to the first."""
    photo = np.ascontiguousarray(photo[..., ::-1])
    with closing(VideoWriter(path, RATE, (SIDE, SIDE))) as video:
        for phase in np.linspace(0, 2 * np.pi, FRAMES, endpoint=False):
            once, twice = np.sin([phase, 2 * phase])
            matrix = cv2.getRotationMatrix2D(FACE, MOST_TURNED * once,
                                             1.35 - 0.2 * twice)
            target = SIDE * np.array([0.5 + 0.08 * once, 0.5 - 0.05 * twice])
            matrix[:, 2] += target - FACE
            video.write(cv2.warpAffine(
                photo, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REFLECT))


def show(args):
    make_folder(args.out)
    photo = read_image(get_sample_data(PHOTO, asfileobj=False))
    # Several threads would wait for one another on a busy machine.
    inferencer = SPIGAInferencer(threads=1)
    path = osp.join(args.out, 'photo.jpg')
    write_image(path, draw_figure(inferencer, photo), QUALITY)
    print(f'[demo] {path}: landmarks, head pose and the steps of the '
          'cascade')
    moving = osp.join(args.out, 'video.mp4')
    write_moving(photo, moving)
    done = process_video(inferencer, moving, args.out, name='video')
    if done.interrupted:
        raise KeyboardInterrupt
    return (f'[demo] {done.files[0]}: {done.frames} frames, '
            f'{done.empty} without a face; the numbers are in video.csv')


def main(argv=None):
    parser = OneLineParser('photo_demo.py', __doc__)
    parser.add_argument('--out', default=osp.join('work_dirs', 'demo'))
    return run_tool('photo_demo.py', show, parser.parse_args(argv),
                    'what is written stays')


if __name__ == '__main__':
    # As Ctrl-C: a video that is cut short is a whole file.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
