# The multi-task stage of spiga_synthetic.py alone and short, to compare what
# concerns the backbone: judged by its own soft-argmax.
_base_ = ['../spiga_synthetic.py']

epochs = 4
stages = [dict(_base_.stages[1], length=epochs)]
custom_hooks = [
    *_base_.custom_hooks[:-1],
    dict(type='StageHook', stages=stages),
]
train_cfg = dict(max_epochs=epochs, val_interval=epochs)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(_base_.param_scheduler[1], begin=0, end=epochs, T_max=epochs),
]
