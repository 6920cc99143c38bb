"""The paper's tables, with dumped results beside the published rows.

    python tools/test.py configs/spiga_wflw_json.py wflw.pth \\
        --dump results/wflw.pkl
    python tools/analysis_tools/paper_tables.py --results results --out tables

Every .pkl file of the folder that holds the whole test set of WFLW, 300W,
300W private, COFW-68 or MERL-RAV becomes a row of each table on it. Its
config, checkpoint and boxes stand in wflw.pkl.json, which tools/test.py
writes beside it. See docs/evaluation.md.
"""
import os
import os.path as osp
import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import Dict, List, Optional, Tuple

import numpy as np
import tools_path  # noqa: F401
from command_line import OneLineParser, run_tool
from published import TABLES, TEST_FACES, Column, PaperTable
from tqdm import tqdm

from spiga_mmpose.evaluation import face_files, report
from spiga_mmpose.evaluation.protocols import PROTOCOLS
from spiga_mmpose.evaluation.report import POSE_COLUMNS
from spiga_mmpose.evaluation.run_info import RunInfo, read_run_info
from spiga_mmpose.evaluation.samples import num_landmarks
from spiga_mmpose.evaluation.score import score
from spiga_mmpose.io import load_dump, write_whole
from spiga_mmpose.landmark_sets import load_landmark_set

NOT_RUN = 'not run'
LEGEND = (
    'Rows of methods are as the paper prints them (arXiv 2210.07233v1), "-" '
    'where it prints nothing. Rows of files are dumped results, scored by the '
    'functions of tools/evaluate.py. "not run": nobody has dumped it, or the '
    'dump does not hold it. "unknown": no file beside the dump tells. Lower '
    'is better, but for AUC. Compare rows with the same boxes, no flip test '
    'and a checkpoint that was not selected on the test set.')
_DETAILS = ('faces', 'flip test', 'selection', 'config', 'checkpoint')


class NoTableError(ValueError):
    """The paper has no table for these faces."""


@dataclass
class Run:
    name: str
    dataset: str
    info: RunInfo
    num_faces: int
    num_steps: int
    results: Dict[Tuple[Optional[str], Optional[int]], dict]

    def part(self, column: Column) -> dict:
        """The scores that a column is taken from; empty if there are none."""
        part = self.results.get((column.norm, column.step), {})
        if column.subset is not None:
            part = part.get('subsets', {}).get(column.subset, {})
        return part.get('pose', {}) if column.metric in POSE_COLUMNS else part

    def faces(self, columns: Tuple[Column, ...]) -> str:
        """Number of faces behind a table, e.g. '2499 of 2500', subsets, which
        are smaller by nature, aside."""
        parts = [self.part(replace(one, subset=None)) for one in columns]
        least = min((part['num_faces'] for part in parts if part), default=0)
        if least == self.num_faces:
            return str(least)
        return f'{least} of {self.num_faces}'


def dataset_of(records: list) -> str:
    """Benchmark whose whole test set these faces are.

    Told by the landmarks and the number of faces, which differ for all of
    them: a part of a test set does not compare with published rows.
    """
    # Of any number: synthetic faces must not be taken for photographs.
    if str(records[0].get('img_path')).startswith('synthetic://'):
        raise NoTableError(f'{len(records)} synthetic faces; the paper has '
                           'photographs alone, tools/evaluate.py scores any')
    count = num_landmarks(records[0])
    known = {(faces, _landmark_set(name).num_landmarks): name
             for name, faces in TEST_FACES.items()}
    if (len(records), count) in known:
        return known[len(records), count]
    known = ', '.join(f'{name} {faces} of {landmarks}'
                      for (faces, landmarks), name in known.items())
    raise NoTableError(
        f'{len(records)} faces of {count or "no"} landmarks; '
        f'expected a whole test set ({known}); tools/evaluate.py scores any')


def _landmark_set(dataset):
    return load_landmark_set(PROTOCOLS[dataset].landmark_set)


