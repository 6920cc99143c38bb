"""What the Runner needs beyond MMEngine: stages, seeds, safe checkpoints."""
from . import checkpoint  # noqa: F401, registers the safe loader
from .collate import collate_faces
from .epoch_block_sampler import EpochBlockSampler
from .sample_seed_hook import SampleSeedHook
from .stage_hook import StageHook

__all__ = [
    'collate_faces', 'EpochBlockSampler', 'SampleSeedHook', 'StageHook'
]
