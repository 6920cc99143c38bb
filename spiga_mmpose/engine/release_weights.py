"""Released SPIGA weights as weights of this project's model.

The names and layouts on the left are those of the authors' release (PyPI
``spiga`` 0.0.6, folder ``spiga/models``). What changes on the way:

* 1x1 convolutions over landmarks and the 7x7 window convolution become linear
  layers (the same numbers, flattened);
* attention heads: the release interleaves the heads in the channels (channel
  = d * heads + h), here they follow each other (h * d + d), so the rows of
  query, key and value and the columns of merge are put in that order;
* dropped: skip convolutions of residuals of equal width, which never run, and
  constants (coordinate channels, masks, edge tables);
* added: the last stack's maps, which the release does not have. They are
  zeros, ready to be trained, and are not used until then (``head.trained``).
"""
import re
from collections import OrderedDict

import torch
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from torch import Tensor, nn

from spiga_mmpose.io import write_tensors
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.models.backbones import HourglassPoseNet
from spiga_mmpose.models.heads import GATCascadeHead
from .checkpoint import load_from_local

LANDMARK_SETS = {98: 'wflw_98', 68: '300w_68'}
_HEADS = 4
_STACKS = 4
_STEPS = 3
_DEPTH = 4
# Widths of the stem's residuals that really have a skip.
_STEM = {1: 'conv', 2: 'residual', 3: 'conv', 4: 'residual', 5: 'residual'}
_STEM_SKIPS = (2, 5)


def _conv(src: str, dst: str):
    """Convolution (or transposed convolution) with BatchNorm."""
    yield f'{src}.conv.weight', f'{dst}.0.weight', None
    yield from _norm(f'{src}.bn', f'{dst}.1')


def _norm(src: str, dst: str):
    for name in ('weight', 'bias', 'running_mean', 'running_var',
                 'num_batches_tracked'):
        yield f'{src}.{name}', f'{dst}.{name}', None


def _residual(src: str, dst: str, skip: bool = False):
    for i in (1, 2, 3):
        yield from _norm(f'{src}.bn{i}', f'{dst}.bn{i}')
        yield f'{src}.conv{i}.conv.weight', f'{dst}.conv{i}.weight', None
    # A skip between equal widths is in the file but never runs.
    yield (f'{src}.skip_layer.conv.weight',
           f'{dst}.skip.weight' if skip else None, None)


def _hourglass(src: str, dst: str, depth: int):
    yield from _residual(f'{src}.up1', f'{dst}.skip')
    yield from _conv(f'{src}.pool1', f'{dst}.down')
    yield from _residual(f'{src}.low1', f'{dst}.encode')
    if depth > 1:
        yield from _hourglass(f'{src}.low2', f'{dst}.inner', depth - 1)
    else:
        yield from _residual(f'{src}.low2', f'{dst}.inner')
    yield from _residual(f'{src}.low3', f'{dst}.decode')
    yield f'{src}.up2.deconv.weight', f'{dst}.up.0.weight', None
    yield from _norm(f'{src}.up2.bn', f'{dst}.up.1')


def _flat(weight: Tensor) -> Tensor:
    return weight.flatten(1)


def _heads_first(weight: Tensor) -> Tensor:
    """Rows from channel d * heads + h to h * dim + d."""
    rows = weight.flatten(1) if weight.ndim > 1 else weight
    split = rows.view(-1, _HEADS, *rows.shape[1:])
    return split.transpose(0, 1).reshape(rows.shape)


def _heads_first_columns(weight: Tensor) -> Tensor:
    return _heads_first(_flat(weight).t()).t().contiguous()


def _mlp(src: str, dst: str, layers: int):
    """Layers 0, 3, 6, ... linear, each but the last with a BatchNorm."""
    for i in range(layers):
        yield f'{src}.{3 * i}.weight', f'{dst}.{3 * i}.weight', _flat
        yield f'{src}.{3 * i}.bias', f'{dst}.{3 * i}.bias', None
        if i < layers - 1:
            yield from _norm(f'{src}.{3 * i + 1}', f'{dst}.{3 * i + 1}')


def _backbone():
    src, dst = 'visual_cnn', 'backbone'
    for i, kind in _STEM.items():
        names = f'{src}.pre.{i}', f'{dst}.stem.{i}'
        if kind == 'conv':
            yield from _conv(*names)
        else:
            yield from _residual(*names, skip=i in _STEM_SKIPS)
    for m in range(_STACKS):
        yield from _hourglass(f'{src}.hgs.{m}', f'{dst}.hourglasses.{m}',
                              _DEPTH)
        yield from _residual(f'{src}.hgs_out.{m}.0', f'{dst}.fields.{m}.0')
        yield from _conv(f'{src}.hgs_out.{m}.1', f'{dst}.fields.{m}.1')
        core, branch = f'{src}.hgs_core.{m}', f'{dst}.pose_branches.{m}'
        for i in (0, 2):
            yield from _residual(f'{core}.{i}', f'{branch}.{i}')
            yield from _conv(f'{core}.{i + 1}', f'{branch}.{i + 1}')
    for m in range(_STACKS - 1):
        maps = f'{dst}.attention.{m}'
        yield (f'{src}.outs_points.{m}.0.conv.weight',
               f'{maps}.points.weight', None)
        yield (f'{src}.outs_edges.{m}.0.conv.weight',
               f'{maps}.edges.weight', None)
        yield (f'{src}.outs_features.{m}.conv.weight',
               f'{maps}.maps.weight', None)
        yield (f'{src}.merge_preds.{m}.conv.weight',
               f'{dst}.merge_heatmaps.{m}.weight', None)
        yield (f'{src}.merge_features.{m}.conv.weight',
               f'{dst}.merge_fields.{m}.weight', None)
    for name in ('weight', 'bias'):
        yield f'pose_fc.{name}', f'{dst}.pose_layers.0.{name}', None


