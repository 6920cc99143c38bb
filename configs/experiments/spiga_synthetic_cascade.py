# The cascade stage of spiga_synthetic.py alone, on a backbone that is there:
#
#   python tools/train.py configs/spiga_synthetic.py \
#       --stages landmarks multitask --work-dir work_dirs/backbone
_base_ = ['../spiga_synthetic.py']

load_from = 'work_dirs/backbone/multitask.pth'
stages = [
    dict(
        _base_.stages[2],
        length=4,
        schedulers=[_base_.warm_up, _base_.cosine])
]
train_cfg = dict(val_interval=4)
