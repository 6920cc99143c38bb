# One attention matrix for all layers of a step.
_base_ = ['spiga.py']
ablation = dict(title='one attention a step (GCN)', paper=('GCN for GAT', ))
model = dict(head=dict(shared_attention=True))
