"""A sampler that never shows the same sample twice."""
from typing import Iterator, Optional

from mmengine.dist import get_dist_info
from mmpose.registry import DATA_SAMPLERS
from torch.utils.data import Sampler


@DATA_SAMPLERS.register_module()
class EpochBlockSampler(Sampler):
    """Epoch e sees the e-th block of an (endless) data set, in order.

    For data sets that draw their samples on demand, such as
    ``SyntheticFaceDataset``. Starts again from the first block after the last.

    Args:
        dataset (Sized): The data set.
        epoch_size (int): Samples an epoch, over all processes: at least one
            each, at most the data set; else a ``ValueError``.
        seed (int, optional): Not used; the Runner passes it to samplers.
    """

    def __init__(self, dataset, epoch_size: int,
                 seed: Optional[int] = None) -> None:
        self.rank, self.world_size = get_dist_info()
        if not self.world_size <= epoch_size <= len(dataset):
            raise ValueError(
                f'epoch_size must be from {self.world_size} (processes) to '
                f'{len(dataset)} (samples), found {epoch_size}')
        self.blocks = len(dataset) // epoch_size
        self.epoch_size = epoch_size
        self.epoch = 0

    def __iter__(self) -> Iterator[int]:
        begin = self.epoch % self.blocks * self.epoch_size
        share = len(self) * self.world_size
        return iter(range(begin + self.rank, begin + share, self.world_size))

    def __len__(self) -> int:
        return self.epoch_size // self.world_size

    def set_epoch(self, epoch: int) -> None:
        """Choose the block."""
        self.epoch = epoch
