"""What the command lines of the speed tools share."""
import argparse
import os
import os.path as osp
import sys
from typing import Callable

from spiga_mmpose.evaluation.command_line import positive
from spiga_mmpose.evaluation.report import to_json


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
    path = osp.join(folder, 'results.json')
    with open(path + '.part', 'w') as file:
        file.write(to_json(results))
    os.replace(path + '.part', path)


def run_tool(name: str, work: Callable[[argparse.Namespace], None],
             args: argparse.Namespace) -> int:
    """Do the work of a tool; failures end in one line.

    Args:
        name (str): Of the tool, for messages.
        work (Callable): What it does with the arguments.
        args (Namespace): The arguments.

    Returns:
        int: Exit code: 0; 2 if it cannot be done; 130 if interrupted.
    """
    try:
        work(args)
    except KeyboardInterrupt:
        print(f'{name}: interrupted; what was measured is in {args.out}',
              file=sys.stderr)
        return 130
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(f'{name}: error: {" ".join(str(error).split())}',
              file=sys.stderr)
        return 2
    return 0
