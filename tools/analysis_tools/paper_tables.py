"""The paper's tables, with dumped results beside the published rows.

    python tools/test.py configs/spiga_wflw_json.py wflw.pth \\
        --dump results/wflw.pkl
    python tools/analysis_tools/paper_tables.py --results results --out tables

Every .pkl file of the folder that holds the whole test set of WFLW, 300W,
300W private, COFW-68 or MERL-RAV becomes a row of each table on it. Its
config, checkpoint and boxes stand in wflw.pkl.json, which tools/test.py
writes beside it. See docs/evaluation.md.
"""
import argparse
import os
import os.path as osp

from tqdm import tqdm

from spiga_mmpose.command_line import OneLineParser
from spiga_mmpose.evaluation import paper_tables, report
from spiga_mmpose.evaluation.published import TABLES


def make_parser():
    parser = OneLineParser(
        prog='paper_tables.py',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--results',
        metavar='DIR',
        required=True,
        help='folder of files that tools/test.py --dump wrote')
    parser.add_argument(
        '--out',
        metavar='DIR',
        help='write tables.md, .csv and .tex there (default: only print)')
    return parser


def find_dumps(folder):
    """Names of the dumps in a folder."""
    if not osp.isdir(folder):
        raise ValueError(f'--results {folder}: expected a folder of files '
                         'that tools/test.py --dump wrote, found '
                         + ('a file' if osp.exists(folder) else 'nothing'))
    return sorted(name for name in os.listdir(folder)
                  if name.endswith(('.pkl', '.pickle')))


def score_folder(folder):
    """Runs of the dumps, and why each of the others has no row."""
    runs, skipped = [], {}
    with tqdm(
            find_dumps(folder), unit='dump', disable=None,
            leave=False) as bar:
        for name in bar:
            try:
                runs.append(
                    paper_tables.score_dump(osp.join(folder, name), name))
            except paper_tables.NoTableError as error:
                skipped[name] = str(error)
    return runs, skipped


def describe(folder, runs, skipped):
    """Lines that say where every dump went."""
    lines = [f'{folder}: {len(runs) + len(skipped)} dumps (.pkl, .pickle), '
             f'{len(runs)} in the tables, {len(skipped)} skipped.']
    lines += [f'{run.name}: {run.dataset}, {run.num_faces} faces; data set '
              f'{run.info.dataset}, annotations {run.info.annotations}'
              for run in runs]
    lines += [f'{name}: skipped: {why}' for name, why in skipped.items()]
    return lines


def title_of(table):
    return f'{table.number}. {table.title}'


def to_text(tables, lines):
    """All tables for a terminal."""
    parts = [
        '\n'.join([title_of(table), report.to_text(rows), table.note]).strip()
        for table, rows in tables
    ]
    return '\n\n'.join([*parts, paper_tables.LEGEND, '\n'.join(lines)])


def to_markdown(tables, lines):
    """All tables as one document."""
    parts = ["# The paper's tables\n", paper_tables.LEGEND + '\n']
    for table, rows in tables:
        parts += [f'## {title_of(table)}\n',
                  report.to_markdown(rows, table.note)]
    parts += ['## Dumps\n', '\n'.join(f'* {line}' for line in lines)]
    return '\n'.join(parts).rstrip() + '\n'


def to_latex(tables):
    """All tables as ``tabular``s."""
    return '\n'.join(
        report.to_latex(rows, f'{title_of(table)}. {table.note}'.rstrip())
        for table, rows in tables)


def write(folder, files):
    """Write the texts under their names."""
    os.makedirs(folder, exist_ok=True)
    for name, text in files.items():
        with open(osp.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(text)


def main(argv=None):
    parser = make_parser()
    args = parser.parse_args(argv)
    try:
        runs, skipped = score_folder(args.results)
        tables = [(table, paper_tables.as_printed(
            paper_tables.fill(table, runs))) for table in TABLES]
        lines = describe(args.results, runs, skipped)
        print(to_text(tables, lines))
        if args.out:
            write(
                args.out, {
                    'tables.md': to_markdown(tables, lines),
                    'tables.csv': report.to_csv(paper_tables.as_list(runs)),
                    'tables.tex': to_latex(tables)
                })
    except (ValueError, OSError) as error:
        parser.error(error)


if __name__ == '__main__':
    main()
