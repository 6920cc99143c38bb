# What the parts give on photographs, one change at a time against
# spiga_photo_small.py, 4 epochs of 1,675 faces, chosen and scored on
# val.json:
#
#   python tools/analysis_tools/compare.py configs/experiments/photo_parts.py \
#       --out work_dirs/photo_parts
base = 'configs/experiments/spiga_photo_small.py'
seeds = (0, 1, 2)
metrics = ('NME', 'NPE90', 'FR8', 'step0/NME', 'step1/NME', 'step2/NME', 'MAE')
options = {}
pipelines = [
    f'{loader}_dataloader.dataset.pipeline.{index}.padding'
    for loader, index in (('train', 3), ('val', 2))
]
supervision = 'model.head.supervision'
variants = {
    'default': {},
    'no cascade, soft-argmax': {
        'stages.0.losses': ('maps', 'pose'),
        'stages.0.frozen': ('head.steps', ),
    },
    'one step': {'model.head.windows': (0.5, )},
    'two steps': {'model.head.windows': (0.5, 0.25)},
    'no positions': {'model.head.position': 'none'},
    'one attention a step (GCN)': {'model.head.shared_attention': True},
    'start from the mean shape': {'model.head.initial_shape': 'mean'},
    'coordinate weight 4': {f'{supervision}.coord_weight': 4.},
    'padding 1.6': {key: 1.6 for key in pipelines},
    'not from synthetic faces': {'load_from': None},
}
