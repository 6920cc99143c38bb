"""Random transforms that depend on seed, epoch and sample alone."""
import random
from typing import Any

import numpy as np
import torch
from mmpose.datasets import CombinedDataset
from mmpose.registry import DATASETS


class SeededDataset:
    """Mixin: the pipeline of a sample draws from a seed of its own.

    MMEngine seeds the loader's workers once; what a transform draws then
    depends on all that its worker has done before, and a resumed run draws
    otherwise. Here each sample of each epoch has its own seed, so a resumed
    run is the same as one that went on, with any number of workers. Put it
    before MMEngine's ``BaseDataset`` among the bases. Nothing is seeded until
    :meth:`set_epoch` is called (``SampleSeedHook`` does).
    """

    def set_epoch(self, epoch: int, seed: int) -> None:
        """Choose the seeds of an epoch, also in running loader workers.

        Args:
            epoch (int): Number of the epoch (or of the iteration at which
                the loop began, where it has no epochs).
            seed (int): Seed of the run.
        """
        self._shared()[:] = torch.tensor([epoch, seed])

    def _shared(self) -> torch.Tensor:
        # Shared memory: worker processes that are already there see it too.
        if not hasattr(self, '_epoch_and_seed'):
            self._epoch_and_seed = torch.full((2, ), -1).share_memory_()
        return self._epoch_and_seed

    def full_init(self):
        """As MMEngine's, and before workers are forked."""
        self._shared()
        super().full_init()

    def _rand_another(self) -> int:
        """The sample after the last one that was asked for.

        MMEngine asks when a sample is bad. A random one would be drawn from
        the bad sample's own seed: always the same, and from it perhaps the
        way back.
        """
        self._last = (self._last + 1) % len(self)
        return self._last

    def prepare_data(self, idx: int) -> Any:
        """Seed, then run the pipeline."""
        self._last = int(idx)
        epoch, seed = self._shared().tolist()
        if epoch >= 0:
            words = np.random.SeedSequence([seed, epoch,
                                            int(idx)]).generate_state(2)
            np.random.seed(words[0])
            random.seed(int(words[1]))
        return super().prepare_data(idx)


@DATASETS.register_module()
class SeededCombinedDataset(SeededDataset, CombinedDataset):
    """MMPose's ``CombinedDataset``, whose draws depend on seed and epoch.

    Which faces an epoch takes of a data set (``sample_ratio_factor``) and
    what their transforms draw follow from seed, epoch and sample alone, so
    that a resumed run equals one that went on. Arguments as of MMPose's.
    """
