"""What the command lines of the tools share.

Exit codes: 0 done; 1 some of it failed and the rest is done; 2 it cannot be
done; 130 interrupted. ``train.py`` and ``test.py`` end as MMPose's do, with 1
(:func:`run_runner`).
"""
# Before MMEngine, of which it silences a warning.
import spiga_mmpose  # noqa: F401  isort: skip

import argparse
import logging
import os
import os.path as osp
import re
import sys
import traceback
from contextlib import suppress
from typing import Callable, Optional

from cfg_options import OptionsAction, merge_options, nearest_argument
from mmengine.config import Config
from mmengine.logging import MMLogger, print_log

from spiga_mmpose.evaluation.functional import NORMS
from spiga_mmpose.evaluation.protocols import (LARGEST, PROTOCOLS, SMALLEST,
                                               checked_threshold, protocol_of)
from spiga_mmpose.evaluation.score import ScoredFiles, score_files
from spiga_mmpose.package_files import find_checkpoint


class OneLineParser(argparse.ArgumentParser):
    """Ends with one clear line and exit code 2, without the usage."""

    def __init__(self, prog, doc):
        super().__init__(prog=prog, description=doc,
                         formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message):
        self.exit(2, f'{self.prog}: error: {one_line(message)}\n')


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--cfg-options', nargs='+', action=OptionsAction, default={},
        metavar='KEY=VALUE', help='override keys of the config, e.g. '
        'train_dataloader.dataset.data_root=DIR')


def image_file(text: str) -> str:
    if not text.lower().endswith(('.jpg', '.jpeg', '.png')):
        raise argparse.ArgumentTypeError(
            f'expected a name like grid.jpg or grid.png, found {text!r}')
    return text


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f'expected an integer of at least 1, found {text!r}')
    return int(text)


def one_line(message) -> str:
    """A message or an exception in one line, of a long one both ends; of a
    loader's worker, without how torch got there."""
    text = str(message)
    if 'Original Traceback' in text:
        text = re.split(r'\n[\w.]*(?:Error|Exception): ', text)[-1]
    text = ' '.join(text.split())
    return text if len(text) <= 340 else f'{text[:220]} [...] {text[-113:]}'


def run_tool(name: str, work: Callable[[argparse.Namespace], Optional[str]],
             args: argparse.Namespace,
             interrupted: str = 'the same command begins again') -> int:
    """Do the work of a tool; what its user can fix ends it with one line.

    What the work returns, if anything, is printed; the exit code comes back.
    """
    try:
        result = work(args)
    except KeyboardInterrupt:
        print(f'{name}: interrupted; {interrupted}', file=sys.stderr)
        return 130
    except Exception as error:
        fault = error if isinstance(error, (RuntimeError, SyntaxError)) else (
            _fault_of_user(error))
        if fault is None:
            raise
        print(f'{name}: error: {one_line(fault)}', file=sys.stderr)
        return 2
    if result is not None:
        print(result)
    return 0


def run_or_error(parser, work, argv=None):
    """The exit code of the work; wrong values and files end in one line."""
    args = parser.parse_args(argv)
    try:
        return work(args)
    except (ValueError, OSError) as error:
        parser.error(error)


def add_scoring_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add('predictions', nargs='+',
        help='results: benchmark JSON, or the pickle of tools/test.py --dump; '
        'several are compared with the first')
    add('annotations',
        help='truth: benchmark JSON, or such a pickle (its ground truth)')
    add_dataset_argument(parser)
    add('--norm', choices=NORMS, help='normaliser, instead of the usual one')
    add('--threshold', type=_threshold,
        help='of AUC and FR in per cent, instead of the usual one')
    add('--subsets', metavar='FILE',
        help='JSON: name -> face indices, or a db_info.json with test_subsets')


def add_dataset_argument(parser: argparse.ArgumentParser) -> None:
    def dataset(text):
        try:
            protocol_of(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(error) from None
        return text

    parser.add_argument(
        '--dataset', type=dataset, metavar='NAME',
        help='whose usual normaliser, threshold and divisor to take: '
        f'{", ".join(PROTOCOLS)}, or a landmark set (a name or a .json file); '
        'told by the landmarks if not given (98: wflw, 68: 300w)')


def add_subset_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--subset', metavar='NAME',
        help='only the faces of this subset, of --subsets or of the '
        'annotations')


def score_arguments(args: argparse.Namespace) -> ScoredFiles:
    scored = score_files(args.predictions, args.annotations, args.dataset,
                         args.norm, args.threshold, args.subsets)
    subset = getattr(args, 'subset', None)
    return scored if subset is None else scored.only(subset)


