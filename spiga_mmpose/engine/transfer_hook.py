"""Start a training from weights of another landmark set or size."""
from mmengine.hooks import Hook
from mmpose.registry import HOOKS

from .model_of import model_of


@HOOKS.register_module()
class TransferHook(Hook):
    """Take from ``load_from`` what fits, and name what does not.

    Without it weights of another shape are an error. The record of the trained
    parts (``head.trained``) is left out, since not all of them came along. A
    resumed run has its own weights: nothing is left out. If nothing fits the
    model, a ``ValueError``.
    """

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Leave out tensors of another shape, and say so."""
        if runner._resume:
            return
        own = model_of(runner).state_dict()
        weights = checkpoint.get('state_dict', checkpoint)
        left_out = [
            name for name, value in weights.items()
            if name in own and value.shape != own[name].shape
        ]
        for name in [*left_out, 'head.trained']:
            weights.pop(name, None)
        fit = sum(name in own for name in weights)
        runner.logger.warning(
            f'transfer: took {fit} of {len(own)} tensors; of another shape, '
            f'left out: {left_out}')
        if not fit:
            raise ValueError('transfer: nothing in the checkpoint fits this '
                             'model')
