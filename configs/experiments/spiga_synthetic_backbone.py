# The multi-task stage of spiga_synthetic.py alone and short, to compare what
# concerns the backbone: judged by its own soft-argmax.
_base_ = ['../spiga_synthetic.py']

stages = [
    dict(
        _base_.stages[1],
        length=4,
        schedulers=[_base_.warm_up, _base_.cosine])
]
train_cfg = dict(val_interval=4)
