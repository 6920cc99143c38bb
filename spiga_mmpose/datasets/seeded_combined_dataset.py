"""Several data sets in one training, with seeds of each sample."""
from mmpose.datasets import CombinedDataset
from mmpose.registry import DATASETS

from .seeded import SeededDataset


@DATASETS.register_module()
class SeededCombinedDataset(SeededDataset, CombinedDataset):
    """MMPose's ``CombinedDataset``, whose draws depend on seed and epoch.

    Which faces an epoch takes of a data set (``sample_ratio_factor``) and
    what their transforms draw follow from seed, epoch and sample alone, so
    that a resumed run equals one that went on. Arguments as of MMPose's.
    """
