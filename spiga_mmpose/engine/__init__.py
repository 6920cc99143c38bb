"""What the Runner needs beyond MMEngine: stages and safe checkpoints."""
from . import checkpoint  # noqa: F401, registers the safe loader
from .epoch_block_sampler import EpochBlockSampler
from .stage_hook import StageHook

__all__ = ['EpochBlockSampler', 'StageHook']
