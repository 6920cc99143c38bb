"""What the command lines of the speed tools share."""
import argparse
import os.path as osp

from spiga_mmpose.command_line import positive
from spiga_mmpose.io import write_json


def add_common_arguments(parser: argparse.ArgumentParser,
                         rounds: int) -> None:
    """``--out``, ``--rounds`` and ``--threads``."""
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder for the results')
    parser.add_argument(
        '--rounds',
        type=positive,
        default=rounds,
        help='turns of each thing that is measured; times are medians over '
        'them (default: %(default)s)')
    parser.add_argument(
        '--threads',
        type=positive,
        default=2,
        help='threads of each (default: 2)')


def write_results(results: dict, folder: str) -> None:
    """Write ``results.json``, whole at any time."""
    write_json(results, osp.join(folder, 'results.json'))
