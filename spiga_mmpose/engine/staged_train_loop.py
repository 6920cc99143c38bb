"""A training as long as its stages."""
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import LOOPS

from .stage_hook import StageHook
from .stages import read_stages, total_length


@LOOPS.register_module()
class StagedTrainLoop(EpochBasedTrainLoop):
    """Train for the epochs of the config's ``stages``, see :class:`Stage`.

    Args:
        runner (Runner): With ``StageHook`` among its hooks.
        dataloader (DataLoader | dict): Of the training.
        **kwargs: Other arguments of ``EpochBasedTrainLoop``, e.g.
            ``val_interval``.

    Raises:
        ValueError: If the config has no valid stages or no ``StageHook``, or
            ``max_epochs`` is given.
    """

    def __init__(self, runner, dataloader, **kwargs) -> None:
        stages = read_stages(runner.cfg)
        if 'max_epochs' in kwargs:
            raise ValueError(
                'train_cfg.max_epochs: the stages have the epochs; set '
                'stages.0.length and so on in its place')
        if not any(isinstance(hook, StageHook) for hook in runner.hooks):
            raise ValueError("custom_hooks: expected dict(type='StageHook'), "
                             'which changes the stages')
        super().__init__(
            runner, dataloader, max_epochs=total_length(stages), **kwargs)
