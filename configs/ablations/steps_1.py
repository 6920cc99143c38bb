# A cascade of one step, the widest.
_base_ = ['spiga.py']
ablation = dict(title='one step', paper=('SPIGA (1)', ))
model = dict(head=dict(windows=_base_.model.head.windows[:1]))
