"""``--cfg-options``: how they are read, checked and put into a config."""
# Before MMEngine, of which it silences a warning.
import spiga_mmpose  # noqa: F401  isort: skip

import argparse
import difflib
import inspect
from typing import Any, Iterator, List, Set, Tuple

import mmpose.registry
from mmengine.config import Config, DictAction
from mmengine.registry import Registry
from mmengine.runner import Runner
from torch.utils.data import DataLoader

# What the Runner reads from the config, beside its own arguments, while it
# runs.
_RUNNER_KEYS = {
    'activation_checkpointing', 'auto_scale_lr', 'compile',
    'efficient_conv_bn_eval', 'find_unused_parameters', 'model_wrapper_cfg',
    'stages', 'sync_bn'
}
# What MMEngine takes out of a part's config before it builds it, and what
# --amp's wrapper has.
_TAKEN_OUT = {
    'type', '_scope_', 'priority', 'constructor', 'paramwise_cfg',
    'convert_to_iter_based', 'num_batch_per_epoch', 'dtype', 'loss_scale'
}
_SHOWN = 6  # places that a message names


class OptionsAction(DictAction):
    """MMEngine's ``DictAction``, which names what it cannot read."""

    def __call__(self, parser, namespace, values, option_string=None):
        given = set()
        for text in values:
            key = text.split('=')[0]
            if key in given:
                raise argparse.ArgumentError(self, f'{key} is given twice')
            given.add(key)
            try:
                super().__call__(parser, namespace, [text], option_string)
                valid = all(text.split('=')[0].split('.'))
            except (AssertionError, RecursionError, ValueError):
                valid = False
            if not valid:
                raise argparse.ArgumentError(
                    self, 'expected KEY=VALUE, e.g. a.b=3 or a.b=[1,2], with '
                    f'every bracket closed, found {text[:100]!r}')


def merge_options(config: Config, options: dict) -> None:
    """Put ``--cfg-options`` into a config, but none that changes nothing."""
    _check_options(options, config)
    merge_checked(config, options)


def merge_checked(config: Config, options: dict) -> None:
    """Put ``--cfg-options`` into a config that something else than the Runner
    reads."""
    for option in options:
        _check_place(option, options, config)
    try:
        config.merge_from_dict(options)
    except (KeyError, TypeError) as error:
        raise ValueError(f'--cfg-options: {error.args[0]}') from None


def _check_place(option: str, options: dict, config: Config) -> None:
    """Refuse a scalar in place of a dict, and what a part does not know."""
    node, place = config.to_dict(), ''
    for key in option.split('.'):
        if isinstance(node, (list, tuple)):
            if not key.isdecimal() or int(key) >= len(node):
                return  # MMEngine says so
            node = node[int(key)]
        elif not isinstance(node, dict):
            return  # likewise
        elif key not in node:
            owner = options.get(f'{place}.type', node.get('type'))
            if owner is None and place.endswith('_dataloader'):
                owner = 'DataLoader'
            known, whole = _arguments(owner)
            if place == 'default_hooks' and f'{place}.{key}.type' not in (
                    options):
                owner, known, whole = place, set(node), True
            if whole and key not in known | _TAKEN_OUT:
                raise ValueError(
                    f'--cfg-options {option}: {owner} has no {key!r}'
                    f'{nearest_argument(key, known)}')
            return
        else:
            node = node[key]
        place = f'{place}.{key}' if place else key
    nested = isinstance(node, dict) or isinstance(
        node, (list, tuple)) and any(isinstance(item, dict) for item in node)
    if nested and isinstance(options[option], (str, int, float)):
        inner = '0' if isinstance(node, (list, tuple)) else next(
            iter(node), 'KEY')
        raise ValueError(
            f'--cfg-options {option}={options[option]}: there are '
            f'{"dicts" if inner == "0" else "keys"} below {option}, expected '
            f'one of them: {option}.{inner}=...')


def nearest_argument(key: str, owner) -> str:
    """``'; the nearest is ...'``, or nothing."""
    known = owner if isinstance(owner, set) else _arguments(owner)[0]
    near = difflib.get_close_matches(key, sorted(known), 1, 0.)
    return f'; the nearest is {near[0]!r}' if near else ''


def _arguments(owner) -> Tuple[Set[str], bool]:
    """Names of a part's arguments, and whether it takes no others."""
    if owner == 'DataLoader':
        parts = [DataLoader]
    elif isinstance(owner, str):
        registries = vars(mmpose.registry).values()
        parts = [
            part for registry in registries if isinstance(registry, Registry)
            if (part := registry.get(owner)) is not None
        ]
    else:
        parts = [owner] if callable(owner) else []
    names, whole = set(), bool(parts)
    for part in parts:
        # What a class does not know itself it hands to the next.
        layers = ([vars(base)['__init__'] for base in part.__mro__
                   if '__init__' in vars(base)]
                  if inspect.isclass(part) else [part])
        for layer in layers:
            found = inspect.signature(layer).parameters
            names |= {name for name, p in found.items() if p.kind in
                      (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
            if all(p.kind != p.VAR_KEYWORD for p in found.values()):
                break
        else:
            whole = False
    return names - {'self'}, whole


def _check_options(options: dict, config: Config) -> None:
    config = config.to_dict()
    read = {*_RUNNER_KEYS, *inspect.signature(Runner).parameters} - {'cfg'}
    parts = {key: value for key, value in config.items() if key in read}
    for option in options:
        key = option.split('.')[0]
        if key in read:
            continue
        if key not in config:
            raise ValueError(
                f'--cfg-options names {key!r}, which neither the config nor '
                f'the Runner knows; the config has {sorted(parts)}')
        places = _places(option, config, parts)
        raise ValueError(
            f'--cfg-options {option} would change nothing: {key!r} is a '
            'variable of the config file, read before the options are; what '
            f'has an effect: {", ".join(places[:_SHOWN] or sorted(parts))}' +
            f' and {len(places) - _SHOWN} more' * (len(places) > _SHOWN))


def _places(option: str, config: dict, parts: dict) -> List[str]:
    """Keys under which the Runner finds what an option means to change."""
    variable, *rest = option.split('.')
    if rest:
        whole = [
            place for place, found in _walk(parts) if found == config[variable]
        ]
        if whole:
            return ['.'.join([place, *rest]) for place in whole]
    # Its items may have been put among others, one by one.
    values = dict(_walk(config))
    return [place for place, found in _walk(parts)
            if place.split('.')[-1] == option.split('.')[-1]
            and option in values and found == values[option]]


def _walk(node: Any, place: str = '') -> Iterator[Tuple[str, Any]]:
    """All that is nested in a config, under its key of --cfg-options."""
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    for key, value in node.items() if isinstance(node, dict) else ():
        inner = f'{place}.{key}' if place else str(key)
        yield inner, value
        yield from _walk(value, inner)