def _threshold(text):
    try:
        return checked_threshold(float(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'expected a number from {SMALLEST:g} to {LARGEST:g} per cent, '
            f'found {text!r}') from None


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add('--work-dir', help='folder of logs and checkpoints')
    add('--show-dir', help='folder for images of the results')
    add('--show', action='store_true', help='show the results in a window')
    add('--interval', type=int, default=1,
        help='draw every so many results (default: 1)')
    add('--wait-time', type=float, default=1,
        help='seconds that a window stays (default: 1)')
    add_cfg_options(parser)
    add('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none', help='job launcher')
    add('--local_rank', '--local-rank', type=int, default=0)


def run_runner(main: Callable[[], None]) -> None:
    """Run train.py or test.py; what its user can fix ends it with one line.

    The traceback of what may be a mistake of the program after all goes to
    the run's log file.
    """
    try:
        main()
    except Exception as error:
        fault = _fault_of_user(error)
        if fault is None:
            raise
        if not isinstance(error, (FloatingPointError, OSError)):
            logger = MMLogger.get_current_instance()
            record = logger.makeRecord(logger.name, logging.ERROR, __file__, 0,
                                       'ended by', (), sys.exc_info())
            for handler in logger.handlers:
                if isinstance(handler, logging.FileHandler):
                    handler.handle(record)
        raise SystemExit(f'{osp.basename(sys.argv[0])}: error: '
                         f'{one_line(fault)}') from None


def _fault_of_user(error: Exception):
    """What to say of wrong values, files and folders, a full disk, packages
    that are missing, names that no registry knows, parts that cannot be built
    of their config, and a training that has become NaN; else None."""
    if isinstance(error, (FloatingPointError, ImportError, OSError,
                          ValueError)):
        return error
    if isinstance(error, (AssertionError, AttributeError, KeyError,
                          TypeError)):
        return _unknown_name(error) or _unfit_part(error)
    return None


def _unfit_part(error: Exception) -> Optional[str]:
    """Message of a part that cannot be built of its config; else None."""
    part = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == 'build_from_cfg':
            part = frame.f_locals.get('obj_type', 'a part')
    found = re.search(r"(\w+)(?:\.__init__)?\(\) got an unexpected keyword "
                      r"argument '(\w+)'", str(error))
    if found and (part is not None or found[1] == 'DataLoader'):
        owner = found[1] if found[1] == 'DataLoader' else part
        near = nearest_argument(found[2], owner)
        return (f'the config gives {owner} the argument {found[2]!r}, which '
                f'it does not have{near}')
    if part is None:
        return None
    return (f'{part} cannot be built of its config: {type(error).__name__}: '
            f'{error}')


def _unknown_name(error: Exception) -> Optional[str]:
    """Message of a registry that lacks a name; None for other errors."""
    found = re.match(r'(\S+) is not in the (\S+) registry',
                     str(error.args[0]) if error.args else '')
    if not found:
        return None
    name, registry = found.groups()
    package = name.rpartition('.')[0]
    hint = f'; it needs the package {package}: docs/mixing.md'
    return f'no {name!r} in the registry {registry}{hint if package else ""}'


def load_config(args: argparse.Namespace) -> Config:
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    merge_options(cfg, args.cfg_options)
    start = cfg.get('load_from')
    if isinstance(start, str) and not osp.exists(start) and (
            osp.dirname(start) == 'checkpoints'):
        # Run from another folder than the checkout.
        with suppress(ValueError):
            cfg.load_from = find_checkpoint(osp.basename(start))
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir', None) is None:
        name = osp.splitext(osp.basename(args.config))[0]
        cfg.work_dir = osp.join('work_dirs', name)
    _fit_machine(cfg)
    if args.show or args.show_dir is not None:
        cfg.default_hooks.visualization.update(
            enable=True,
            show=args.show,
            wait_time=args.wait_time,
            # MMPose nests a relative one deeper with every batch.
            out_dir=args.show_dir and osp.abspath(args.show_dir),
            interval=args.interval)
    return cfg


def _fit_machine(cfg: Config) -> None:
    """Do the obvious about loaders without workers and TensorBoard."""
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(name)
        if isinstance(loader, dict) and loader.get('num_workers', 0) == 0:
            # Without workers torch takes neither.
            loader.persistent_workers = False
            loader.pop('prefetch_factor', None)
    try:
        import torch.utils.tensorboard  # noqa: F401
        return
    except ImportError as error:
        reason = one_line(error)
    backends = (cfg.get('visualizer') or {}).get('vis_backends') or []
    kept = [backend for backend in backends
            if backend.get('type') != 'TensorboardVisBackend']
    if len(kept) < len(backends):
        cfg.visualizer.vis_backends = kept
        print_log(
            f'no curves for TensorBoard are written ({reason}): pip install '
            'tensorboard, or leave TensorboardVisBackend out of '
            'visualizer.vis_backends', 'current', logging.WARNING)
