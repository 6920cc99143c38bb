"""A web page that finds faces, their landmarks and pose in photographs.

    python tools/web_demo.py                             # then open the URL
    python tools/web_demo.py --weights wflw 300w         # offers these
    python tools/web_demo.py --weights mine.pth --config mine.py
    python tools/web_demo.py --det DETECTOR_CONFIG --det-weights WEIGHTS

The page is for this machine alone unless --host says otherwise. Photographs
stay in memory and in a temporary folder, which Ctrl-C removes; see
docs/inference.md. Exit code: 0 ended by Ctrl-C, 2 wrong usage.
"""
import argparse
import os
import os.path as osp
import signal
import sys

import torch
from web_demo import LOCAL, FaceAnalyser, serve

from spiga_mmpose.apis import choose_detector, find_weights
from spiga_mmpose.apis.detection import AUTO, DETECTORS
from spiga_mmpose.apis.weights import DEFAULT, RELEASES, SHIPPED


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add('--weights', nargs='+', default=[DEFAULT],
        metavar=f'{"|".join([*SHIPPED, *RELEASES])}|FILE|URL',
        help="models to choose from: weights by name, any checkpoint's path "
        "or URL (default: photo)")
    add('--config', help='config of the weights that do not tell theirs')
    add('--det', metavar=f'{"|".join(DETECTORS)}|CONFIG', default=AUTO,
        help='a detector to choose beside haar and whole_image (default: '
        'auto, YuNet where its file is at hand or can be fetched, else Haar)')
    add('--det-weights', metavar='FILE',
        help="its checkpoint; YuNet's ONNX file")
    add('--refine', type=int, default=0, metavar='PASSES',
        help='crop again by the landmarks found, so many times (default: '
        '%(default)s)')
    add('--host', default='127.0.0.1',
        help='address to listen at (default: %(default)s, this machine alone; '
        '0.0.0.0: everybody who reaches it, without a password)')
    add('--port', type=int, help='(default: the first free one from 7860)')
    add('--device', default='cuda:0' if torch.cuda.is_available() else 'cpu',
        help='(default: %(default)s)')
    return parser.parse_args(argv)


def find_models(weights, config):
    models = {}
    for given in weights:
        checkpoint, own = find_weights(given)
        if (own or config) is None:
            raise ValueError(f'--weights {given} do not tell their config: '
                             'give --config as well')
        name = osp.basename(given)
        if name in models:  # of another folder
            name = given
        models[name] = (own or config, checkpoint)
    return models


def make_analyser(args):
    detector, weights, reason = args.det, args.det_weights, None
    if detector == AUTO:
        detector, weights, reason = choose_detector(weights)
    detectors = {osp.basename(detector): (detector, weights),
                 'haar': ('haar', None),
                 'whole_image': ('whole_image', None)}
    models = find_models(args.weights, args.config)
    analyser = FaceAnalyser(models, detectors, args.device, args.refine)
    analyser.inferencer(next(iter(models)))
    if reason:
        print(f'note: {reason}', file=sys.stderr)
    return analyser


def main(argv=None):
    args = parse_args(argv)
    # Ended by another program, it cleans up as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    try:
        analyser = make_analyser(args)
        if args.host not in LOCAL:
            print(f'Warning: at {args.host} everybody who reaches this '
                  'machine can use the page, without a password.',
                  file=sys.stderr)
        serve(analyser, args.host, args.port,
              lambda url: print(f'{url} (Ctrl-C ends it)', flush=True))
    except (ValueError, KeyError, TypeError, OSError, RuntimeError,
            ImportError, AssertionError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == '__main__':
    code = main()
    sys.stdout.flush()
    # Not waiting for a photograph that is looked at just now.
    os._exit(code)
