"""Weights of another shape end in an error instead of a warning."""


class StrictShapes:
    """Mixin: refuse tensors that do not fit, also under ``strict=False``.

    MMEngine and MMPose load with ``strict=False``: weights of another
    landmark count would only be warned of, and random numbers used in their
    place. Put it before ``nn.Module`` classes among the bases.
    """

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        wrong = [
            f'{prefix}{name} is {tuple(state_dict[prefix + name].shape)}, '
            f'expected {tuple(value.shape)}'
            for name, value in self.state_dict().items()
            if prefix + name in state_dict
            and state_dict[prefix + name].shape != value.shape
        ]
        if wrong:
            raise ValueError(
                f'the weights do not fit this {type(self).__name__}: '
                f'{"; ".join(wrong[:3])}'
                f'{f"; and {len(wrong) - 3} more" if wrong[3:] else ""}. Take '
                'the config that they were trained with (another landmark '
                'set?), or start a training from what fits: tools/train.py '
                '--transfer CHECKPOINT')
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
