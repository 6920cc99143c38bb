"""What the command lines of training and testing share."""
import argparse
import inspect
import os
import os.path as osp

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

# What the Runner reads from the config beside its own arguments.
_RUNNER_KEYS = {
    'auto_scale_lr', 'compile', 'custom_imports', 'find_unused_parameters',
    'model_wrapper_cfg', 'sync_bn'
}


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that MMPose's tools have in common."""
    parser.add_argument('--work-dir', help='folder of logs and checkpoints')
    parser.add_argument(
        '--show-dir', help='folder for pictures of the results')
    parser.add_argument(
        '--show', action='store_true', help='show the results in a window')
    parser.add_argument(
        '--interval',
        type=int,
        default=1,
        help='draw every so many results (default: 1)')
    parser.add_argument(
        '--wait-time',
        type=float,
        default=1,
        help='seconds that a window stays (default: 1)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='key=value pairs that override the config')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def load_config(args: argparse.Namespace) -> Config:
    """Config file with the common arguments put into it.

    Args:
        args (Namespace): With ``config`` and the arguments of
            :func:`add_common_arguments`.

    Returns:
        Config: With ``work_dir``, by default ``work_dirs/<config>``.

    Raises:
        ValueError: If ``--cfg-options`` names a key that neither the config
            nor the Runner knows.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    if args.cfg_options is not None:
        _check(args.cfg_options, cfg)
        cfg.merge_from_dict(args.cfg_options)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir', None) is None:
        name = osp.splitext(osp.basename(args.config))[0]
        cfg.work_dir = osp.join('work_dirs', name)
    if args.show or args.show_dir is not None:
        cfg.default_hooks.visualization.update(
            enable=True,
            show=args.show,
            wait_time=args.wait_time,
            # MMPose nests a relative one deeper with every batch.
            out_dir=args.show_dir and osp.abspath(args.show_dir),
            interval=args.interval)
    return cfg


def _check(options: dict, cfg: Config) -> None:
    known = {*cfg, *_RUNNER_KEYS, *inspect.signature(Runner).parameters}
    unknown = sorted({key.split('.')[0] for key in options} - known)
    if unknown:
        raise ValueError(f'--cfg-options names {unknown}, which neither the '
                         'config nor the Runner knows; the config has '
                         f'{sorted(cfg)}')
