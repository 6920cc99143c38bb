"""Faces a second of a training's loader and of its step, on the CPU.

The loader alone (one process, one thread: read, augment, collate), and the
step alone (forward, backward, optimizer) of every stage of the config, in
float32 and bfloat16, which have a process each and take turns, round by round.
The training set of the config must be there. Writes results.json and table.md
into --out, after each stage. See docs/speed.md.

Example:
    python tools/benchmarks/training.py configs/spiga_wflw.py \\
        --out work_dirs/speed_training
"""
import os
import os.path as osp
import sys
import tempfile
from contextlib import ExitStack
from functools import partial

import tools_path  # noqa: F401
import torch
from command_line import positive, run_tool
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS
from reporting import describe_machine, make_parser, save_report
from workers import Worker, interleave

_WRAPPERS = dict(fp32='OptimWrapper', bf16='CpuAmpOptimWrapper')


def load_batches(path):
    init_default_scope('mmpose')
    loader = Runner.build_dataloader(Config.fromfile(path).train_dataloader)
    if not len(loader):
        raise ValueError(f'--batch {loader.batch_size}: expected at most the '
                         f'{len(loader.dataset)} faces of the training set')
    while True:
        yield from loader


def make_loader(path):
    batches = load_batches(path)
    return lambda: len(next(batches)['inputs'])


def make_step(path, stage, wrapper):
    """Make a function that trains a stage of the config on one batch and tells
    the loss; ``wrapper`` is the type of the optimizer's wrapper."""
    data = next(load_batches(path))
    config = Config.fromfile(path)
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    optimizer = dict(config.optim_wrapper.optimizer, lr=1e-4)
    wrapper = build_optim_wrapper(
        model, dict(config.optim_wrapper, type=wrapper, optimizer=optimizer))
    model.train()
    if 'losses' in stage:
        model.train_cfg = dict(model.train_cfg or {}, losses=stage['losses'])
    for name in stage['frozen']:
        model.get_submodule(name).requires_grad_(False).eval()

    return lambda: float(model.train_step(data, wrapper)['loss'])


def report(results, folder):
    batch = results['batch']
    header = ['part', 'precision', 'faces/s', 's a batch', 'speed-up',
              'memory (MB)']
    rows = [[part, precision, f'{batch / found["seconds"]:.2f}',
             f'{found["seconds"]:.3f}', f'{found["speed_up"]:.2f}',
             f'{found["memory"]:.0f}']
            for part, steps in results['parts'].items()
            for precision, found in steps.items()]
    caption = (
        f'{results["config"]}, batches of {batch}, medians of '
        f'{results["rounds"]} rounds. Loader: one process, one thread; steps: '
        'forward, backward and optimizer, speed-up over fp32.')
    return save_report(results, header, rows, caption, folder)


def measure(args):
    config = Config.fromfile(args.config)
    stages = config.get('stages') or [dict(name='all', frozen=())]
    loader = config.train_dataloader
    loader.update(num_workers=0, persistent_workers=False,
                  batch_size=args.batch or loader.batch_size)
    os.makedirs(args.out, exist_ok=True)
    results = dict(machine=describe_machine(args.threads), rounds=args.rounds,
                   config=osp.basename(args.config), batch=loader.batch_size,
                   parts={})
    with tempfile.TemporaryDirectory() as folder:
        path = osp.join(folder, 'config.py')
        config.dump(path)
        parts = dict(loader={'': partial(make_loader, path)})
        for stage in stages:
            parts[stage['name']] = {
                precision: partial(make_step, path, dict(stage), wrapper)
                for precision, wrapper in _WRAPPERS.items()
            }
        for part, builds in parts.items():
            threads = args.threads if len(builds) > 1 else 1
            with ExitStack() as stack:
                workers = [stack.enter_context(Worker(name, build, threads))
                           for name, build in builds.items()]
                results['parts'][part] = interleave(workers, args.rounds)
            table = report(results, args.out)
    return table


def main(argv=None):
    parser = make_parser('training.py', __doc__, rounds=5)
    add = parser.add_argument
    add('config', help='config of the training')
    add('--batch', type=positive, help="faces (default: the config's)")
    args = parser.parse_args(argv)
    return run_tool('training.py', measure, args,
                    f'what was measured is in {args.out}')


if __name__ == '__main__':
    sys.exit(main())
