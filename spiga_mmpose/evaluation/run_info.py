"""What made a file of dumped results: a small JSON file beside it.

A dump holds predictions and truth, but not which config, checkpoint and boxes
they come from. ``tools/test.py --dump results.pkl`` writes these to
``results.pkl.json``; whoever reads the dump finds them there.
"""
import json
import os.path as osp
from dataclasses import asdict, dataclass, fields

from mmengine.config import Config

UNKNOWN = 'unknown'
# What a face was cropped by: the tight box of its true landmarks, or the box
# in the annotation file.
TRUE_LANDMARKS, ANNOTATED = 'true landmarks', 'annotated'


@dataclass(frozen=True)
class RunInfo:
    """How a dump came about, as text to show; what nobody knows is unknown.

    Attributes:
        config (str): Config file and ``--cfg-options``, as typed.
        checkpoint (str): Checkpoint file, as typed.
        boxes (str): ``'true landmarks'`` or ``'annotated'``, by the test
            pipeline. Where a detector's boxes stand in the annotation file
            no config tells; then write ``'detector'`` into the file by hand.
        flip_test (str): ``'on'`` or ``'off'``.
        dataset (str): Registered name of the data set class.
        annotations (str): Annotation file, where the data set has one.
    """
    config: str = UNKNOWN
    checkpoint: str = UNKNOWN
    boxes: str = UNKNOWN
    flip_test: str = UNKNOWN
    dataset: str = UNKNOWN
    annotations: str = UNKNOWN


def info_path(dump: str) -> str:
    """Path of the file beside a dump.

    Not ``results.json``: that is what ``--out`` may well be called.
    """
    return f'{dump}.json'


def describe_run(cfg: Config, config: str, checkpoint: str,
                 options: dict) -> RunInfo:
    """What a test of a config will have been.

    Args:
        cfg (Config): With all options put into it.
        config (str): Its path, as typed.
        checkpoint (str): As typed.
        options (dict): ``--cfg-options``.

    Returns:
        RunInfo: To be written beside the dump.
    """
    dataset = cfg.test_dataloader.dataset
    annotations = dataset.get('ann_file') or UNKNOWN
    if annotations != UNKNOWN:
        annotations = osp.join(dataset.get('data_root') or '', annotations)
    flip = (cfg.model.get('test_cfg') or {}).get('flip_test', False)
    return RunInfo(
        config=' '.join([config, *(f'{k}={v}' for k, v in options.items())]),
        checkpoint=checkpoint,
        boxes=_boxes(dataset),
        flip_test='on' if flip else 'off',
        dataset=str(dataset.get('type')),
        annotations=annotations)


def _boxes(dataset: dict) -> str:
    pipeline = dataset.get('pipeline')
    if not pipeline:  # of a wrapper: the data sets inside have theirs
        return UNKNOWN
    names = [str(step.get('type')) for step in pipeline]
    fitted = any('BoxFromLandmarks' in name for name in names)
    return TRUE_LANDMARKS if fitted else ANNOTATED


def write_run_info(dump: str, info: RunInfo) -> None:
    """Write the file beside a dump.

    Raises:
        OSError: If it cannot be written.
    """
    with open(info_path(dump), 'w', encoding='utf-8') as file:
        json.dump(asdict(info), file, indent=2)
        file.write('\n')


def read_run_info(dump: str) -> RunInfo:
    """Read the file beside a dump.

    Args:
        dump (str): Path of the dump.

    Returns:
        RunInfo: All unknown where there is no file; a field that the file
        lacks is unknown, and fields that are none of ours are left aside.

    Raises:
        ValueError: If the file is damaged or a field is not text; the
            message names it.
        OSError: If it cannot be read.
    """
    path = info_path(dump)
    if not osp.exists(path):
        return RunInfo()
    try:
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: not a JSON file: {error}') from None
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a dict as tools/test.py --dump '
                         f'writes, found a {type(content).__name__}')
    known = {}
    for name in (field.name for field in fields(RunInfo)):
        value = content.get(name, UNKNOWN)
        if not isinstance(value, str):
            raise ValueError(f'{path}: {name!r} must be text, found '
                             f'{value!r}')
        # One line: it becomes a cell of a table.
        known[name] = ' '.join(value.split())
    return RunInfo(**known)
