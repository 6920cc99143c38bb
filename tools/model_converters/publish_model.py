"""A checkpoint for others: the weights and what they are, no more.

Leaves out optimiser, schedules, log and configuration, which name folders of
the machine that trained; keeps epoch, iteration, seed, stage and the data
set's metainfo.

    python tools/model_converters/publish_model.py \\
        work_dirs/spiga_synthetic_long/cascade.pth spiga_synthetic_long.pth
"""
import argparse
import sys

import torch

from spiga_mmpose.engine.checkpoint import load_from_local

META = ('epoch', 'iter', 'seed', 'stage', 'dataset_meta', 'mmengine_version')


def publish(src: str, dst: str) -> None:
    """Write the published form of the checkpoint ``src`` to ``dst``.

    Raises:
        ValueError: If ``src`` is no checkpoint of a Runner.
        OSError: If a file cannot be read or written.
    """
    checkpoint = load_from_local(src)
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise ValueError(f'{src}: expected a checkpoint with a state_dict')
    meta = checkpoint.get('meta', {})
    torch.save(
        dict(
            meta={key: meta[key]
                  for key in META if key in meta},
            state_dict=checkpoint['state_dict']), dst)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', help='checkpoint of a training')
    parser.add_argument('dst', help='checkpoint to write (.pth)')
    args = parser.parse_args()
    try:
        publish(args.src, args.dst)
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(f'error: {error}')
    print(f'wrote {args.dst}')


if __name__ == '__main__':
    main()
