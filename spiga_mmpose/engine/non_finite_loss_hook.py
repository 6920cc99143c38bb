"""Steps that are NaN or infinite: named, skipped, and at last fatal."""
import types
from functools import wraps
from typing import Optional

import torch
import torch.distributed as dist
from mmengine.dist import is_distributed
from mmengine.hooks import Hook
from mmpose.registry import HOOKS

from .latest_checkpoint import find_latest_checkpoint
from .model_of import model_of


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Skip the steps that would ruin the weights, and say which they were.

    A step whose loss or whose gradient is not finite changes nothing: no
    optimiser step, and the buffers (BatchNorm statistics) are put back. What
    was accumulated for that step goes with it. The files of the batch are
    logged as an error. In a distributed run all processes skip together. With
    a loss scaler (fp16), which skips overflows itself, only losses are looked
    at.

    No checkpoint is written of weights that are not finite.

    Args:
        max_in_a_row (int): So many skipped steps one after the other end the
            training, by a ``FloatingPointError``.
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
        self._reason: Optional[str] = None
        self._live, self._saved = [], []

    def before_train(self, runner) -> None:
        """Stand between the loss, the gradient and the optimiser."""
        model = model_of(runner)
        # What a checkpoint holds; the others are constants.
        kept = model.state_dict()
        self._live = [
            buffer for name, buffer in model.named_buffers() if name in kept
        ]
        self._saved = [buffer.clone() for buffer in self._live]
        wrapper = runner.optim_wrapper
        update = type(wrapper).update_params
        step = wrapper.step  # the schedulers count it

        def update_if_finite(wrapper, loss, *args, **kwargs):
            if _finite_everywhere(loss.detach()):
                update(wrapper, loss, *args, **kwargs)
                return
            self._reason = f'loss {loss.item()}'
            # Processes exchange gradients in the last backward pass before a
            # step. It may be this one, so none of this step's are used.
            wrapper.zero_grad()
            wrapper._inner_count += 1

        @wraps(step)
        def step_if_finite(**kwargs):
            norm = None
            if not hasattr(wrapper, 'loss_scaler'):
                norm = _gradient_norm(wrapper.optimizer)
            if norm is None or _finite_everywhere(norm):
                step(**kwargs)
                self.in_a_row = 0
            else:
                self._reason = f'gradient norm {norm.item()}'

        # On the object: whatever wrapper the config or --amp chooses.
        wrapper.update_params = types.MethodType(update_if_finite, wrapper)
        wrapper.step = step_if_finite

    def after_train_iter(self,
                         runner,
                         batch_idx,
                         data_batch=None,
                         outputs=None) -> None:
        """Count, name and repair, or remember the buffers."""
        if self._reason is None:
            torch._foreach_copy_(self._saved, self._live)
            return
        torch._foreach_copy_(self._live, self._saved)
        reason, self._reason = self._reason, None
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
            f'{reason} in epoch {runner.epoch + 1}, iteration '
            f'{batch_idx + 1}: step skipped ({self.in_a_row} in a row, '
            f'{self.skipped} in all); losses {parts}; files {names}')
        if self.in_a_row >= self.max_in_a_row:
            raise FloatingPointError(
                'the loss or its gradient was NaN or infinite '
                f'{self.in_a_row} times in a row; {_what_is_left(runner)}. '
                'The log names the files; if it is not they, lower the '
                'learning rate')

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Refuse to keep weights that are NaN or infinite."""
        broken = [
            name for name, value in checkpoint['state_dict'].items()
            if not torch.isfinite(value).all()
        ]
        if broken:
            raise FloatingPointError(
                f'{len(broken)} tensors of the model are NaN or infinite, '
                f'{broken[0]} among them: no checkpoint is written; '
                f'{_what_is_left(runner)}. Lower the learning rate')

    def after_train(self, runner) -> None:
        """Say how many steps were skipped."""
        if self.skipped:
            runner.logger.warning(
                f'{self.skipped} steps were skipped: their loss or gradient '
                'was NaN or infinite')


def _finite_everywhere(value: torch.Tensor) -> bool:
    finite = torch.isfinite(value).float()
    if is_distributed():
        dist.all_reduce(finite, op=dist.ReduceOp.MIN)
    return bool(finite)


def _gradient_norm(optimizer) -> Optional[torch.Tensor]:
    """() norm of the gradients of all parameters; None without any."""
    gradients = [
        parameter.grad for group in optimizer.param_groups
        for parameter in group['params'] if parameter.grad is not None
    ]
    if not gradients:
        return None
    return torch.stack(torch._foreach_norm(gradients)).norm()


def _what_is_left(runner) -> str:
    last = find_latest_checkpoint(runner.work_dir)
    if last is None:
        return f'no checkpoint is in {runner.work_dir} yet'
    return f'the last checkpoint, {last}, holds the weights of before that'
