# Every face starts from the mean shape instead of its projected head model.
_base_ = ['spiga.py']
ablation = dict(title='start from the mean shape', paper=())
model = dict(head=dict(initial_shape='mean'))
