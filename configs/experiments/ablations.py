# The paper's ablations on synthetic faces: the cascade stage alone, on one
# backbone, tested on 1,000 faces that no choice was made by. They say
# nothing about photographs: compare signs with the paper's, not numbers.
# What came out: docs/ablations.md.
#
#   python tools/analysis_tools/compare.py configs/experiments/ablations.py \
#       --out work_dirs/ablations
base = 'configs/experiments/spiga_synthetic_cascade.py'
backbone = dict(
    base='configs/spiga_synthetic.py', stages=('landmarks', 'multitask'))
seeds = (0, 1, 2)
subsets = ('', 'occlusion/', 'makeup/', 'blur/', 'expression/', 'pose/')
metrics = (
    *[f'{subset}{name}' for subset in subsets for name in ('NME', 'NPE90')],
    *[f'step{step}/NME' for step in range(4)])
published = ('Table 5', 'Table 6')
options = {'val_dataloader.dataset.seed': 2}  # the test faces
reference = 'spiga'


def head(title, *published, **changes):
    return dict({f'model.head.{key}': changes[key] for key in changes},
                title=title, published=published)


variants = {
    'spiga': head('SPIGA', 'SPIGA', 'SPIGA (3)'),
    # No cascade: there is nothing to train.
    'mtn': {
        **head('soft-argmax of the backbone', 'MTN backbone'),
        **dict.fromkeys(('train_cfg', 'train_dataloader', 'optim_wrapper')),
        'model.test_cfg.predict_by': 'maps',
    },
    'position_none':
    head('no positions', 'no positional encoding', position='none'),
    # Displacements behind the window features instead of encoded and added.
    'position_stacked':
    head('stacked positions', 'stacked positions', position='stack'),
    'shared_attention':
    head('one attention a step (GCN)', 'GCN for GAT', shared_attention=True),
    # The cell that the landmark is in. The paper's is one of 64, ours one of
    # 16, four times as much of the face. A step moves a landmark by half its
    # window at most: three reach 1.5 cells, those of SPIGA (8, 4, 2) reach 7.
    'windows_1_1_1':
    head('windows of 1, 1, 1 cells', 'windows 1,1,1', windows=(1 / 16, ) * 3),
    # The middle size, as the paper's 8 of 16, 8, 4.
    'windows_4_4_4':
    head('windows of 4, 4, 4 cells', 'windows 8,8,8', windows=(0.25, ) * 3),
    'steps_1': head('one step', 'SPIGA (1)', windows=(0.5, )),
    'steps_2': head('two steps', 'SPIGA (2)', windows=(0.5, 0.25)),
    'mean_shape': head('start from the mean shape', initial_shape='mean'),
    # As the paper says, where the release differs.
    'arctan': head('arctan of the paper', offset_activation='arctan'),
    'no_self_message':
    head('no message to itself, as the paper', self_message=False),
    'two_convs': head('two window convolutions of the paper', two_convs=True),
    # One halving less, as the paper's 8 x 8 of 64 cells against the release's
    # 4 x 4; here 4 x 4 of 16 against 2 x 2. It gets a backbone of its own.
    'bottleneck_8x8': {
        **head('larger bottleneck of the paper'), 'model.backbone.depth': 2
    },
}
