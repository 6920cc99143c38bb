"""A checkpoint for others: the weights and what they are, no more.

Leaves out optimiser, schedules, log and configuration, which name folders of
the machine that trained; keeps epoch, iteration, seed, stage and the data
set's metainfo.

    python tools/model_converters/publish_model.py \\
        work_dirs/spiga_wflw/cascade.pth spiga_wflw.pth [--half]
"""
import sys

import tools_path  # noqa: F401
import torch
from command_line import OneLineParser, run_tool

from spiga_mmpose.engine.checkpoint import load_from_local
from spiga_mmpose.io import write_tensors

META = ('epoch', 'iter', 'seed', 'stage', 'dataset_meta', 'mmengine_version')


def halve(weights: dict) -> dict:
    """Matrices and kernels of float32 as float16, as a model takes them too.
    Vectors stay: they are small, and BatchNorm's statistics may leave
    float16's range."""
    return {name: value.half()
            if value.ndim > 1 and value.dtype == torch.float32 else value
            for name, value in weights.items()}


def publish(src, dst, half=False):
    checkpoint = load_from_local(src)
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise ValueError(f'{src}: expected a checkpoint with a state_dict')
    meta, weights = checkpoint.get('meta', {}), checkpoint['state_dict']
    write_tensors(dict(meta={key: meta[key] for key in META if key in meta},
                       state_dict=halve(weights) if half else weights), dst)
    return f'wrote {dst}'


def main(argv=None):
    parser = OneLineParser('publish_model.py', __doc__)
    add = parser.add_argument
    add('src', help='checkpoint of a training')
    add('dst', help='checkpoint to write (.pth)')
    add('--half', action='store_true',
        help='store the weights as float16: half the size')
    return run_tool('publish_model.py', lambda args: publish(**vars(args)),
                    parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
