# The cascade stage of spiga_synthetic.py alone, on a backbone that is there:
#
#   python tools/train.py configs/spiga_synthetic.py \
#       --stages landmarks multitask --work-dir work_dirs/backbone
_base_ = ['../spiga_synthetic.py']

load_from = 'work_dirs/backbone/multitask.pth'
epochs = 4
stages = [dict(_base_.stages[2], length=epochs)]
custom_hooks = [
    *_base_.custom_hooks[:-1],
    dict(type='StageHook', stages=stages),
]
train_cfg = dict(max_epochs=epochs, val_interval=epochs)
optim_wrapper = dict(optimizer=dict(lr=stages[0]['lr']))
param_scheduler = [
    _base_.param_scheduler[0],
    dict(_base_.param_scheduler[2], begin=0, end=epochs, T_max=epochs),
]
