"""Helpers of the converters' command lines."""
import argparse
import os.path as osp
from typing import Callable, Iterable, Sequence

import tools_path  # noqa: F401
from command_line import OneLineParser
from spiga_json import need_folder, write_annotations
from tqdm import tqdm


def make_parser(tool: str, doc: str, root: str) -> OneLineParser:
    """Parser with ``root`` and ``--force``."""
    parser = OneLineParser(osp.basename(tool), doc)
    add = parser.add_argument
    add('root', help=root)
    add('--force', action='store_true',
        help='write over annotations that are already there')
    return parser


def run_converter(
        parser: OneLineParser,
        convert: Callable[[argparse.Namespace], dict]) -> None:
    """Convert, then write; what is wrong becomes one line and status 2."""
    args = parser.parse_args()
    try:
        need_folder(args.root)
        write_annotations(args.root, convert(args))
    except (ValueError, OSError) as error:
        parser.error(error)


def need_free(args: argparse.Namespace, names: Sequence[str]) -> None:
    """Refuse to write over files, unless ``--force`` is given."""
    paths = [osp.join(args.root, name) for name in names]
    there = [path for path in paths if osp.exists(path)]
    if there and not args.force:
        raise ValueError(
            f'{len(there)} of {len(paths)} files to write are already there, '
            f'e.g. {there[0]}; move them, or type --force to write over them')


def progress(items: Iterable, what: str) -> tqdm:
    """A bar over faces with the time that is left, on a terminal alone."""
    return tqdm(items, desc=what, unit='face', disable=None, leave=False)
