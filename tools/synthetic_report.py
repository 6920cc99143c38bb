"""Report of training on synthetic faces: the last part of `make demo`.

    python tools/synthetic_report.py [--out DIR]

Evaluates the training of ``configs/spiga_synthetic.py`` in DIR/training and
the checkpoint that was trained for longer on synthetic faces that neither has
seen, prints one table, and writes into --out: ``table.md``, ``metrics.json``,
``faces.jpg`` (truth, steps 0 to S and pose axes), ``ced.png`` and the
predictions with what made them, as ``tools/test.py --dump`` writes both.
Everything here is about synthetic faces and says nothing about accuracy on
photographs.
"""
import os.path as osp
import re
import sys

import numpy as np
from command_line import OneLineParser, run_tool
from mmengine.config import Config
from mmengine.fileio import dump
from mmengine.runner import Runner

from spiga_mmpose.apis import evaluate_model, load_model
from spiga_mmpose.evaluation.figures import draw_ced
from spiga_mmpose.evaluation.functional import (face_nme, norm_lengths,
                                                normalized_errors)
from spiga_mmpose.evaluation.report import to_markdown
from spiga_mmpose.evaluation.run_info import describe_run, write_run_info
from spiga_mmpose.io import write_image, write_json, write_whole
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.visualization import face_panel, make_grid, step_panels

REPO = osp.dirname(osp.dirname(osp.abspath(__file__)))
SHORT = osp.join(REPO, 'configs', 'spiga_synthetic.py')
LONG = osp.join(REPO, 'configs', 'spiga_synthetic_long.py')
LONG_WEIGHTS = osp.join(REPO, 'checkpoints', 'spiga_synthetic_long.pth')
GRID_FACES = 8  # from the best to the worst
LANDMARK_SET = load_landmark_set('wflw_98')


def trained_checkpoint(work_dir):
    epochs = sum(stage.length for stage in Config.fromfile(SHORT).stages)
    path = osp.join(work_dir, f'epoch_{epochs}.pth')
    if not osp.isfile(path):
        raise ValueError(
            f'no checkpoint of a finished training in {work_dir}: expected '
            f'{osp.basename(path)}; make it with tools/train.py '
            f'{osp.relpath(SHORT)} --work-dir {work_dir}')
    return path


def evaluate(name, config, checkpoint):
    model = load_model(config, checkpoint, 'cpu')
    info = describe_run(model.cfg, osp.relpath(config),
                        osp.relpath(checkpoint), {})
    loader = Runner.build_dataloader(model.cfg.test_dataloader)
    metrics, samples = evaluate_model(model, loader, f'[demo] {name}, cascade')
    model.test_cfg = dict(model.test_cfg or {}, predict_by='maps')
    maps, _ = evaluate_model(model, loader, f'[demo] {name}, soft-argmax')
    metrics.update({f'maps/{key}': value for key, value in maps.items()})
    return dict(
        metrics=metrics, samples=samples, dataset=loader.dataset, info=info)


def write_predictions(results, folder):
    for name, result in results.items():
        path = osp.join(folder, f'{name.replace(" ", "_")}.pkl')
        dump(result['samples'], path)
        write_run_info(path, result['info'])


def make_table(results):
    metrics = [result['metrics'] for result in results.values()]
    keys = list(metrics[0])
    subsets = sorted(
        key.split('/')[0] for key in keys if key.endswith('/NPE90')
        and key.count('/') == 1 and not key.startswith(('corners', 'maps')))
    rows = [('NME box', 'NME'), ('AUC10', 'AUC10'), ('FR10', 'FR10'),
            ('NPE90', 'NPE90'), ('NME inter-ocular', 'corners/NME')]
    rows += [(f'{subset}: {key}', f'{subset}/{key}') for subset in subsets
             for key in ('NME', 'AUC10', 'FR10', 'NPE90')]
    steps = sum(bool(re.fullmatch(r'step\d+/NME', key)) for key in keys)
    rows += [(f'NME box, step {step}', f'step{step}/NME')
             for step in range(steps)]
    rows += [("NME box, backbone's soft-argmax", 'maps/NME'),
             ("occlusion: NME, backbone's soft-argmax", 'maps/occlusion/NME')]
    rows += [(f'pose MAE {angle} (degrees)', f'MAE_{angle}')
             for angle in ('yaw', 'pitch', 'roll')]
    rows.append(('pose MAE mean (degrees)', 'MAE'))
    table = [['synthetic faces, %', *results]]
    table += [[label, *(f'{values[key]:.2f}' if key in values else 'not run'
                        for values in metrics)] for label, key in rows]
    return to_markdown(table, 'Step 0 is the projected head model.')


def box_errors(samples):
    """(N,) NME of each face over the size of its landmark box, per cent."""
    predicted, true = (np.concatenate([s[part]['keypoints'] for s in samples])
                       for part in ('pred_instances', 'gt_instances'))
    labelled = np.ones(true.shape[:2], bool)
    boxes = np.concatenate([true.min(1), true.max(1)], 1)
    lengths = norm_lengths('lnd_bbox', true, labelled, boxes, LANDMARK_SET)
    return face_nme(normalized_errors(predicted, true, labelled, lengths))


def draw_grid(result, path):
    samples, dataset = result['samples'], result['dataset']
    errors = box_errors(samples)
    order = np.argsort(errors)
    places = np.linspace(0, len(order) - 1, GRID_FACES).round().astype(int)
    rows, captions = [], []
    for index in order[places]:
        sample, prediction = samples[index], samples[index]['pred_instances']
        image = dataset.get_data_info(int(index))['img'][..., ::-1]
        image = np.ascontiguousarray(image)
        truth = sample['gt_instances']['keypoints'][0]
        steps = []
        if 'landmark_steps' in prediction:
            steps = step_panels(image, prediction['landmark_steps'][0],
                                LANDMARK_SET, truth)
        rows.append([face_panel(image, truth, LANDMARK_SET), *steps,
                     face_panel(image, prediction['keypoints'][0],
                                LANDMARK_SET, prediction['head_poses'][0])])
        captions.append(f'NME {errors[index]:.1f} % of the box; '
                        f'{", ".join(sample["subsets"]) or "plain"}')
    steps = [f'step {step}' for step in range(len(rows[0]) - 2)]
    headings = ['truth', *steps, 'result and pose']
    write_image(path, make_grid(rows, headings, captions))


def report(args):
    checkpoint = trained_checkpoint(osp.join(args.out, 'training'))
    results = {'ten minutes': evaluate('ten minutes', SHORT, checkpoint),
               'long': evaluate('long', LONG, LONG_WEIGHTS)}
    table = make_table(results)
    print(table)
    write_whole(osp.join(args.out, 'table.md'), table)
    write_json({k: v['metrics'] for k, v in results.items()},
               osp.join(args.out, 'metrics.json'))
    write_predictions(results, args.out)
    draw_ced({k: box_errors(v['samples'])
              for k, v in results.items()}, 10, 'landmark box',
             osp.join(args.out, 'ced.png'))
    draw_grid(results['ten minutes'], osp.join(args.out, 'faces.jpg'))
    draw_grid(results['long'], osp.join(args.out, 'faces_long.jpg'))
    return (f'[demo] wrote table.md, metrics.json, faces.jpg, faces_long.jpg, '
            f'ced.png, ten_minutes.pkl, long.pkl and .pkl.json into '
            f'{args.out}')


def main(argv=None):
    parser = OneLineParser('synthetic_report.py', __doc__)
    parser.add_argument('--out', default=osp.join('work_dirs', 'demo'))
    return run_tool('synthetic_report.py', report, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
