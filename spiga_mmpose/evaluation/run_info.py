"""Provenance of dumped results: a small JSON file beside the dump.

A dump holds predictions and truth, but not which config, checkpoint and boxes
they come from. ``tools/test.py --dump results.pkl`` writes these to
``results.pkl.json``; whoever reads the dump finds them there.
"""
import os.path as osp
from dataclasses import asdict, dataclass
from typing import Optional, Set

from mmengine.config import Config

from spiga_mmpose.io import read_json, write_json

UNKNOWN = 'unknown'
# What a face was cropped by: the tight box of its true landmarks, or the box
# in the annotation file.
TRUE_LANDMARKS, ANNOTATED = 'true landmarks', 'annotated'
# Whether a validation on the very test faces has picked the checkpoint.
SELECTED, NOT_SELECTED = 'on the test set', 'not on the test set'
# In the place of an annotation file: these faces know their landmarks and
# boxes exactly, nobody has annotated them.
DRAWN, _DRAWN_FACES = 'none, synthetic faces', 'SyntheticFaceDataset'
# What changes how faces are told or cropped, or how many of them are taken,
# but not where they come from.
_SAME_SOURCE = {
    'indices', 'metainfo', 'num_faces', 'pipeline', 'subsets', 'test_mode'
}


@dataclass(frozen=True)
class RunInfo:
    """Provenance of a dump as text; a missing value is ``unknown``.

    Paths and options are as typed.
    """
    config: str = UNKNOWN  # with --cfg-options
    checkpoint: str = UNKNOWN
    # What the test pipeline crops by, see above. Where a detector's boxes
    # stand in the annotation file no config tells; then write 'detector' into
    # the file by hand.
    boxes: str = UNKNOWN
    flip_test: str = UNKNOWN  # 'on' or 'off'
    # SELECTED if the checkpoint is the best of a validation (best_*) on the
    # faces of the test; NOT_SELECTED if the config validates on others or not
    # at all, or if it is the last of the training (epoch_<number>, or by the
    # name of the last stage). Unknown for any other name.
    selection: str = UNKNOWN
    dataset: str = UNKNOWN  # registered name of its class
    annotations: str = UNKNOWN  # annotation file, where there is one
    pose: str = UNKNOWN  # 'of the network' or 'fitted to the landmarks'


def info_path(dump: str) -> str:
    """Path of the file beside a dump."""
    return f'{dump}.json'  # results.json is what --out may well be called


def describe_run(cfg: Config, config: str, checkpoint: str,
                 options: dict) -> RunInfo:
    """Provenance of a test of a config with all ``--cfg-options`` put into it;
    its path and the checkpoint as typed."""
    dataset = cfg.test_dataloader.dataset
    drawn = _DRAWN_FACES in str(dataset.get('type'))
    test_cfg = cfg.model.get('test_cfg') or {}
    return RunInfo(
        config=' '.join([config, *(f'{k}={v}' for k, v in options.items())]),
        checkpoint=checkpoint,
        boxes=TRUE_LANDMARKS if drawn else _boxes(dataset.get('pipeline')),
        flip_test='on' if test_cfg.get('flip_test') else 'off',
        pose='fitted to the landmarks'
        if test_cfg.get('fit_pose') else 'of the network',
        selection=_selection(cfg, osp.basename(checkpoint)),
        dataset=str(dataset.get('type')),
        annotations=DRAWN if drawn else _annotation_file(dataset) or UNKNOWN)


def _annotation_file(dataset: dict) -> Optional[str]:
    name = dataset.get('ann_file')
    return osp.join(dataset.get('data_root') or '', name) if name else None


def _boxes(pipeline: Optional[list]) -> str:
    if not pipeline:  # of a wrapper: the data sets inside have theirs
        return UNKNOWN
    fitted = any('BoxFromLandmarks' in str(s.get('type')) for s in pipeline)
    return TRUE_LANDMARKS if fitted else ANNOTATED


def _selection(cfg: Config, checkpoint: str) -> str:
    """By the name of the checkpoint and by what the config validates on."""
    best = checkpoint.startswith('best_')
    validation = (cfg.get('val_dataloader') or {}).get('dataset')
    if validation is None:
        # The best one of a training that this config does not describe.
        return UNKNOWN if best else NOT_SELECTED
    if not _sources(validation) & _sources(cfg.test_dataloader.dataset):
        return NOT_SELECTED
    if best:
        return SELECTED
    training = cfg.get('train_cfg') or {}
    last = [
        f'{unit}_{training[length]}.pth'
        for unit, length in (('epoch', 'max_epochs'), ('iter', 'max_iters'))
        if length in training
    ]
    stages = cfg.get('stages')
    if stages:
        total = sum(stage['length'] for stage in stages)
        last += [f'epoch_{total}.pth', f'{stages[-1]["name"]}.pth']
    return NOT_SELECTED if checkpoint in last else UNKNOWN


def _sources(dataset: dict) -> Set[str]:
    """Source of the faces of a data set, or of those in a wrapper."""
    inner = dataset.get('datasets') or [dataset.get('dataset')]
    if inner != [None]:
        return set().union(*map(_sources, inner))
    path = _annotation_file(dataset)
    return {osp.normpath(path) if path else repr(
        sorted((key, str(value)) for key, value in dataset.items()
               if key not in _SAME_SOURCE))}


def write_run_info(dump: str, info: RunInfo) -> None:
    """Write the file beside a dump; OSError if it cannot be written."""
    write_json(asdict(info), info_path(dump))


def read_run_info(dump: str) -> RunInfo:
    """Read the file beside a dump.

    All is unknown where there is no file; a field that the file lacks is
    unknown, and fields that are none of ours are left aside. ValueError,
    which names the file, if it cannot be read, is damaged or a field is not
    text.
    """
    path = info_path(dump)
    if not osp.exists(path):
        return RunInfo()
    content = read_json(path)
    if not isinstance(content, dict):
        raise ValueError(f'{path}: expected a dict as tools/test.py --dump '
                         f'writes, found a {type(content).__name__}')
    known = asdict(RunInfo())
    for name in known:
        value = content.get(name, UNKNOWN)
        if not isinstance(value, str):
            raise ValueError(f'{path}: {name!r} must be text, found '
                             f'{value!r}')
        # One line: it becomes a cell of a table.
        known[name] = ' '.join(value.split())
    return RunInfo(**known)
