# No cascade: the backbone's own soft-argmax. There is nothing to train.
_base_ = ['spiga.py']
ablation = dict(title='soft-argmax of the backbone', paper=('MTN backbone', ))
train_cfg = None
train_dataloader = None
optim_wrapper = None
model = dict(test_cfg=dict(predict_by='maps'))
