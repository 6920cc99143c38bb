"""A training as long as its stages."""
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import LOOPS

from .stage_hook import StageHook
from .stages import read_stages, total_length


@LOOPS.register_module()
class StagedTrainLoop(EpochBasedTrainLoop):
    """Train for the epochs of the config's ``stages``, see :class:`Stage`.

    Needs ``StageHook`` among the hooks; arguments as of
    ``EpochBasedTrainLoop`` but for ``max_epochs``.

    Raises:
        ValueError: If the config has no valid stages or no ``StageHook``,
            ``max_epochs`` is given, or the faces do not fill a batch; in
            training, if a BatchNorm is given a single number a channel.
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
        loader = self.dataloader
        if not len(loader):
            faces = len(loader.sampler)
            raise ValueError(
                f'{faces} faces an epoch (of one process) do not fill a batch '
                f'of {loader.batch_size}, and the rest is dropped: set '
                f'train_dataloader.batch_size to {faces} or less, or '
                'train_dataloader.drop_last=False')

    def run_iter(self, idx, data_batch) -> None:
        """Train on a batch."""
        try:
            super().run_iter(idx, data_batch)
        except ValueError as error:
            if 'more than 1 value per channel' not in str(error):
                raise
            loader = self.dataloader
            raise ValueError(
                f'batch {idx + 1} has {len(data_batch["data_samples"])} face, '
                f'too few for BatchNorm: {len(loader.sampler)} faces an epoch '
                f'in batches of {loader.batch_size}; set train_dataloader.'
                f'batch_size to {max(2, loader.batch_size)} or more and '
                'train_dataloader.drop_last=True') from None
