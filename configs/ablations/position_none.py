# The cascade does not know where the other landmarks are.
_base_ = ['spiga.py']
ablation = dict(title='no positions', paper=('no positional encoding', ))
model = dict(head=dict(position='none'))
