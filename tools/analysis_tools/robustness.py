"""NME of a checkpoint under corruptions of its test faces.

Tests the checkpoint on the test set of its config again and again, with the
box moved, scaled or turned, the face covered, blurred, noisy, compressed,
dark or small, each in five levels; and, with --boxes, with the boxes of the
true landmarks, of the annotation and of detectors, each also with --refine
more passes by the landmarks of the pass before. Writes into --out:
results.json (after every level, so that an interrupted run keeps what it
has), table.md, robustness.png and examples.png (one face under every level).

Example:
    python tools/analysis_tools/robustness.py \\
        configs/spiga_synthetic_long.py checkpoints/spiga_synthetic_long.pth \\
        --out work_dirs/robustness --boxes --max-faces 200
    python tools/analysis_tools/robustness.py CONFIG CHECKPOINT --out OUT \\
        --corruptions --boxes --det yunet haar --refine 1 --cfg-options \\
        test_dataloader.dataset.ann_file=val.json
"""
import os
import os.path as osp
import sys
import warnings

import tools_path  # noqa: F401
from cfg_options import merge_checked
from command_line import OneLineParser, add_cfg_options, positive, run_tool
from face_set import MIN_IOU, FaceSet, collect_boxes, landmark_metric, measure
from mmpose.registry import METRICS
from tqdm import tqdm

from spiga_mmpose.apis import load_model, make_finder
from spiga_mmpose.apis.detection import DETECTORS
from spiga_mmpose.apis.estimation import check_refine
from spiga_mmpose.datasets.transforms import CORRUPTIONS
from spiga_mmpose.evaluation.figures import per_cent_of, robustness
from spiga_mmpose.evaluation.report import to_markdown
from spiga_mmpose.io import write_json, write_whole


def parse_args(argv=None):
    parser = OneLineParser('robustness.py', __doc__)
    add = parser.add_argument
    add('config', help='config of the model and its test set')
    add('checkpoint')
    add('--out', required=True, metavar='DIR', help='folder for the results')
    add('--corruptions', nargs='*', default=list(CORRUPTIONS), metavar='NAME',
        help=f'some of {", ".join(CORRUPTIONS)} (default: all; with no name '
        'after it: none)')
    add('--boxes', action='store_true',
        help="compare the truth's, the annotated and detectors' boxes")
    add('--det', nargs='+', default=['haar'],
        metavar='|'.join(DETECTORS) + '|CONFIG',
        help='with --boxes: detectors, by name or by their MMDet configs '
        '(default: haar)')
    add('--det-weights', metavar='FILE',
        help="checkpoint of the first detector; YuNet's ONNX file")
    add('--refine', type=int, default=0, metavar='PASSES',
        help='with --boxes: also crop again by the landmarks found, up to so '
        'many times (default: %(default)s)')
    add('--max-faces', type=positive, metavar='N',
        help='only the first N faces of the test set')
    add('--seed', type=int, default=0, help='of what is drawn at random')
    add('--device', default='cpu')
    add_cfg_options(parser)
    args = parser.parse_args(argv)
    args.corruptions = list(dict.fromkeys(args.corruptions))
    unknown = sorted(set(args.corruptions) - set(CORRUPTIONS))
    if unknown:
        parser.error(f'--corruptions: {unknown} are unknown; expected some '
                     f'of {list(CORRUPTIONS)}')
    if not (args.corruptions or args.boxes):
        parser.error('nothing to do: --corruptions without a name needs '
                     '--boxes')
    return args


