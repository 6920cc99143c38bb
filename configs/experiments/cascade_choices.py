# What neither paper nor release tells of the cascade's training, one choice at
# a time against that of configs/spiga_synthetic.py, on 12,800 synthetic faces
# and the backbone that tools/analysis_tools/ablate.py --out
# work_dirs/ablations trains first. Its file holds the backbone alone, so that
# the cascade's first weights are the seed's.
#
#   python tools/analysis_tools/compare.py \
#       configs/experiments/cascade_choices.py --out work_dirs/cascade_choices
base = 'configs/experiments/spiga_synthetic_cascade.py'
seeds = (0, 1, 2)
metrics = ('NME', 'occlusion/NME', 'NPE90', 'step1/NME', 'step2/NME')
options = {'load_from': 'work_dirs/ablations/backbone.pth'}
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
