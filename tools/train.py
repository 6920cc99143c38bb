"""Train a model with MMEngine's Runner, as MMPose's tool does."""
import os.path as osp

import torch
from command_line import (OneLineParser, add_common_arguments, load_config,
                          run_runner)
from mmengine.runner import Runner

# Their import registers the parts, too.
from spiga_mmpose._install import install_for_tools
from spiga_mmpose.datasets.face_dataset import allow_missing
from spiga_mmpose.engine import (find_latest_checkpoint, launch_on_cpu,
                                 select_stages, work_folder_lock)


def parse_args():
    parser = OneLineParser('train.py', __doc__)
    add = parser.add_argument
    add('config', help='config file')
    add_common_arguments(parser)
    add('--resume', nargs='?', type=str, const='auto', metavar='PATH',
        help='checkpoint to resume from, or a folder: the newest whole '
        'epoch_*.pth in it; without a path that of the work folder, and where '
        'there is none the run begins')
    add('--transfer', metavar='CHECKPOINT',
        help='start from what fits of the weights of another landmark set')
    add('--stages', nargs='+', metavar='NAME',
        help="run only these of the config's stages, in the folder "
        "work_dirs/CONFIG_STAGES, e.g. --stages cascade --cfg-options "
        "load_from=work_dirs/spiga_wflw/multitask.pth")
    add('--allow-missing', action='store_true',
        help='leave out faces whose image is not there, and count them')
    add('--amp', action='store_true',
        help='automatic mixed precision: fp16 on a GPU (bf16 with '
        '--cfg-options optim_wrapper.dtype=bfloat16), bf16 on a CPU')
    add('--no-validate', action='store_true', help='never evaluate')
    add('--auto-scale-lr', action='store_true',
        help='scale the learning rate to the batch size of all processes')
    return parser.parse_args()


def make_config(args):
    cfg = load_config(args)
    if cfg.get('train_cfg') is None:
        raise ValueError(f'{args.config} trains nothing (train_cfg = None): '
                         'see tools/test.py')
    if args.allow_missing:
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            allow_missing(loader.dataset)
    if args.transfer is not None:
        cfg.load_from = args.transfer
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []),
                            dict(type='TransferHook')]
    if args.stages is not None and args.work_dir is None and (
            'work_dir' not in args.cfg_options):
        # Its checkpoints must not take the place of the whole run's.
        cfg.work_dir = '_'.join([cfg.work_dir, *args.stages])
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp and torch.cuda.is_available():
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    elif args.amp:
        cfg.optim_wrapper.type = 'CpuAmpOptimWrapper'
    if args.resume is not None:
        resume(cfg, args.resume)
    if args.stages is not None:
        select_stages(cfg, args.stages)
    if args.auto_scale_lr:
        cfg.auto_scale_lr.enable = True
    return cfg


def resume(cfg, path):
    """Resume from a checkpoint, a folder or, with ``'auto'``, the work folder,
    where a run begins as without --resume if it holds no checkpoint."""
    found = path
    if path == 'auto' or osp.isdir(path):
        found = find_latest_checkpoint(
            cfg.work_dir if path == 'auto' else path)
    if found is not None:
        cfg.resume, cfg.load_from = True, found
    elif path != 'auto':
        raise ValueError(f'--resume {path}: no whole checkpoint in this '
                         'folder; expected epoch_*.pth')


def main():
    install_for_tools()
    cfg = make_config(parse_args())
    with work_folder_lock(cfg.work_dir, cfg.launcher):
        launch_on_cpu(cfg)
        Runner.from_cfg(cfg).train()


if __name__ == '__main__':
    run_runner(main)