class Run:

    def __init__(self, args):
        self.args = args
        check_refine(args.refine)
        self.model = load_model(args.config, args.checkpoint, args.device)
        merge_checked(self.model.cfg, args.cfg_options)
        self.metric = landmark_metric(self.model.cfg.get('test_evaluator'))
        self.faces = FaceSet(
            self.model.cfg.get('test_dataloader'), args.max_faces)
        self.finders = {}
        if args.boxes:  # now, not after an hour of corruptions
            # MMDet warns of a detector that is meant to have no weights.
            with warnings.catch_warnings(record=True):
                for name in args.det:
                    self.finders[name] = make_finder(
                        name, None if self.finders else args.det_weights,
                        args.device)
        metric = METRICS.build(dict(self.metric))
        self.results = dict(config=args.config, checkpoint=args.checkpoint,
                            norm=metric.norm, threshold=metric.threshold,
                            faces=len(self.faces), seed=args.seed, clean=None,
                            corruptions={})

    def step(self, name, level):
        return dict(type=CORRUPTIONS[name], level=level, seed=self.args.seed)

    def measure(self, bar, step, places=None, boxes=None):
        return measure(self.model, self.faces.loader(step, places),
                       self.metric, bar.update, boxes)

    def corrupt(self):
        plan = [(name, level) for name in self.args.corruptions
                for level, _ in enumerate(CORRUPTIONS[name].amounts, 1)]
        with tqdm(total=len(self.faces) * (1 + len(plan)), unit='face') as bar:
            bar.set_description('clean')
            self.results['clean'] = self.measure(bar, None)
            self.write_results()
            for name, level in plan:
                bar.set_description(f'{name}, level {level}')
                kind = CORRUPTIONS[name]
                entry = self.results['corruptions'].setdefault(
                    name, dict(unit=kind.unit, levels=[]))
                entry['levels'].append(
                    dict(level=level, amount=kind.amounts[level - 1],
                         metrics=self.measure(bar, self.step(name, level))))
                self.write_results()

    def compare_detector(self, name, find):
        with tqdm(total=len(self.faces), unit='face', desc=name) as bar:
            boxes = collect_boxes(
                self.faces, lambda image: find(image)[0], bar.update)
        parts = dict(found=[], missed=[])
        for place, key in enumerate(boxes['truth']):
            part = 'found' if key in boxes['detector'] else 'missed'
            parts[part].append(place)
        counts = {part: len(places) for part, places in parts.items()}
        result = dict(min_iou=MIN_IOU, **counts,
                      recall=100 * counts['found'] / len(self.faces), kinds={})
        self.results.setdefault('boxes', {})[name] = result
        plan = [(kind, part) for kind in boxes for part in parts
                if counts[part] and (kind, part) != ('detector', 'missed')]
        passes = 1 + self.args.refine
        total = passes * sum(counts[part] for _, part in plan)
        with tqdm(total=total, unit='face') as bar:
            for kind, part in plan:
                bar.set_description(f'{kind} boxes, {part} faces')
                crops = dict(boxes[kind])
                for number in range(passes):
                    title = f'{kind}, refine {number}' if number else kind
                    step = dict(type='CropByBox', boxes=dict(crops))
                    result['kinds'].setdefault(title, {})[part] = self.measure(
                        bar, step, parts[part], crops)
                    self.write_results()

    def write_results(self):
        write_json(self.results, osp.join(self.args.out, 'results.json'))

    def write_reports(self):
        results = self.results
        tables = [box_table(results, name)
                  for name in results.get('boxes', ())]
        if results['corruptions']:
            tables.insert(0, corruption_table(results))
        text = '\n'.join(to_markdown(*table) for table in tables)
        write_whole(osp.join(self.args.out, 'table.md'), text)
        panels = make_panels(results)
        if panels:
            label = (f'NME of {results["faces"]} faces\n'
                     f'({per_cent_of(results["norm"])})')
            robustness.draw_panels(panels, label,
                                   osp.join(self.args.out, 'robustness.png'))
        return text

    def write_examples(self):
        """The first face, as the network gets it, under every corruption."""
        rows = []
        for name in self.args.corruptions:
            images = []
            for level, amount in enumerate(ticks(CORRUPTIONS[name].amounts)):
                face = self.faces.harmed_by(self.step(name, level))[0]
                image = face['inputs'].permute(1, 2, 0).numpy()[..., ::-1]
                images.append((amount, image))
            rows.append((CORRUPTIONS[name].unit, images))
        if rows:
            robustness.draw_examples(
                rows, osp.join(self.args.out, 'examples.png'))