def _head():
    for s in range(_STEPS):
        dst = f'head.steps.{s}'
        yield f'conv_window.{s}.weight', f'{dst}.visual.weight', _flat
        yield f'conv_window.{s}.bias', f'{dst}.visual.bias', None
        yield from _mlp(f'shape_encoder.{s}.encoder', f'{dst}.position', 3)
        yield from _mlp(f'gcn.{s}.decoder.decoder', f'{dst}.offset', 5)
        for g in range(4):
            src, gat = f'gcn.{s}.gat.{g}', f'{dst}.gats.{g}'
            attention = f'{src}.attention.attn'
            for i, name in enumerate(('query', 'key', 'value')):
                for kind in ('weight', 'bias'):
                    yield (f'{attention}.proj.{i}.{kind}',
                           f'{gat}.attention.{name}.{kind}', _heads_first)
            yield (f'{attention}.merge.weight',
                   f'{gat}.attention.merge.weight', _heads_first_columns)
            yield (f'{attention}.merge.bias',
                   f'{gat}.attention.merge.bias', None)
            yield from _mlp(f'{src}.attention.mlp', f'{gat}.update', 2)
            if g == 0:
                for kind, how in (('weight', _flat), ('bias', None)):
                    yield (f'{src}.reshape.0.{kind}', f'{gat}.skip.{kind}',
                           how)


_CONSTANTS = re.compile(
    r'diagonal_mask|theta_S\.\d|visual_cnn\.pre\.0\.[xy]{2}_channel|'
    r'visual_cnn\.E2Ptransform\.(ones|edge2point)')


def convert(released: dict) -> OrderedDict:
    """Released state dict to that of the model in ``configs/spiga_wflw.py`` or
    ``configs/spiga_300w.py``; a ``ValueError`` names keys and shapes that are
    not the release's."""
    key = 'visual_cnn.outs_points.0.0.conv.weight'
    points = released.get(key)
    if not isinstance(points, Tensor) or points.ndim == 0:
        raise ValueError(f'not a released SPIGA state dict: the key {key!r} '
                         'is missing; expected a file like spiga_wflw.pt')
    found = len(points)
    if found not in LANDMARK_SETS:
        raise ValueError(f'weights for {found} landmarks; the releases have '
                         f'{sorted(LANDMARK_SETS)}')
    table = [*_backbone(), *_head()]
    sources = {src for src, _, _ in table}
    unknown = sorted(name for name in set(released) - sources
                     if not _CONSTANTS.fullmatch(name))
    missing = sorted(sources - set(released))
    if unknown or missing:
        raise ValueError(
            'the keys are not the release\'s: missing '
            f'{_some(missing)}, unknown {_some(unknown)}')
    expected = release_architecture(found).state_dict()
    result, wrong = OrderedDict(), []
    for src, dst, how in table:
        value = released[src]
        if dst is None:  # the skip of a residual whose widths are equal
            block = src[:-len('skip_layer.conv.weight')]
            last = released[f'{block}conv3.conv.weight']
            wanted = (len(last), len(last), 1, 1)
            if _shape(value) != wanted:
                wrong.append(f'{src} {_shape(value)}, expected {wanted}')
            continue
        wanted = expected[dst].shape
        shape = value.shape if isinstance(value, Tensor) else None
        # The 1x1 and window convolutions become linear layers.
        if how and shape is not None and len(shape) > 1:
            shape = value.flatten(1).shape
        if shape != wanted:
            wrong.append(f'{src} {_shape(value)}, expected {tuple(wanted)}')
            continue
        value = how(value) if how else value
        result[dst] = value.detach().clone()
    if wrong:
        raise ValueError(f'shapes differ from the release\'s: {_some(wrong)}')
    for name in set(expected) - set(result):
        if name == 'head.trained':  # maps of the last stack, pose, cascade
            result[name] = torch.tensor([0, 1, 1], dtype=torch.uint8)
        else:  # the last stack's maps
            result[name] = torch.zeros_like(expected[name])
    return OrderedDict((name, result[name]) for name in expected)


def _shape(value):
    if isinstance(value, Tensor):
        return tuple(value.shape)
    return f'of type {type(value).__name__}'


def _some(names, most: int = 5) -> str:
    if not names:
        return 'none'
    more = f' and {len(names) - most} more' if len(names) > most else ''
    return ', '.join(names[:most]) + more


def release_architecture(landmarks: int):
    """The default model for a number of landmarks, without its weights."""
    name = LANDMARK_SETS[landmarks]
    return nn.ModuleDict(
        dict(
            backbone=HourglassPoseNet(landmark_set=name),
            head=GATCascadeHead(landmark_set=name)))


def convert_file(src: str, dst: str) -> None:
    """Convert a released file ``src`` (``.pt``) into a checkpoint ``dst`` of
    this project; errors are those of reading it and of :func:`convert`."""
    released = load_from_local(src)
    if not isinstance(released, dict):
        raise ValueError(f'{src}: expected a state dict, found '
                         f'{type(released).__name__}')
    try:
        state = convert(released)
    except ValueError as error:
        raise ValueError(f'{src}: {error}') from None
    count = len(state['backbone.attention.0.points.weight'])
    meta = dict(
        dataset_meta=parse_pose_metainfo(
            load_landmark_set(LANDMARK_SETS[count]).metainfo()),
        source='weights released by the SPIGA authors, converted')
    try:
        write_tensors(dict(meta=meta, state_dict=state), dst)
    except OSError as error:
        raise ValueError(
            f'{dst}: cannot be written: {error.strerror}') from None
