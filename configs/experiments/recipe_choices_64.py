# The choices of recipe_choices.py that changed most, on maps of 64 x 64 cells
# as the paper's: crops of 256 px, a thin network, 6,400 faces a run.
#
#   python tools/analysis_tools/compare.py \
#       configs/experiments/recipe_choices_64.py \
#       --out work_dirs/recipe_choices_64
base = 'configs/experiments/spiga_synthetic_backbone.py'
seeds = (0, 1)
metrics = ('NME', 'occlusion/NME', 'NPE90', 'MAE')
size = (256, 256)
dataset = 'dataloader.dataset.pipeline'
losses = 'model.head.supervision'
options = {
    f'train_{dataset}.3.input_size': size,
    f'train_{dataset}.4.encoder.input_size': size,
    f'val_{dataset}.2.input_size': size,
    f'test_{dataset}.2.input_size': size,
    'train_dataloader.sampler.epoch_size': 1600,
    'model.backbone.input_size': size[0],
    'model.backbone.depth': 4,
    'model.backbone.channels': 32,
    'model.backbone.stem_channels': (16, 32),
    'model.head.in_channels': 32,
    'model.head.decoder.input_size': size,
    f'{losses}.sigma_points': 1.5,
    f'{losses}.temperature': 16.,
}
variants = {
    'default': {},
    'temperature 8': {f'{losses}.temperature': 8.},
    'soft-argmax by mass': {f'{losses}.soft_argmax': 'mass'},
    'coordinates from point maps': {f'{losses}.coord_maps': 'points'},
}
