# SPIGA in miniature on synthetic faces: ten minutes on two CPU cores.
_base_ = ['_base_/small_network.py', '_base_/synthetic_faces.py']

# The paper's stages, in epochs of 3,200 faces that nobody has seen before.
warm_up = dict(type='LinearLR', end=100, start_factor=0.1, by_epoch=False)
cosine = dict(
    type='CosineAnnealingLR', eta_min_ratio=0.005, convert_to_iter_based=True)
stages = [
    dict(
        name='landmarks',
        length=4,
        lr=4e-3,
        # This rate stays until the multi-task stage takes it down.
        schedulers=[warm_up],
        losses=('maps', ),
        frozen=('backbone.pose_branches', 'backbone.pose_layers',
                'head.steps')),
    dict(
        name='multitask',
        length=8,
        lr=4e-3,
        schedulers=[cosine],
        losses=('maps', 'pose'),
        frozen=('head.steps', )),
    dict(
        name='cascade',
        length=4,
        lr=1e-3,
        schedulers=[dict(cosine, eta_min_ratio=0.02)],
        losses=('cascade', ),
        frozen=('backbone', )),
]
train_cfg = dict(val_interval=8)
find_unused_parameters = True

landmark_set = _base_.landmark_set
codec = _base_.codec
channels = 64
model = dict(
    backbone=dict(
        landmark_set=landmark_set,
        input_size=_base_.input_size[0],
        channels=channels,
        stem_channels=(24, 48),
        depth=3),
    head=dict(
        in_channels=channels,
        landmark_set=landmark_set,
        # 8, 4 and 2 of 16 cells: on so small a map the paper's 4, 2 and 1
        # show the first step all that the later ones see.
        windows=(0.5, 0.25, 0.125),
        window_samples=5,
        embed_channels=64,
        position_channels=(64, 64),
        gat_channels=64,
        offset_channels=(64, 32),
        supervision=dict(
            sigma_points=1.,
            # Mass learns faster (docs/recipe_choices.md); the figures of the
            # docs are of this.
            soft_argmax='softmax',
            temperature=8.),
        decoder=codec))
