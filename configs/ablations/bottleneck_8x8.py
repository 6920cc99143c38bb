# One halving less in the hourglass, as the paper's 8 x 8 of 64 cells against
# the release's 4 x 4; here 4 x 4 of 16 against 2 x 2. The backbone is another
# one, so it cannot start from the shared one and is trained at equal budget.
_base_ = ['spiga.py']
ablation = dict(title='larger bottleneck of the paper', paper=())
load_from = None  # of a multi-task stage with this backbone
model = dict(backbone=dict(depth=2))
