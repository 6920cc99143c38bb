"""Steps whose loss is NaN or infinite: named, skipped, and at last fatal."""
import types
from typing import Optional

import torch
import torch.distributed as dist
from mmengine.dist import is_distributed
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmpose.registry import HOOKS


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Skip the steps that would ruin the weights, and say which they were.

    A step whose loss is not finite changes nothing: no backward pass, no
    optimiser step, and the buffers (BatchNorm statistics) are put back. The
    files of the batch are logged as an error. In a distributed run all
    processes skip together.

    Args:
        max_in_a_row (int): So many skipped steps one after the other end the
            training. Defaults to 10.

    Raises:
        ValueError: If ``max_in_a_row`` is below 1.
        FloatingPointError: From training, after ``max_in_a_row`` skips.
    """
    # Before whatever writes a checkpoint.
    priority = 'HIGHEST'

    def __init__(self, max_in_a_row: int = 10) -> None:
        if max_in_a_row < 1:
            raise ValueError('max_in_a_row of NonFiniteLossHook must be at '
                             f'least 1, found {max_in_a_row}')
        self.max_in_a_row = max_in_a_row
        self.in_a_row = 0
        self.skipped = 0
        self._bad_loss: Optional[float] = None
        self._live, self._saved = [], []

    def before_train(self, runner) -> None:
        """Stand between the loss and the optimiser."""
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        # What a checkpoint holds; the others are constants.
        kept = model.state_dict()
        self._live = [
            buffer for name, buffer in model.named_buffers() if name in kept
        ]
        self._saved = [buffer.clone() for buffer in self._live]
        wrapper = runner.optim_wrapper
        update = type(wrapper).update_params

        def update_if_finite(wrapper, loss, *args, **kwargs):
            if self._all_finite(loss):
                update(wrapper, loss, *args, **kwargs)
            else:
                self._bad_loss = loss.item()

        # On the object: whatever wrapper the config or --amp chooses.
        wrapper.update_params = types.MethodType(update_if_finite, wrapper)

    @staticmethod
    def _all_finite(loss) -> bool:
        finite = torch.isfinite(loss.detach()).float()
        if is_distributed():
            dist.all_reduce(finite, op=dist.ReduceOp.MIN)
        return bool(finite)

    def after_train_iter(self,
                         runner,
                         batch_idx,
                         data_batch=None,
                         outputs=None) -> None:
        """Count, name and repair, or remember the buffers."""
        if self._bad_loss is None:
            self.in_a_row = 0
            torch._foreach_copy_(self._saved, self._live)
            return
        torch._foreach_copy_(self._live, self._saved)
        loss, self._bad_loss = self._bad_loss, None
        self.in_a_row += 1
        self.skipped += 1
        names = [
            str(sample.metainfo.get('img_path'))
            for sample in (data_batch or {}).get('data_samples', [])
        ]
        parts = {
            key: float(value)
            for key, value in (outputs or {}).items()
            if 'loss' in key and key != 'loss'
        }
        runner.logger.error(
            f'loss {loss} in epoch {runner.epoch + 1}, iteration '
            f'{batch_idx + 1}: step skipped ({self.in_a_row} in a row, '
            f'{self.skipped} in all); losses {parts}; files {names}')
        if self.in_a_row >= self.max_in_a_row:
            raise FloatingPointError(
                f'the loss was NaN or infinite {self.in_a_row} times in a '
                'row; the last checkpoint is from before that. The log names '
                'the files; if it is not they, lower the learning rate')

    def after_train(self, runner) -> None:
        """Say how many steps were skipped."""
        if self.skipped:
            runner.logger.warning(
                f'{self.skipped} steps were skipped: their loss was NaN or '
                'infinite')
