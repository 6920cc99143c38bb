# Every step sees the cell that its landmark is in. The paper's 1 is one of
# its 64 cells; here it is one of 16, since a window has the size of what the
# map can tell apart. As a share of the face that is four times as much. A
# step moves a landmark by half its window at most, so three such steps reach
# 1.5 cells, where those of SPIGA (8, 4 and 2 cells) reach 7.
_base_ = ['spiga.py']
ablation = dict(title='windows of 1, 1, 1 cells', paper=('windows 1,1,1', ))
model = dict(head=dict(windows=(1 / 16, 1 / 16, 1 / 16)))
