# Windows read by two convolutions, as the paper says.
_base_ = ['spiga.py']
ablation = dict(title='two window convolutions of the paper', paper=())
model = dict(head=dict(two_convs=True))
