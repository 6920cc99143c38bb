# Offsets bounded as the paper says, not as the release does.
_base_ = ['spiga.py']
ablation = dict(title='arctan of the paper', paper=())
model = dict(head=dict(offset_activation='arctan'))