def score_dump(path: str, name: str) -> Run:
    """Score a dump for all the tables on its data set.

    True poses are fitted to rounded landmarks, as the published ones.
    """
    records = load_dump(path)
    if not records:
        raise ValueError(f'{path}: holds no face')
    try:
        dataset = dataset_of(records)
    except NoTableError:
        raise
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None
    protocol, landmark_set = PROTOCOLS[dataset], _landmark_set(dataset)
    read = partial(face_files.read_faces, path, records, landmark_set)
    truth, found = read('annotations', True), read('predictions')
    steps = face_files.read_steps(path, records, landmark_set)
    run = Run(name=name, dataset=dataset, info=read_run_info(path),
              num_faces=len(records),
              num_steps=0 if steps is None else steps.shape[1] - 1, results={})
    for column in (column for table in TABLES if table.dataset == dataset
                   for column in table.columns):
        key = norm, step = column.norm, column.step
        if key not in run.results and (step or 0) <= run.num_steps:
            predicted = found if step is None else replace(
                found, landmarks=steps[:, step])
            by = norm or protocol.norm
            run.results[key], _ = score(
                predicted, truth, np.arange(len(records)), protocol, by,
                protocol.threshold(by), truth.subsets)
    return run


def fill(table: PaperTable, runs: List[Run]) -> List[list]:
    nobody = ['-'] * len(_DETAILS)
    rows = [['method', 'boxes', *(column.label for column in table.columns),
             *_DETAILS]]
    rows += [[row.method, row.boxes, *row.values, *nobody]
             for row in table.rows]
    ours = [run for run in runs if run.dataset == table.dataset]
    cascade = any(column.step for column in table.columns)
    for run in ours:
        info = run.info
        rows.append([
            f'{run.name} ({run.num_steps})' if cascade else run.name,
            info.boxes,
            *(run.part(one).get(one.metric, NOT_RUN) for one in table.columns),
            run.faces(table.columns), info.flip_test, info.selection,
            info.config, info.checkpoint
        ])
    if not ours:
        rows.append(['this project', '-', *[NOT_RUN] * len(table.columns),
                     *nobody])
    return rows


def as_printed(rows: List[list]) -> List[list]:
    return [[f'{cell:.2f}' if isinstance(cell, float) and np.isfinite(cell)
             else cell for cell in row] for row in rows]


def as_list(runs: List[Run]) -> List[list]:
    """All tables as one list, a row for each number, for other programs."""
    rows = [['table', 'title', 'data set', 'method', 'boxes', *_DETAILS,
             'column', 'value']]
    for table in TABLES:
        header, *filled = fill(table, runs)
        end = 2 + len(table.columns)
        rows += [[table.number, table.title, table.dataset, *row[:2],
                  *row[end:], label, value] for row in filled
                 for label, value in zip(header[2:end], row[2:end])]
    return rows


def score_folder(folder):
    if not osp.isdir(folder):
        raise ValueError(f'--results {folder}: expected a folder of files '
                         'that tools/test.py --dump wrote, found '
                         + ('a file' if osp.exists(folder) else 'nothing'))
    names = sorted(name for name in os.listdir(folder)
                   if name.endswith(('.pkl', '.pickle')))
    runs, skipped = [], {}
    for name in tqdm(names, unit='dump', disable=None, leave=False):
        try:
            runs.append(score_dump(osp.join(folder, name), name))
        except NoTableError as error:
            skipped[name] = str(error)
    return runs, skipped


def describe(folder, runs, skipped):
    lines = [f'{folder}: {len(runs) + len(skipped)} dumps (.pkl, .pickle), '
             f'{len(runs)} in the tables, {len(skipped)} skipped.']
    lines += [f'{run.name}: {run.dataset}, {run.num_faces} faces; data set '
              f'{run.info.dataset}, annotations {run.info.annotations}'
              for run in runs]
    lines += [f'{name}: skipped: {why}' for name, why in skipped.items()]
    return '\n'.join(f'* {line}' for line in lines)


def make(args):
    runs, skipped = score_folder(args.results)
    parts, latex = ["# The paper's tables\n", f'{LEGEND}\n'], []
    for table in TABLES:
        title = f'{table.number}. {table.title}'
        rows = as_printed(fill(table, runs))
        parts += [f'## {title}\n', report.to_markdown(rows, table.note)]
        latex.append(report.to_latex(rows, f'{title}. {table.note}'.rstrip()))
    parts += ['## Dumps\n', describe(args.results, runs, skipped)]
    text = '\n'.join(parts)
    if args.out:
        os.makedirs(args.out, exist_ok=True)
        for end, content in (('md', f'{text}\n'),
                             ('csv', report.to_csv(as_list(runs))),
                             ('tex', '\n'.join(latex))):
            write_whole(osp.join(args.out, f'tables.{end}'), content)
    return text


def main(argv=None):
    parser = OneLineParser('paper_tables.py', __doc__)
    add = parser.add_argument
    add('--results', metavar='DIR', required=True,
        help='folder of files that tools/test.py --dump wrote')
    add('--out', metavar='DIR',
        help='write tables.md, .csv and .tex there (default: only print)')
    return run_tool('paper_tables.py', make, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
