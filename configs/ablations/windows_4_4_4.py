# One size for all steps. The paper puts its middle size, 8 of 64 cells, in the
# place of 16, 8, 4; here the middle of 8, 4, 2 is 4 of 16 cells.
_base_ = ['spiga.py']
ablation = dict(title='windows of 4, 4, 4 cells', paper=('windows 8,8,8', ))
model = dict(head=dict(windows=(0.25, 0.25, 0.25)))
