"""NME after each step of the cascade, on several synthetic test sets.

Prints one markdown table: NME (%) by the backbone's own soft-argmax, of the
projected head model (step 0) and after each step, on all faces and on the
occluded ones, a row for every seed of the test set.

Example:
    python tools/analysis_tools/cascade_steps.py \\
        configs/spiga_synthetic_long.py checkpoints/spiga_synthetic_long.pth
"""
import sys

import tools_path  # noqa: F401
from command_line import OneLineParser, run_tool
from mmengine.runner import Runner

from spiga_mmpose.apis import evaluate_model, load_model
from spiga_mmpose.evaluation.report import to_markdown

SUBSETS = {'all': '', 'occlusion': 'occlusion/'}


def parse_args(argv=None):
    parser = OneLineParser('cascade_steps.py', __doc__)
    parser.add_argument('config', help='config that tests on synthetic faces')
    parser.add_argument('checkpoint')
    parser.add_argument(
        '--seeds',
        nargs='+',
        type=int,
        default=[2, 3, 4],
        help='of the test sets (training uses 0, validation 1)')
    parser.add_argument('--device', default='cpu')
    return parser.parse_args(argv)


def measure(model, seed):
    """NME by subset: soft-argmax first, then the steps."""
    cfg = model.cfg.test_dataloader.copy()
    cfg.dataset.seed = seed
    loader = Runner.build_dataloader(cfg)
    found = {}
    for by in ('maps', 'cascade'):
        model.test_cfg = dict(model.test_cfg or {}, predict_by=by)
        found[by], _ = evaluate_model(model, loader, f'seed {seed}, by {by}')
    count = len(model.head.steps) + 1
    return {
        name: [found['maps'][f'{prefix}NME']] +
        [found['cascade'][f'{prefix}step{s}/NME'] for s in range(count)]
        for name, prefix in SUBSETS.items()
    }


def table_of(args):
    """Markdown: a row a subset and seed."""
    model = load_model(args.config, args.checkpoint, args.device)
    rows = {seed: measure(model, seed) for seed in args.seeds}
    steps = [f'step {s}' for s in range(len(model.head.steps) + 1)]
    return to_markdown(
        [['faces', 'seed', 'soft-argmax', *steps],
         *([name, seed, *row[name]]
           for name in SUBSETS for seed, row in rows.items())],
        f'NME in per cent; {args.config}, {args.checkpoint}')


def main(argv=None):
    return run_tool('cascade_steps.py', table_of, parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
