"""What the command lines of the tools that score have in common."""
import argparse

from .functional import NORMS
from .protocols import (LARGEST, PROTOCOLS, SMALLEST, checked_threshold,
                        protocol_of)
from .score_files import ScoredFiles, score_files


def add_scoring_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`score_files`."""
    parser.add_argument(
        'predictions',
        nargs='+',
        help='results: benchmark JSON, or the pickle of tools/test.py --dump; '
        'several are compared with the first')
    parser.add_argument(
        'annotations',
        help='truth: benchmark JSON, or such a pickle (its ground truth)')
    add_dataset_argument(parser)
    parser.add_argument(
        '--norm', choices=NORMS, help='normaliser, instead of the usual one')
    parser.add_argument(
        '--threshold',
        type=_threshold,
        help='of AUC and FR in per cent, instead of the usual one')
    parser.add_argument(
        '--subsets',
        metavar='FILE',
        help='JSON: name -> face indices, or a db_info.json with test_subsets')


def add_dataset_argument(parser: argparse.ArgumentParser) -> None:
    """``--dataset``, for tools that score."""
    parser.add_argument(
        '--dataset',
        type=_dataset,
        metavar='NAME',
        help='whose usual normaliser, threshold and divisor to take: '
        f'{", ".join(PROTOCOLS)}, or a landmark set (a name or a .json file); '
        'told by the landmarks if not given (98: wflw, 68: 300w)')


def add_subset_argument(parser: argparse.ArgumentParser) -> None:
    """``--subset``, for tools that show one group of faces."""
    parser.add_argument(
        '--subset',
        metavar='NAME',
        help='only the faces of this subset, of --subsets or of the '
        'annotations')


def score_arguments(args: argparse.Namespace) -> ScoredFiles:
    """:func:`score_files` by the command line.

    Args:
        args (Namespace): With the arguments of
            :func:`add_scoring_arguments`, and maybe ``subset``.

    Returns:
        ScoredFiles: All faces, or those of the subset.

    Raises:
        ValueError, OSError: See :func:`score_files` and
            :meth:`ScoredFiles.only`.
    """
    scored = score_files(args.predictions, args.annotations, args.dataset,
                         args.norm, args.threshold, args.subsets)
    subset = getattr(args, 'subset', None)
    return scored if subset is None else scored.only(subset)


def _dataset(text):
    """A benchmark or a landmark set."""
    try:
        protocol_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from None
    return text


def _threshold(text):
    """A number of per cent."""
    try:
        return checked_threshold(float(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'expected a number from {SMALLEST:g} to {LARGEST:g} per cent, '
            f'found {text!r}') from None
