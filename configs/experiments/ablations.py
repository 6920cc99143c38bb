# The paper's ablations on synthetic faces: the cascade stage alone, on one
# backbone, tested on 1,000 faces that no choice was made by. Drawn faces say
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
head = 'model.head'
reference = 'spiga'
variants = {
    'spiga': dict(title='SPIGA', published=('SPIGA', 'SPIGA (3)')),
    # No cascade: the backbone's own soft-argmax. There is nothing to train.
    'mtn': {
        'title': 'soft-argmax of the backbone',
        'published': ('MTN backbone', ),
        'train_cfg': None,
        'train_dataloader': None,
        'optim_wrapper': None,
        'model.test_cfg.predict_by': 'maps',
    },
    'position_none': {
        'title': 'no positions',
        'published': ('no positional encoding', ),
        f'{head}.position': 'none',
    },
    # Displacements behind the window features instead of encoded and added.
    'position_stacked': {
        'title': 'stacked positions',
        'published': ('stacked positions', ),
        f'{head}.position': 'stack',
    },
    'shared_attention': {
        'title': 'one attention a step (GCN)',
        'published': ('GCN for GAT', ),
        f'{head}.shared_attention': True,
    },
    # The cell that the landmark is in. The paper's is one of 64, ours one of
    # 16, four times as much of the face. A step moves a landmark by half its
    # window at most: three reach 1.5 cells, those of SPIGA (8, 4, 2) reach 7.
    'windows_1_1_1': {
        'title': 'windows of 1, 1, 1 cells',
        'published': ('windows 1,1,1', ),
        f'{head}.windows': (1 / 16, 1 / 16, 1 / 16),
    },
    # The middle size, as the paper's 8 of 16, 8, 4.
    'windows_4_4_4': {
        'title': 'windows of 4, 4, 4 cells',
        'published': ('windows 8,8,8', ),
        f'{head}.windows': (0.25, 0.25, 0.25),
    },
    'steps_1': {
        'title': 'one step',
        'published': ('SPIGA (1)', ),
        f'{head}.windows': (0.5, ),
    },
    'steps_2': {
        'title': 'two steps',
        'published': ('SPIGA (2)', ),
        f'{head}.windows': (0.5, 0.25),
    },
    'mean_shape': {
        'title': 'start from the mean shape',
        f'{head}.initial_shape': 'mean',
    },
    # As the paper says, where the release differs.
    'arctan': {
        'title': 'arctan of the paper',
        f'{head}.offset_activation': 'arctan',
    },
    'no_self_message': {
        'title': 'no message to itself, as the paper',
        f'{head}.self_message': False,
    },
    'two_convs': {
        'title': 'two window convolutions of the paper',
        f'{head}.two_convs': True,
    },
    # One halving less, as the paper's 8 x 8 of 64 cells against the release's
    # 4 x 4; here 4 x 4 of 16 against 2 x 2. It gets a backbone of its own.
    'bottleneck_8x8': {
        'title': 'larger bottleneck of the paper',
        'model.backbone.depth': 2,
    },
}
