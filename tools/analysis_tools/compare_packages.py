"""Other face-landmark packages and our checkpoints on one annotation file.

    python tools/analysis_tools/compare_packages.py annotations.json \\
        dlib=dlib.json mediapipe=mediapipe.json \\
        ours=configs/spiga_300w_json.py:300w.pth \\
        --data-root images --out work_dirs/packages

NAME=FILE is a results file of tools/evaluate.py, published or written by
tools/analysis_tools/peers. NAME=CONFIG.py:CHECKPOINT is run here, by the
tight box of the true landmarks, a face at a time on one CPU thread, and kept
in --out/predictions. Writes comparison.md, comparison.json and a CED figure
for all landmarks, the inner ones and the contour. See docs/photographs.md.
"""
import argparse
import os
import os.path as osp
import re
import sys
import time

import numpy as np
import tools_path  # noqa: F401
from command_line import OneLineParser, add_dataset_argument, run_tool
from tqdm import tqdm

from spiga_mmpose.apis.estimation import (estimate_faces, faces_to_dicts,
                                          landmark_set_name)
from spiga_mmpose.apis.formats import make_record, to_benchmark, wflw_to_300w
from spiga_mmpose.apis.library_lines import without_expected_warnings
from spiga_mmpose.apis.loading import load_estimator
from spiga_mmpose.datasets.transforms.loading import LoadFaceImage
from spiga_mmpose.evaluation import report
from spiga_mmpose.evaluation.face_files import load_records
from spiga_mmpose.evaluation.figures import draw_ced
from spiga_mmpose.evaluation.functional import (alignment_summary, face_nme,
                                                percentile_error)
from spiga_mmpose.evaluation.protocols import protocol_of
from spiga_mmpose.evaluation.score import (MISSED_ERROR, landmark_errors,
                                           missed_faces, read_annotations,
                                           score_files)
from spiga_mmpose.io import as_array, write_json, write_whole


def _method(text):
    """Name and what stands behind it; the name becomes that of a file."""
    name, _, value = text.partition('=')
    if not (re.fullmatch(r'\w[\w .+-]*', name) and value):
        raise argparse.ArgumentTypeError(
            'expected NAME=FILE or NAME=CONFIG.py:CHECKPOINT, the name of '
            f'letters, digits, spaces and . + - _, found {text!r}')
    return name, value


def predict(config, checkpoint, args):
    dataset, truth = read_annotations(args.annotations, args.dataset)
    wanted = protocol_of(dataset).landmark_set
    model = load_estimator(checkpoint, config, 'cpu', threads=1)
    given = landmark_set_name(model)
    load = LoadFaceImage()
    faces = []
    for face in tqdm(range(len(truth)), unit='face', disable=None):
        path = osp.join(args.data_root, truth.names[face] or '')
        image = load(dict(img_path=path))['img']
        points = truth.landmarks[face, truth.labelled[face]]
        if len(points) < 2:
            raise ValueError(f'{truth.describe(face)}: fewer than two '
                             'landmarks have no box')
        box = np.concatenate([points.min(0), points.max(0)])
        start = time.process_time()
        sample = estimate_faces(model, image, box[None])
        seconds = time.process_time() - start
        record = make_record(truth.names[face], image, given,
                             faces_to_dicts(sample))
        if given != wanted:
            try:
                record = wflw_to_300w(record)
            except ValueError as error:
                raise ValueError(f'{checkpoint} predicts {given}, '
                                 f'{truth.path} is of {wanted}: {error}'
                                 ) from None
        faces.append(dict(to_benchmark([record])[0], seconds=seconds))
    return faces


def milliseconds(path):
    seconds = [record.get('seconds') for record in load_records(path)]
    if None in seconds:
        return None
    try:
        return 1000 * float(np.median(as_array(seconds)))
    except ValueError as error:
        raise ValueError(f"{path}: 'seconds' {error}") from None


