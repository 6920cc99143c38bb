"""Parts of the Runner beyond MMEngine: stages, seeds, safe checkpoints."""
from .collate import collate_faces
from .cpu_amp_optim_wrapper import CpuAmpOptimWrapper
from .cpu_launch import launch_on_cpu
from .epoch_block_sampler import EpochBlockSampler
from .latest_checkpoint import find_latest_checkpoint
from .non_finite_loss_hook import NonFiniteLossHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .sample_seed_hook import SampleSeedHook
from .stage_hook import StageHook
from .staged_train_loop import StagedTrainLoop
from .stages import Stage, read_stages, select_stages
from .transfer_hook import TransferHook
from .work_folder_lock import work_folder_lock

__all__ = [
    'CpuAmpOptimWrapper', 'EpochBlockSampler', 'NonFiniteLossHook',
    'SafeCheckpointHook', 'SampleSeedHook', 'Stage', 'StageHook',
    'StagedTrainLoop', 'TransferHook', 'collate_faces',
    'find_latest_checkpoint', 'launch_on_cpu', 'read_stages', 'select_stages',
    'work_folder_lock'
]
