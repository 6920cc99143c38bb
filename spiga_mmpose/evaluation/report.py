"""Results as a table: for the eye, as CSV, Markdown, LaTeX and JSON."""
import csv
import io
import math
from typing import Dict, List, Optional

from tabulate import tabulate

POSE_COLUMNS = ('MAE_yaw', 'MAE_pitch', 'MAE_roll', 'MAE', 'geodesic')


def build_table(results: Dict[str, dict],
                differences: Optional[Dict[str, dict]] = None) -> List[list]:
    """The header, a row for each method, and one for each of its subsets.

    Text, numbers, and None for what does not apply. ``faces`` are those of
    the landmarks, ``poses`` those of the pose.

    The results of each method are of :func:`.score.score`, the differences of
    each but the first ``NME`` -> ``difference``, ``low``, ``high``.
    """
    first = next(iter(results.values()))
    extra = ('skipped', 'subsets', 'pose', 'landmark_NME', 'num_faces')
    columns = [key for key in first if key not in extra]
    posed = any('pose' in result for result in results.values())
    header = ['method', 'subset', 'faces', *columns]
    header += ('poses', *POSE_COLUMNS) if posed else ()
    header += ['dNME', 'dNME low', 'dNME high'] if differences else []

    rows = [header]
    for method, result in results.items():
        for name, part in [('all', result), *result['subsets'].items()]:
            row = [method, name, part['num_faces']]
            row += [part[key] for key in columns]
            if posed:
                pose = part.get('pose', {})
                row += [pose.get(k) for k in ('num_faces', *POSE_COLUMNS)]
            if differences:
                change = differences.get(method, {}) if part is result else {}
                change = change.get('NME', {})
                row += [change.get(k) for k in ('difference', 'low', 'high')]
            rows.append(row)
    return rows


def _missing(cell):
    return cell is None or isinstance(cell, float) and math.isnan(cell)


def _text(cell):
    if _missing(cell):
        return '-'
    return f'{cell:.3f}' if isinstance(cell, float) else str(cell)


def _tabulate(table: List[list], tablefmt: str) -> str:
    """Numbers with three decimals, ``-`` where nothing applies."""
    header, *rows = [[_text(cell) for cell in row] for row in table]
    return tabulate(
        rows,
        header,
        tablefmt,
        disable_numparse=True,  # text stays as it is
        colalign=('left', 'left') + ('right', ) * (len(header) - 2))


def to_text(table: List[list]) -> str:
    """Aligned columns for a terminal."""
    return _tabulate(table, 'plain')


def to_csv(table: List[list]) -> str:
    """Comma-separated, numbers in full, empty where nothing applies."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    for row in table:
        writer.writerow(['' if _missing(cell) else cell for cell in row])
    return out.getvalue()


def to_markdown(table: List[list], caption: str) -> str:
    """A table of GitHub's Markdown, with the caption below.

    Cells are not padded, so that a number that changes is all that changes
    in a page's history.
    """
    rows = [[_text(cell).replace('|', '\\|') for cell in row] for row in table]
    rows.insert(1, [':--', ':--'] + ['--:'] * (len(table[0]) - 2))
    lines = [f'| {" | ".join(row)} |' for row in rows]
    return '\n'.join(lines) + f'\n\n{caption}\n'


def to_latex(table: List[list], caption: str) -> str:
    """A ``tabular`` that needs no package, with the caption as a comment."""
    return f'% {caption}\n{_tabulate(table, "latex")}\n'
