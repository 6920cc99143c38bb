"""Parts of a network that its weights are trained for."""
from typing import Iterable, Tuple

import torch

# In the order of the buffer ``trained``.
PARTS = ('maps', 'pose', 'cascade')


class TrainedParts:
    """Mixin: a record of the trained parts, kept with the weights.

    It is kept twice: as ``trained_parts``, since reading a tensor in
    ``forward`` would make a GPU wait and break the export, and as the buffer
    ``trained``, which checkpoints carry. ``StageHook`` writes it while it
    trains. Put it before ``nn.Module`` classes among the bases.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # Some of PARTS; empty: nothing is recorded.
        self.trained_parts: Tuple[str, ...] = ()
        self.register_buffer('trained',
                             torch.zeros(len(PARTS), dtype=torch.uint8))

    def record_trained(self, parts: Iterable[str]) -> None:
        """Add parts to the record."""
        parts = {*self.trained_parts, *parts}
        if parts > set(self.trained_parts):
            self.trained_parts = tuple(p for p in PARTS if p in parts)
            self.trained.copy_(torch.tensor([p in parts for p in PARTS]))

    def _load_from_state_dict(self, *args, **kwargs):
        super()._load_from_state_dict(*args, **kwargs)
        self.trained_parts = tuple(
            part for part, done in zip(PARTS, self.trained.tolist()) if done)