def ticks(amounts):
    """Words for level 0 and the others."""
    return ['none', *(f'{amount:g}' for amount in amounts)]


def nme_by_method(found):
    """NME (%) of one measurement by how the landmarks were made."""
    result = found['result']
    if 'step0/NME' not in result:
        return {'prediction': result['NME']}
    values = {'last step': result['NME']}
    if 'maps' in found:
        values['soft-argmax'] = found['maps']['NME']
    values['projected head model (step 0)'] = result['step0/NME']
    return values


def series(results, name):
    levels = results['corruptions'][name]['levels']
    rows = [nme_by_method(found) for found in
            (results['clean'], *(level['metrics'] for level in levels))]
    return {method: [row[method] for row in rows] for method in rows[0]}


def corruption_table(results):
    rows = []
    for name, entry in results['corruptions'].items():
        _, *amounts = ticks(level['amount'] for level in entry['levels'])
        levels = [f'level {level["level"]}' for level in entry['levels']]
        rows = rows or [['corruption', 'landmarks', 'none', *levels]]
        text = f'{entry["unit"]}: {", ".join(amounts)}'
        rows += [[text, method, *values]
                 for method, values in series(results, name).items()]
    return rows, caption(results, results['clean'])


def box_table(results, detector):
    boxes = results['boxes'][detector]
    rows = [['boxes', 'landmarks', 'found faces', 'missed faces']]
    for kind, parts in boxes['kinds'].items():
        found, missed = (nme_by_method(parts[part]) if part in parts else {}
                         for part in ('found', 'missed'))
        rows += [[kind, name, found.get(name), missed.get(name)]
                 for name in {**found, **missed}]
    text = (f'The detector ({detector}) found {boxes["found"]} of '
            f'{results["faces"]} faces (recall {boxes["recall"]:.1f} %, IoU '
            f'at least {boxes["min_iou"]:g} with the tight box of the true '
            'landmarks). ')
    return rows, text + caption(results, *boxes['kinds']['truth'].values())


def caption(results, *measured):
    skipped = sum(found['result'].get('skipped', 0) for found in measured)
    return (f'NME in per cent, normaliser {results["norm"]}; '
            f'{results["config"]}, {results["checkpoint"]}; '
            f'{results["faces"] - skipped} faces scored, {skipped} skipped; '
            f'seed {results["seed"]}.')


def make_panels(results):
    panels = [
        robustness.Panel(entry['unit'],
                         ticks(level['amount'] for level in entry['levels']),
                         series(results, name))
        for name, entry in results['corruptions'].items()
    ]
    for detector, boxes in results.get('boxes', {}).items():
        if boxes['found']:
            found = {kind.replace(', ', '\n'): nme_by_method(parts['found'])
                     for kind, parts in boxes['kinds'].items()}
            values = {method: [part[method] for part in found.values()]
                      for method in found['truth']}
            panels.append(robustness.Panel(
                f'box from (the {boxes["found"]} faces of '
                f'{results["faces"]} that {detector} finds)', list(found),
                values, joined=False))
    return panels


def run(args):
    os.makedirs(args.out, exist_ok=True)
    measured = Run(args)
    measured.write_examples()
    if args.corruptions:
        measured.corrupt()
        table = measured.write_reports()
    for name, find in measured.finders.items():
        measured.compare_detector(name, find)
        table = measured.write_reports()
    return table


def main(argv=None):
    args = parse_args(argv)
    return run_tool(
        'robustness.py', run, args, 'what was measured until then is in '
        f'{osp.join(args.out, "results.json")}')


if __name__ == '__main__':
    sys.exit(main())
