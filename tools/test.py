"""Evaluate a checkpoint with MMEngine's Runner, as MMPose's tool does."""

from command_line import (OneLineParser, add_common_arguments, load_config,
                          run_runner)
from mmengine.fileio import dump
from mmengine.runner import Runner
from mmengine.runner.checkpoint import (CheckpointLoader,
                                        _load_checkpoint_to_model)

from spiga_mmpose._install import install_for_tools
from spiga_mmpose.engine import launch_on_cpu
from spiga_mmpose.evaluation.run_info import describe_run, write_run_info


def parse_args():
    parser = OneLineParser('test.py', __doc__)
    add = parser.add_argument
    add('config', help='config file')
    add('checkpoint', help='checkpoint file')
    add_common_arguments(parser)
    add('--out', help='file for the metrics (.json, .pkl)')
    add('--dump',
        help='file for the predictions (.pkl); what made them is written '
        'beside it (.pkl.json)')
    return parser.parse_args()


def make_config(args):
    cfg = load_config(args)
    cfg.load_from, cfg.resume = None, False  # where a training starts
    if args.dump is not None:
        if not args.dump.endswith(('.pkl', '.pickle')):
            raise ValueError(f'--dump {args.dump}: expected a .pkl file')
        given = cfg.test_evaluator
        cfg.test_evaluator = [
            *(given if isinstance(given, (list, tuple)) else [given]),
            dict(type='DumpResults', out_file_path=args.dump)]
    return cfg


def main():
    install_for_tools()
    args = parse_args()
    cfg = make_config(args)
    launch_on_cpu(cfg)
    runner = Runner.from_cfg(cfg)
    # Here, and strictly: MMEngine would go on with random numbers where a
    # weight is missing. And without its hooks, which prepare a training.
    try:
        loaded = CheckpointLoader.load_checkpoint(args.checkpoint, 'cpu')
        _load_checkpoint_to_model(runner.model, loaded, strict=True)
    except RuntimeError as error:
        raise ValueError(f'the checkpoint {args.checkpoint} does not fit the '
                         f'config {args.config}: {error}') from None
    metrics = runner.test()
    if args.out and runner.rank == 0:
        dump(metrics, args.out)
    if args.dump and runner.rank == 0:
        write_run_info(
            args.dump,
            describe_run(cfg, args.config, args.checkpoint, args.cfg_options))


if __name__ == '__main__':
    run_runner(main)
