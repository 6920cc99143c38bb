"""Seeds of the samples and of the model, new in every epoch."""
from mmengine.hooks import Hook
from mmengine.runner import set_random_seed
from mmpose.registry import HOOKS


@HOOKS.register_module()
class SampleSeedHook(Hook):
    """Make a resumed run equal to one that went on.

    Before every epoch the process is seeded from the run's seed and the
    epoch, and data sets with ``set_epoch`` (:class:`SeededDataset`) learn
    both. Stock data sets have no such method: their augmentation then differs
    after resuming, which the log says once.
    """

    def before_train(self, runner) -> None:
        """Say where resuming cannot be exact."""
        dataset = runner.train_dataloader.dataset
        if not hasattr(dataset, 'set_epoch'):
            runner.logger.info(
                f'{type(dataset).__name__} draws its augmentation from the '
                'state of its workers: a resumed run will differ from one '
                'that goes on')

    def before_train_epoch(self, runner) -> None:
        """Seed the epoch."""
        set_random_seed(runner.seed + runner.epoch)
        dataset = runner.train_dataloader.dataset
        if hasattr(dataset, 'set_epoch'):
            dataset.set_epoch(runner.epoch, runner.seed)
