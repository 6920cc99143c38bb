"""Results as a table: for the eye, as CSV, Markdown, LaTeX and JSON."""
import csv
import io
import json
import math
import os
from typing import Dict, List, Optional

POSE_COLUMNS = ('MAE_yaw', 'MAE_pitch', 'MAE_roll', 'MAE', 'geodesic')


def build_table(results: Dict[str, dict],
                differences: Optional[Dict[str, dict]] = None) -> List[list]:
    """One row for each method, and one for each of its subsets.

    Args:
        results (dict[str, dict]): Of each method, of
            :func:`~spiga_mmpose.evaluation.score.score`.
        differences (dict[str, dict] | None): Of each method but the first,
            ``NME`` -> ``difference``, ``low``, ``high``.

    Returns:
        list[list]: The header and the rows; text, numbers, and None for what
        does not apply. ``faces`` are those of the landmarks, ``poses`` those
        of the pose.
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


def to_text(table: List[list]) -> str:
    """Aligned columns for a terminal."""
    cells = [[_text(cell) for cell in row] for row in table]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = []
    for row in cells:
        left = [c.ljust(w) for c, w in zip(row[:2], widths)]
        right = [c.rjust(w) for c, w in zip(row[2:], widths[2:])]
        lines.append('  '.join(left + right).rstrip())
    return '\n'.join(lines)


def to_csv(table: List[list]) -> str:
    """Comma-separated, numbers in full, empty where nothing applies."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    for row in table:
        writer.writerow(['' if _missing(cell) else cell for cell in row])
    return out.getvalue()


def to_markdown(table: List[list], caption: str) -> str:
    """A table of GitHub's Markdown, with the caption below."""
    lines = []
    for place, row in enumerate(table):
        cells = [_text(cell).replace('|', '\\|') for cell in row]
        lines.append(f'| {" | ".join(cells)} |')
        if place == 0:
            rule = [':--', ':--'] + ['--:'] * (len(row) - 2)
            lines.append(f'| {" | ".join(rule)} |')
    return '\n'.join(lines) + f'\n\n{caption}\n'


_LATEX = {
    '\\': r'\textbackslash{}', '&': r'\&', '%': r'\%', '$': r'\$',
    '#': r'\#', '_': r'\_', '{': r'\{', '}': r'\}',
    '~': r'\textasciitilde{}', '^': r'\textasciicircum{}',
}  # yapf: disable


def to_latex(table: List[list], caption: str) -> str:
    """A ``tabular`` that needs no package, with the caption as a comment."""
    lines = [
        f'% {caption}',
        r'\begin{tabular}{ll' + 'r' * (len(table[0]) - 2) + '}', r'\hline'
    ]
    for place, row in enumerate(table):
        cells = [
            ''.join(_LATEX.get(letter, letter) for letter in _text(cell))
            for cell in row
        ]
        lines.append(' & '.join(cells) + r' \\')
        if place == 0:
            lines.append(r'\hline')
    return '\n'.join(lines + [r'\hline', r'\end{tabular}', ''])


def to_json(results: dict) -> str:
    """JSON by the standard, which knows no NaN: null stands for it."""

    def clean(value):
        if isinstance(value, dict):
            return {key: clean(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [clean(item) for item in value]
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value

    return json.dumps(clean(results), indent=2, allow_nan=False) + '\n'


def write_json(results: dict, path: str) -> None:
    """Write a file of :func:`to_json` that is whole, or not there.

    Args:
        results (dict): What is to be written.
        path (str): The ``.json`` file.

    Raises:
        OSError: If it cannot be written.
    """
    with open(path + '.part', 'w', encoding='utf-8') as file:
        file.write(to_json(results))
    os.replace(path + '.part', path)
