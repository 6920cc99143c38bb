"""Fit the shift and scale from a detector's boxes to landmark boxes.

    python tools/analysis_tools/calibrate_boxes.py haar CONFIG \\
        --out haar.json
    python tools/analysis_tools/calibrate_boxes.py DETECTOR_CONFIG \\
        configs/spiga_wflw.py --det-weights WEIGHTS --out mine.json \\
        --cfg-options test_dataloader.dataset.data_root=elsewhere/
    python tools/analysis_tools/calibrate_boxes.py haar OTHER_CONFIG \\
        --check haar.json --out checked.json

Runs the detector on the test images of a config, takes for each annotated
face the box that covers it best, and writes the median shift and scale as
JSON, which tools/demo.py --box-calibration and SPIGAInferencer read. It also
tells how far the boxes are off before and after; "after" is of faces left out
of the fit. With --check nothing is fitted: it tells the same of a calibration
on other faces. What for: docs/boxes.md.
"""
import sys
import warnings

import numpy as np
import tools_path  # noqa: F401
from cfg_options import merge_checked
from command_line import OneLineParser, add_cfg_options, run_tool
from face_set import FaceSet, collect_boxes
from mmengine.config import Config
from mmengine.registry import init_default_scope
from tqdm import tqdm

from spiga_mmpose.apis import (BoxCalibration, fit_calibration,
                               load_calibration, make_finder)
from spiga_mmpose.apis.calibration import box_errors, left_out_boxes
from spiga_mmpose.apis.detection import DETECTORS
from spiga_mmpose.io import write_json


def find_pairs(args):
    """Boxes (N, 4) of the detector and of the landmarks, and all faces."""
    config = Config.fromfile(args.data)
    merge_checked(config, args.cfg_options)
    init_default_scope(config.get('default_scope', 'mmpose'))
    faces = FaceSet(config.get('test_dataloader'), args.max_faces)
    # As the detector draws them, whatever calibration its config has.
    find = make_finder(args.detector, args.det_weights, args.device,
                       BoxCalibration())
    with tqdm(total=len(faces), unit='face') as bar:
        boxes = collect_boxes(faces, lambda image: find(image)[0], bar.update)
    found = list(boxes['detector'])
    if not found:
        raise ValueError(f'{args.detector} finds none of the {len(faces)} '
                         f'faces of {args.data}')
    pairs = (np.array([boxes[kind][key] for key in found], np.float64)
             for kind in ('detector', 'truth'))
    return (*pairs, len(faces))


def calibrate(args):
    given = args.check and load_calibration(args.check)
    detected, truth, total = find_pairs(args)
    calibration = given or fit_calibration(detected, truth)
    result = dict(
        detector=args.detector, data=args.data, faces=total,
        found=len(detected), shift=np.round(calibration.shift, 4).tolist(),
        scale=np.round(calibration.scale, 4).tolist(),
        before=box_errors(detected, truth))
    if given:
        result['after'] = box_errors(given.apply(detected), truth)
    elif len(detected) > 1:
        result['after'] = box_errors(left_out_boxes(detected, truth), truth)
    return result


def describe(result):
    lines = [f'{result["detector"]} finds {result["found"]} of '
             f'{result["faces"]} faces',
             'shift {:.3f} widths right, {:.3f} heights down; scale {:.3f} x '
             '{:.3f}'.format(*result['shift'], *result['scale']),
             f'{"":<6}  {"IoU":>6} {"centre":>6} {"size":>6}  '
             f'{"shift right":>15} {"down":>15} {"scale":>15}']
    for name in ('before', 'after'):
        if name in result:
            errors = result[name]
            spreads = zip([*errors['shift'], errors['scale']],
                          [*errors['shift_sd'], errors['scale_sd']])
            lines.append('{:<6}  {iou:6.3f} {center:6.3f} {size:6.3f}  {}'
                         .format(name, ' '.join(f'{mean:6.3f} +- {sd:5.3f}'
                                                for mean, sd in spreads),
                                 **errors))
    lines.append('IoU, centre, size: medians; shift and scale: mean +- '
                 'standard deviation; in longer sides of the landmark box')
    return '\n'.join(lines)


def run(args):
    with warnings.catch_warnings():
        # MMDet warns of a detector without weights, which is meant so.
        warnings.simplefilter('ignore')
        result = calibrate(args)
    write_json(result, args.out)
    return f'{describe(result)}\nwrote {args.out}'


def main(argv=None):
    parser = OneLineParser('calibrate_boxes.py', __doc__)
    add = parser.add_argument
    add('detector', metavar=f'{"|".join(DETECTORS)}|CONFIG',
        help='as --det of tools/demo.py')
    add('data', help='config whose test images are annotated')
    add('--out', required=True, metavar='FILE', help='JSON to write')
    add('--check', metavar='FILE',
        help='apply this calibration instead of fitting one')
    add('--det-weights', metavar='FILE',
        help="the detector's checkpoint; YuNet's ONNX file")
    add('--max-faces', type=int, help='only the first so many (default: all)')
    add('--device', default='cpu', help='(default: cpu)')
    add_cfg_options(parser)
    return run_tool('calibrate_boxes.py', run, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
