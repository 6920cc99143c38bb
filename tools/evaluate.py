"""Score landmark and head-pose results of any method, without a model.

    python tools/evaluate.py predictions.json annotations.json
    python tools/evaluate.py ours.pkl theirs.json annotations.json \
        --dataset wflw --subsets db_info.json --out results/

What stands beside a file of predictions (results.pkl.json, written by
tools/test.py --dump) goes into caption and metrics.json. See
docs/evaluation.md for the files and for what each number means.
"""
import os
import os.path as osp
from dataclasses import asdict

import numpy as np
from command_line import (OneLineParser, add_scoring_arguments, run_or_error,
                          score_arguments)

from spiga_mmpose.evaluation import functional, report, run_info
from spiga_mmpose.evaluation.figures import draw_ced
from spiga_mmpose.io import staging_folder, to_json, write_whole

BOOTSTRAP = dict(samples=2000, confidence=95, seed=0)


def compare(errors, threshold):
    table = functional.bootstrap_differences(
        np.stack(list(errors.values())), threshold, **BOOTSTRAP)
    keys = ('difference', 'low', 'high')
    _, *others = enumerate(errors)
    return {name: {metric: dict(zip(keys, rows[place].tolist()))
                   for metric, rows in table.items()}
            for place, name in others}


def describe_runs(infos):
    nothing = run_info.RunInfo()
    sentences = [
        f'{name}: config {info.config}, checkpoint {info.checkpoint}, boxes: '
        f'{info.boxes}, flip test: {info.flip_test}, pose: {info.pose}, '
        f'checkpoint selected: {info.selection}.'
        for name, info in infos.items() if info != nothing
    ]
    bare = [name for name, info in infos.items() if info == nothing]
    if bare:
        sentences.append(f'{", ".join(bare)}: nothing is known of boxes, flip '
                         'test and selection of the checkpoint.')
    return ' '.join(sentences)


def describe(settings, results, differences, infos):
    first = next(iter(results.values()))
    guessed = ', guessed' if settings['dataset_guessed'] else ''
    text = (f'{settings["dataset"]} ({settings["landmark_set"]}{guessed}), '
            f'normaliser {settings["norm"]}, '
            f'threshold {settings["threshold"]:g} %; NME, AUC, FR, NPE in '
            'per cent, pose in degrees; '
            f'{first["num_faces"]} faces scored, {first["skipped"]} skipped')
    if settings['divide_by'] == 'all':
        text += '; NME divided by all landmarks, labelled or not'
    posed = {name: result['pose']['num_faces']
             for name, result in results.items() if 'pose' in result}
    if set(posed.values()) - {first['num_faces'] + first['skipped']}:
        # A method must not gain by the poses that it leaves out unsaid.
        text += '; faces with both poses: ' + ', '.join(
            f'{name} {count}' for name, count in posed.items())
    if differences:
        text += (f'; dNME to {next(iter(results))} with its '
                 f'{BOOTSTRAP["confidence"]} % paired bootstrap interval')
    return f'{text}. {describe_runs(infos)}'


def evaluate(args):
    scored = score_arguments(args)
    results = scored.results
    settings = dict(
        annotations=args.annotations, dataset=scored.dataset,
        dataset_guessed=args.dataset is None,
        landmark_set=scored.protocol.landmark_set, norm=scored.norm,
        threshold=scored.threshold, divide_by=scored.protocol.divide_by)
    infos = dict(zip(results, map(run_info.read_run_info, args.predictions)))
    errors, differences = scored.finite_errors, None
    if len(results) > 1:
        differences = compare(errors, scored.threshold)
    table = report.build_table(results, differences)
    caption = describe(settings, results, differences, infos)
    print(report.to_text(table))
    print(caption)
    if not args.out:
        return
    methods = {name: dict(run=asdict(infos[name]), **result)
               for name, result in results.items()}
    first, *_ = methods
    if differences:
        comparison = dict(reference=first, **BOOTSTRAP,
                          differences=differences)
        content = dict(settings, methods=methods, comparison=comparison)
    else:
        content = dict(settings, method=first, **methods[first])
    os.makedirs(args.out, exist_ok=True)
    files = {'metrics.json': to_json(content),
             'metrics.csv': report.to_csv(table),
             'metrics.md': report.to_markdown(table, caption),
             'metrics.tex': report.to_latex(table, caption)}
    with staging_folder(args.out) as staging:  # all of them, or none
        for name, text in files.items():
            write_whole(osp.join(staging, name), text)
        draw_ced(errors, scored.threshold, scored.norm,
                 osp.join(staging, 'ced.png'))


def main(argv=None):
    parser = OneLineParser('evaluate.py', __doc__)
    add_scoring_arguments(parser)
    parser.add_argument(
        '--out', metavar='DIR',
        help='write metrics.json, .csv, .md, .tex and ced.png there')
    return run_or_error(parser, evaluate, argv)


if __name__ == '__main__':
    main()
