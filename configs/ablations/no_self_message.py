# A landmark attends to the others alone, as the paper says.
_base_ = ['spiga.py']
ablation = dict(title='no message to itself, as the paper', paper=())
model = dict(head=dict(self_message=False))
