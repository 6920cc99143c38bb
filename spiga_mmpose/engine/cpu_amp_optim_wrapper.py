"""Mixed precision where there is no GPU."""
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmpose.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class CpuAmpOptimWrapper(OptimWrapper):
    """bfloat16 autocast on the CPU.

    MMEngine's ``AmpOptimWrapper`` asks for a GPU. bfloat16 has the range of
    float32, so no loss is scaled. Arguments as of ``OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: torch.nn.Module):
        """Autocast of the forward pass and of the losses."""
        with super().optim_context(model), torch.autocast(
                'cpu', dtype=torch.bfloat16):
            yield
