# What neither paper nor release tells of the cascade's training, one choice at
# a time against that of configs/spiga_synthetic.py, on 12,800 synthetic faces
# and one backbone that is trained first.
#
#   python tools/analysis_tools/compare.py \
#       configs/experiments/cascade_choices.py --out work_dirs/cascade_choices
base = 'configs/experiments/spiga_synthetic_cascade.py'
seeds = (0, 1, 2)
metrics = ('NME', 'occlusion/NME', 'NPE90', 'step1/NME', 'step2/NME')
options = {}
backbone = dict(
    base='configs/spiga_synthetic.py', stages=('landmarks', 'multitask'))
variants = {
    'default': {},
    'steps detached': {'model.head.detach_steps': True},
    'beta 0.1': {
        'model.head.loss': dict(type='SmoothL1CoordLoss', beta=0.1)
    },
    'beta 1': {
        'model.head.loss': dict(type='SmoothL1CoordLoss', beta=1.)
    },
    # Half as long.
    '2 epochs': {'stages.0.length': 2},
}
