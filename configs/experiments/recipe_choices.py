# What neither paper nor release tells of the backbone's losses, one choice at
# a time against that of configs/spiga_synthetic.py, on 12,800 synthetic faces.
#
#   python tools/analysis_tools/compare.py \
#       configs/experiments/recipe_choices.py --out work_dirs/recipe_choices
base = 'configs/experiments/spiga_synthetic_backbone.py'
seeds = (0, 1, 2)
metrics = ('NME', 'occlusion/NME', 'NPE90', 'MAE')
options = {}
losses = 'model.head.supervision'
variants = {
    'default': {},
    # L_coord: which reading of which map, how sharp, in which units (a change
    # of units is a change of beta and of the weight, 16 by default).
    'coordinates from point maps': {f'{losses}.coord_maps': 'points'},
    'soft-argmax by mass': {f'{losses}.soft_argmax': 'mass'},
    'temperature 4': {f'{losses}.temperature': 4.},
    'temperature 16': {f'{losses}.temperature': 16.},
    'coord beta 0.1': {
        f'{losses}.loss_coord': dict(type='SmoothL1CoordLoss', beta=0.1)
    },
    'coord beta 1': {
        f'{losses}.loss_coord': dict(type='SmoothL1CoordLoss', beta=1.)
    },
    'coord weight 4': {f'{losses}.coord_weight': 4.},
    # L_points, L_edges.
    'no weight map': {
        f'{losses}.loss_maps':
        dict(type='WeightedAdaptiveWingLoss', weight_map=False)
    },
    'rounded centres': {f'{losses}.subpixel': False},
    'no maps': {
        f'{losses}.points_weight': 0.,
        f'{losses}.edges_weight': 0.,
    },
    # L_pose: squared, its weight brought to the same scale at 5 degrees.
    'pose squared': {
        f'{losses}.loss_pose': dict(type='PoseL2Loss', squared=True),
        f'{losses}.pose_weight': 0.012,
    },
    # The pose layer of two stacks: one for both (default) or one each.
    'two stacks': {'model.backbone.num_stacks': 2},
    'two stacks, two pose layers': {
        'model.backbone.num_stacks': 2,
        'model.backbone.shared_pose_layer': False,
    },
}
