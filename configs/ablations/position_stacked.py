# Displacements behind the window features instead of encoded and added.
_base_ = ['spiga.py']
ablation = dict(title='stacked positions', paper=('stacked positions', ))
model = dict(head=dict(position='stack'))
