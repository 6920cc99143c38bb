# A cascade of two steps.
_base_ = ['spiga.py']
ablation = dict(title='two steps', paper=('SPIGA (2)', ))
model = dict(head=dict(windows=_base_.model.head.windows[:2]))
