"""A run of some of a config's stages."""
from typing import Sequence

from mmengine.config import ConfigDict


def select_stages(cfg, names: Sequence[str]) -> None:
    """Cut a config down to some of its stages, in place.

    The stages keep their order, learning rates and schedules; what comes
    before is for ``load_from`` (or ``resume``) to bring. Schedules belong to
    the stage in which they begin; a warm-up counted otherwise than the stages
    (by iterations, not epochs) belongs to the first.

    Args:
        cfg (Config): With ``StageHook`` among its ``custom_hooks``.
        names (Sequence[str]): Names of the stages to run.

    Raises:
        ValueError: If the config has no stages, none of a name, a schedule
            that belongs to no stage, or no weights for a later stage to
            start from.
    """
    hooks = [
        hook for hook in cfg.get('custom_hooks') or []
        if hook['type'] == 'StageHook'
    ]
    if not hooks:
        raise ValueError('the config has no stages: no StageHook among its '
                         'custom_hooks')
    stages = hooks[0]['stages']
    by_epoch = cfg.train_cfg.get('by_epoch', 'max_iters' not in cfg.train_cfg)
    known = [stage['name'] for stage in stages]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f'no stages {unknown} in the config; it has {known}')
    if known[0] not in names and not (cfg.get('load_from')
                                      or cfg.get('resume')):
        first = next(name for name in known if name in names)
        before = known[known.index(first) - 1]
        raise ValueError(
            f'stage {first!r} would start from random weights: give those of '
            f'stage {before!r}, --cfg-options load_from=.../{before}.pth, or '
            '--resume')

    kept, schedulers, old, new = [], [], 0, 0
    for stage in stages:
        if stage['name'] in names:
            schedulers += [
                _moved(scheduler, new - old, by_epoch)
                for scheduler in cfg.param_scheduler or []
                if _belongs(scheduler, old, stage['length'], by_epoch)
            ]
            kept.append(stage)
            new += stage['length']
        old += stage['length']
    hooks[0]['stages'] = kept
    cfg.param_scheduler = [ConfigDict(s) for s in schedulers]
    cfg.optim_wrapper.optimizer.lr = kept[0]['lr']
    cfg.train_cfg['max_epochs' if by_epoch else 'max_iters'] = new


def _belongs(scheduler: dict, begin: int, length: int, by_epoch: bool) -> bool:
    start = scheduler.get('begin', 0)
    if scheduler.get('by_epoch', True) == by_epoch:
        return begin <= start < begin + length
    if start:
        raise ValueError(
            f'{scheduler["type"]} begins at {start}, which belongs to no '
            'stage: it does not count as the stages do')
    return begin == 0


def _moved(scheduler: dict, shift: int, by_epoch: bool) -> dict:
    if scheduler.get('by_epoch', True) != by_epoch:
        return scheduler
    places = {
        key: scheduler[key] + shift
        for key in ('begin', 'end') if key in scheduler
    }
    return dict(scheduler, **places)
