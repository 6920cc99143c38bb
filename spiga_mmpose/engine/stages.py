"""The stages of a config: what a training does, one after the other."""
from dataclasses import MISSING, dataclass, fields
from typing import List, Sequence

from spiga_mmpose.models.heads.trained_parts import PARTS


@dataclass(frozen=True)
class Stage:
    """One stage of a training; an entry of the config's ``stages``."""
    name: str  # for the log and the file of its weights
    length: int  # epochs
    lr: float  # at its start; a group with an lr_mult has that multiple of it
    losses: Sequence[str]  # of PARTS; heads of MMPose need none
    # Modules that are not trained, e.g. ['backbone'] or ['head.steps'].
    frozen: Sequence[str]
    # Configs of MMEngine's parameter schedulers. begin and end count from the
    # start of the stage, in epochs or, with by_epoch=False, in iterations; by
    # default a scheduler lasts the whole stage, and none acts beyond it.
    # eta_min_ratio is a share of the stage's lr.
    schedulers: Sequence[dict] = ()

    def __post_init__(self):
        if not isinstance(self.length, int) or self.length < 1:
            raise ValueError(
                f'the length of stage {self.name!r} must be an integer above '
                f'0, found {self.length!r}')
        if not isinstance(self.lr, (int, float)) or not self.lr > 0:
            raise ValueError(f'the lr of stage {self.name!r} must be a number '
                             f'above 0, found {self.lr!r}')
        unknown = sorted(set(self.losses) - set(PARTS))
        if unknown:
            raise ValueError(f'the losses of stage {self.name!r} name '
                             f'{unknown}; known are {list(PARTS)}')


def read_stages(cfg) -> List[Stage]:
    """Stages of a config, in order, at least one.

    Raises:
        ValueError: If there are none, one is not a dict with the keys of
            :class:`Stage`, or two have the same name.
    """
    found = cfg.get('stages')
    if not found or not isinstance(found, (list, tuple)):
        raise ValueError('the config has no stages: expected stages = [dict('
                         'name=..., length=..., lr=..., ...), ...]')
    known = {field.name for field in fields(Stage)}
    needed = {field.name for field in fields(Stage)
              if field.default is MISSING}
    for stage in found:
        if not needed <= set(stage) <= known:
            raise ValueError(
                f'a stage needs the keys {sorted(needed)} and may have '
                f'{sorted(known - needed)}, found {sorted(stage)}')
    stages = [Stage(**stage) for stage in found]
    names = [stage.name for stage in stages]
    if len(set(names)) < len(names):
        raise ValueError(f'stages need different names, found {names}')
    return stages


def total_length(stages: Sequence[Stage]) -> int:
    """Epochs of all stages."""
    return sum(stage.length for stage in stages)


def stage_at(stages: Sequence[Stage], epoch: int) -> int:
    """Index of the stage at an epoch."""
    for index, stage in enumerate(stages):
        epoch -= stage.length
        if epoch < 0:
            return index
    return len(stages) - 1


def trained_until(stages: Sequence[Stage], epoch: int) -> List[list]:
    """``[name, length]`` of the stages before an epoch."""
    trained = []
    for stage in stages:
        if epoch > 0:
            trained.append([stage.name, min(epoch, stage.length)])
        epoch -= stage.length
    return trained


def select_stages(cfg, names: Sequence[str]) -> None:
    """Leave only some of a config's stages, by name, in place.

    They keep their order; what comes before is for ``load_from`` (or
    ``resume``) to bring.

    Raises:
        ValueError: If the config has no stages, none of a name, or no weights
            for a later stage to start from.
    """
    known = [stage.name for stage in read_stages(cfg)]
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
    cfg.stages = [stage for stage in cfg.stages if stage['name'] in names]