def score_groups(scored):
    """Scores and per-face NMEs (N,) of each group and method."""
    results, nmes = {}, {}
    every = range(scored.landmark_set.num_landmarks)
    contour = scored.landmark_set.parts.get('contour', [])
    inner = [i for i in every if i not in contour]
    groups = dict(all=list(every))
    if contour and inner:
        groups.update(inner=inner, contour=contour)
    for group, members in groups.items():
        results[group], nmes[group] = {}, {}
        for name, faces in scored.predictions.items():
            errors = landmark_errors(faces, scored.annotations,
                                     np.arange(len(scored)), scored.norm,
                                     scored.landmark_set)[:, members]
            nme = face_nme(errors, scored.protocol.divide_by)
            valid = np.isfinite(nme)
            found = nme[valid & ~missed_faces(faces)]
            results[group][name] = dict(
                landmarks=len(members), faces=int(valid.sum()),
                found=len(found),
                NME_found=float(found.mean()) if len(found) else float('nan'),
                median=percentile_error(nme[valid], 50),
                **alignment_summary(nme[valid], scored.threshold))
            nmes[group][name] = nme[valid]
    return results, nmes


def compare(args):
    methods = dict(args.methods)
    if len(methods) < len(args.methods):
        raise ValueError('two methods have the same name: '
                         f'{", ".join(name for name, _ in args.methods)}')
    paths = {}
    for name, value in methods.items():
        paths[name] = value
        config, colon, checkpoint = value.partition('.py:')
        if colon:
            path = osp.join(args.out, 'predictions', f'{name}.json')
            os.makedirs(osp.dirname(path), exist_ok=True)
            with without_expected_warnings():
                faces = predict(config + '.py', checkpoint, args)
            write_json(faces, path)
            paths[name] = path
    scored = score_files(list(paths.values()), args.annotations, args.dataset,
                         allow_missed=True)
    scored.predictions = dict(zip(paths, scored.predictions.values()))
    times = {name: milliseconds(path) for name, path in paths.items()}
    results, nmes = score_groups(scored)
    keys = ('faces', 'found', 'NME_found', 'NME', 'median',
            f'AUC{scored.threshold:g}', f'FR{scored.threshold:g}')
    table = [['landmarks', 'method', 'ms', *keys]]
    table += [[f'{group} {result["landmarks"]}', name, times[name],
               *(result[key] for key in keys)]
              for group, methods in results.items()
              for name, result in methods.items()]
    caption = (
        f'{scored.dataset} ({scored.protocol.landmark_set}), normaliser '
        f'{scored.norm}, threshold {scored.threshold:g} %; NME, median, AUC '
        'and FR in per cent. A face that a method does not find counts with '
        f'an NME of {MISSED_ERROR:g} % in all but NME_found, which is over '
        'the found faces. ms: median CPU time of a face on one thread, where '
        'the results file tells it.')
    os.makedirs(args.out, exist_ok=True)
    write_whole(osp.join(args.out, 'comparison.md'),
                report.to_markdown(table, caption))
    write_json(
        dict(annotations=args.annotations, dataset=scored.dataset,
             norm=scored.norm, threshold=scored.threshold,
             missed_error=MISSED_ERROR, predictions=paths, milliseconds=times,
             results=results), osp.join(args.out, 'comparison.json'))
    for group, errors in nmes.items():
        draw_ced(errors, scored.threshold, scored.norm,
                 osp.join(args.out, f'ced_{group}.png'))
    return f'{report.to_text(table)}\n{caption}'


def main(argv=None):
    parser = OneLineParser('compare_packages.py', __doc__)
    add = parser.add_argument
    add('annotations', help='truth: a file as for tools/evaluate.py')
    add('methods', nargs='+', type=_method,
        metavar='NAME=FILE|NAME=CONFIG.py:CHECKPOINT', help='what to compare')
    add('--out', required=True, metavar='DIR', help='folder for the results')
    add('--data-root', default='', metavar='DIR',
        help='folder that relative image paths start from, for checkpoints')
    add_dataset_argument(parser)
    return run_tool('compare_packages.py', compare, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
