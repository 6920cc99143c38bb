"""Write a trained model as a file that needs neither this package nor torch.

    python tools/deployment/export.py CONFIG CHECKPOINT --format onnx \\
        --out spiga.onnx
    python tools/deployment/export.py CONFIG CHECKPOINT --format openvino \\
        --precision bf16 --out spiga.xml       # the weights in spiga.bin
    python tools/deployment/export.py CONFIG CHECKPOINT --format openvino \\
        --precision int8 --out spiga.xml       # calibrated on training faces

What goes in and out, and 20 lines that use such a file: docs/deployment.md.
Needs the packages of requirements/deploy.txt.
"""
import argparse
import sys

import tools_path  # noqa: F401
from command_line import OneLineParser, run_tool

from spiga_mmpose.apis import load_model
from spiga_mmpose.deployment import export_model
from spiga_mmpose.deployment.quantize import CALIBRATION_FACES

SUFFIXES = dict(onnx='.onnx', openvino='.xml')


def parse_args(argv=None):
    parser = OneLineParser('export.py', __doc__)
    add = parser.add_argument
    add('config', help='config of the model')
    add('checkpoint', help='weights of that config')
    add('--format', choices=SUFFIXES, required=True)
    add('--out', required=True, metavar='FILE',
        help='file to write: .onnx, or .xml for openvino')
    add('--precision', choices=['fp32', 'bf16', 'fp16', 'int8'],
        default='fp32',
        help='of convolutions, window features and graph attention; pose and '
        'coordinates are always fp32; of int8 the convolutions alone '
        '(default: fp32; bf16 and int8: openvino alone)')
    add('--calibration-faces', type=int, metavar='N',
        help="faces of the config's training data set that int8 sees its "
        f'ranges on (default: {CALIBRATION_FACES})')
    add('--batch', type=_batch, default=None, metavar='dynamic|N',
        help='faces a call (default: dynamic, any number)')
    add('--attention', action='store_true',
        help='give the attention of every layer out as well')
    args = parser.parse_args(argv)
    if not args.out.endswith(SUFFIXES[args.format]):
        parser.error(f'--out {args.out}: a file of the format {args.format} '
                     f'must end in {SUFFIXES[args.format]}')
    if args.calibration_faces is None:
        args.calibration_faces = CALIBRATION_FACES
    elif args.precision != 'int8':
        parser.error('--calibration-faces: only with --precision int8')
    return args


def _batch(text):
    if text == 'dynamic':
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f'expected dynamic or a number above 0, found {text!r}')
    return int(text)


def export(args):
    model = load_model(args.config, args.checkpoint, 'cpu')
    if model.cfg.model.get('test_cfg', {}).get('flip_test'):
        print('Note: the config averages each face with its mirror image '
              '(flip_test); the exported graph does not.', file=sys.stderr)
    info = export_model(model, args.out, args.precision, args.batch,
                        args.attention, args.calibration_faces)
    batch = 'any number of' if info.batch is None else info.batch
    said = f', on {info.calibration}' if info.calibration else ''
    return (f'wrote {args.out}: {info.num_landmarks} landmarks of {batch} '
            f'faces a call, {info.input_size} px, {info.precision}{said}')


def main(argv=None):
    return run_tool('export.py', export, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
