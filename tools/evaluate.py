"""Score landmark and head-pose results of any method, without a model.

    python tools/evaluate.py predictions.json annotations.json
    python tools/evaluate.py ours.pkl theirs.json annotations.json \
        --dataset wflw --subsets db_info.json --out results/

See docs/evaluation.md for the files and for what each number means.
"""
import argparse
import os
import os.path as osp
import sys
import warnings

# MMEngine's import of it would break the promise of one clear line.
warnings.filterwarnings('ignore', message='pkg_resources is deprecated')

import numpy as np  # noqa: E402

from spiga_mmpose.evaluation import functional, io, report  # noqa: E402
from spiga_mmpose.evaluation.figures import draw_ced  # noqa: E402
from spiga_mmpose.evaluation.protocols import PROTOCOLS  # noqa: E402
from spiga_mmpose.evaluation.score import score  # noqa: E402
from spiga_mmpose.landmark_sets import load_landmark_set  # noqa: E402

BOOTSTRAP = dict(samples=2000, confidence=95, seed=0)


class Parser(argparse.ArgumentParser):
    """Ends with one clear line, without the usage before it."""

    def error(self, message):
        fail(message)


def fail(message):
    """One line on stderr, exit code 2."""
    print(f'evaluate.py: error: {" ".join(str(message).split())}',
          file=sys.stderr)
    sys.exit(2)


def threshold_value(text):
    """A positive number of per cent."""
    try:
        value = float(text)
    except ValueError:
        value = 0.
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(
            f'expected a positive number of per cent, found {text!r}')
    return value


def parse_args(argv):
    parser = Parser(
        description='Score face-landmark and head-pose results as published.')
    parser.add_argument(
        'predictions',
        nargs='+',
        help='results: benchmark JSON, or the pickle of tools/test.py --dump; '
        'several are compared with the first')
    parser.add_argument(
        'annotations',
        help='truth: benchmark JSON, or such a pickle (its ground truth)')
    parser.add_argument(
        '--dataset',
        choices=list(PROTOCOLS),
        help='whose usual normaliser, threshold and divisor to take; told by '
        'the landmarks if not given (98: wflw, 68: 300w)')
    parser.add_argument(
        '--norm',
        choices=functional.NORMS,
        help='normaliser, instead of the usual one')
    parser.add_argument(
        '--threshold',
        type=threshold_value,
        help='of AUC and FR in per cent, instead of the usual one')
    parser.add_argument(
        '--subsets',
        metavar='FILE',
        help='JSON: name -> face indices, or a db_info.json with test_subsets')
    parser.add_argument(
        '--out',
        metavar='DIR',
        help='write metrics.json, .csv, .md, .tex and ced.png there')
    return parser.parse_args(argv)


def evaluate(args):
    """Score all files; returns results, per-face errors and settings."""
    records = io.load_records(args.annotations)
    dataset = args.dataset or io.guess_dataset(records, args.annotations)
    protocol = PROTOCOLS[dataset]
    landmark_set = load_landmark_set(protocol.landmark_set)
    annotations = io.read_faces(args.annotations, records, landmark_set,
                                'annotations')
    del records
    norm = args.norm or protocol.norm
    threshold = args.threshold or protocol.threshold(norm)
    subsets = annotations.subsets
    if args.subsets:
        subsets = io.read_subsets(args.subsets, len(annotations))

    results, errors = {}, {}
    names = io.short_names(args.predictions)
    for name, path in zip(names, args.predictions):
        predictions = io.read_faces(path, io.load_records(path), landmark_set,
                                    'predictions')
        results[name], errors[name] = score(
            predictions, annotations, io.match_faces(predictions, annotations),
            protocol, norm, threshold, subsets)
    settings = dict(
        annotations=args.annotations,
        dataset=dataset,
        dataset_guessed=args.dataset is None,
        landmark_set=protocol.landmark_set,
        norm=norm,
        threshold=threshold,
        divide_by=protocol.divide_by)
    # What is skipped hangs on the annotations alone: the same for all.
    errors = {name: e[np.isfinite(e)] for name, e in errors.items()}
    return results, errors, settings


def compare(errors, threshold):
    """Differences to the first method with bootstrap intervals."""
    table = functional.bootstrap_differences(
        np.stack(list(errors.values())), threshold, **BOOTSTRAP)
    keys = ('difference', 'low', 'high')
    return {
        name: {
            metric: dict(zip(keys, rows[place].tolist()))
            for metric, rows in table.items()
        }
        for place, name in enumerate(errors) if place
    }


def describe(settings, results, differences):
    """The caption: what a number without it would not tell."""
    first = next(iter(results.values()))
    guessed = ', guessed' if settings['dataset_guessed'] else ''
    text = (f'{settings["dataset"]} ({settings["landmark_set"]}{guessed}), '
            f'normaliser {settings["norm"]}, '
            f'threshold {settings["threshold"]:g} %; NME, AUC, FR, NPE in '
            'per cent, pose in degrees; '
            f'{first["num_faces"]} faces scored, {first["skipped"]} skipped')
    if settings['divide_by'] == 'all':
        text += '; NME divided by all landmarks, labelled or not'
    if differences:
        text += (f'; dNME to {next(iter(results))} with its '
                 f'{BOOTSTRAP["confidence"]} % paired bootstrap interval')
    return text + '.'


def write(folder, results, errors, settings, differences, table, caption):
    """All the files of ``--out``."""
    os.makedirs(folder, exist_ok=True)
    if differences:
        content = dict(
            settings,
            methods=results,
            comparison=dict(
                reference=next(iter(results)),
                **BOOTSTRAP,
                differences=differences))
    else:
        (name, result), = results.items()
        content = dict(settings, method=name, **result)
    files = {
        'metrics.json': report.to_json(content),
        'metrics.csv': report.to_csv(table),
        'metrics.md': report.to_markdown(table, caption),
        'metrics.tex': report.to_latex(table, caption),
    }
    for name, text in files.items():
        with open(osp.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(text)
    draw_ced(errors, settings['threshold'], settings['norm'],
             osp.join(folder, 'ced.png'))


def main(argv=None):
    args = parse_args(argv)
    try:
        results, errors, settings = evaluate(args)
        differences = None
        if len(results) > 1:
            differences = compare(errors, settings['threshold'])
        table = report.build_table(results, differences)
        caption = describe(settings, results, differences)
        print(report.to_text(table))
        print(caption)
        if args.out:
            write(args.out, results, errors, settings, differences, table,
                  caption)
    except (ValueError, OSError) as error:
        fail(error)


if __name__ == '__main__':
    main()
