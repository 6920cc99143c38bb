"""The paper's tables as data: their columns and the published numbers.

Source: Prados-Torreblanca, Buenaposada and Baumela, *Shape Preserving Facial
Landmarks with Graph Attention Networks*, BMVC 2022, arXiv 2210.07233v1:
tables 1 to 6, and tables 1 to 3 of its supplementary material. Numbers are
text, as printed there; ``-`` where the paper prints none. Its table 2 is the
part of supplementary table 3 without the oldest methods, so the longer one
stands for both.
"""
from dataclasses import dataclass
from typing import Optional, Tuple

from spiga_mmpose.evaluation.run_info import ANNOTATED, TRUE_LANDMARKS

# Faces of the test set that each benchmark's published rows are on (paper,
# section 3; of 300W, db_info.json in the PyPI package ``spiga`` 0.0.6).
TEST_FACES = {
    'wflw': 2500,
    '300w': 689,
    '300w-private': 600,
    'cofw68': 507,
    'merlrav': 3865,
}


@dataclass(frozen=True)
class Column:
    """One number of a row, and how to get it from a scored result.

    Attributes:
        label (str): Head of the column.
        metric (str): Key of :func:`~spiga_mmpose.evaluation.score.score`'s
            result (``'NME'``, ``'AUC10'``) or of its ``pose`` (``'MAE'``).
        norm (str | None): Normaliser; None where it plays no part (pose).
        subset (str | None): None for all faces.
        step (int | None): Step of the cascade, from 1; None for the result.
    """
    label: str
    metric: str
    norm: Optional[str] = None
    subset: Optional[str] = None
    step: Optional[int] = None


@dataclass(frozen=True)
class Row:
    """A published row.

    Attributes:
        method (str): Name, as in the paper.
        numbers (str): One for each column, separated by spaces.
        boxes (str): What the faces were cropped by, ``-`` where the paper
            does not say; in the words of :class:`.run_info.RunInfo`.
    """
    method: str
    numbers: str
    boxes: str = '-'

    @property
    def values(self) -> Tuple[str, ...]:
        """The numbers, one for each column."""
        return tuple(self.numbers.split())


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper, or the part of it that is on one data set.

    Attributes:
        number (str): Of the table in the paper.
        title (str): What the numbers are, with their unit.
        dataset (str): Key of ``PROTOCOLS``.
        columns (tuple[Column]): What each row holds.
        rows (tuple[Row]): As published.
        note (str): What a reader of the numbers has to know.
    """
    number: str
    title: str
    dataset: str
    columns: Tuple[Column, ...]
    rows: Tuple[Row, ...]
    note: str = ''


_POSE = (
    Column('yaw', 'MAE_yaw'),
    Column('pitch', 'MAE_pitch'),
    Column('roll', 'MAE_roll'),
    Column('mean', 'MAE'),
)
_POSE_NOTE = (
    'The true pose is a fit of the rigid head to the true landmarks, rounded '
    "to whole px, in the network's crop; published: a crop of 256 px and 1.6 "
    'times the box of the true landmarks')
_TABLE_1 = (
    PaperTable(
        number='Table 1',
        title='Head pose on 300W public, MAE, degrees',
        dataset='300w',
        columns=_POSE,
        rows=(
            Row('Yang', '4.2 5.1 2.4 3.9'),
            Row('JFA', '2.5 3.0 2.6 2.7'),
            Row('ASMNet', '1.62 1.80 1.24 1.55'),
            Row('MNN', '- - - 1.56'),
            Row('SPIGA', '1.41 1.70 0.77 1.29'),
        ),
        note=_POSE_NOTE),
    PaperTable(
        number='Table 1',
        title='Head pose on WFLW, MAE, degrees',
        dataset='wflw',
        columns=_POSE,
        rows=(
            Row('ASMNet', '2.97 2.93 2.21 2.70'),
            Row('MNN', '- - - 2.08'),
            Row('SPIGA', '1.78 1.86 0.93 1.52'),
        ),
        note=_POSE_NOTE),
    PaperTable(
        number='Table 1',
        title='Head pose on MERL-RAV, MAE, degrees',
        dataset='merlrav',
        columns=_POSE,
        rows=(
            Row('SPIGA', '3.23 2.24 1.71 2.39'),
        ),
        note=_POSE_NOTE),
)

_WFLW_PARTS = {
    'full': None,
    'pose': 'pose',
    'expression': 'expression',
    'illumination': 'illumination',
    'make-up': 'makeup',
    'occlusion': 'occlusion',
    'blur': 'blur',
}


def _wflw(metric, rows):
    return PaperTable(
        number='Table 2 and supplementary Table 3',
        title=f'WFLW, {metric}, inter-ocular, %',
        dataset='wflw',
        columns=tuple(
            Column(label, metric, 'corners', subset)
            for label, subset in _WFLW_PARTS.items()),
        rows=rows,
        note='Boxes: annotated are those of the WFLW benchmark, true '
        'landmarks the tight box of the truth; those of HIHc are '
        "RetinaFace's")


_TABLE_2 = (
    _wflw(
        'NME', (
            Row('mnv2', '9.57 18.18 9.93 8.98 9.92 11.38 10.79', ANNOTATED),
            Row('LAB', '5.27 10.24 5.51 5.23 5.15 6.79 6.32', ANNOTATED),
            Row('SAN', '5.22 10.30 5.71 5.19 5.49 6.83 5.80', ANNOTATED),
            Row('Wing', '5.11 8.75 5.36 4.93 5.41 6.37 5.81', ANNOTATED),
            Row('3DDE', '4.68 8.62 5.21 4.65 4.60 5.77 5.41', ANNOTATED),
            Row('DeCaFA', '4.62 8.11 4.65 4.41 4.63 5.74 5.38', ANNOTATED),
            Row('AVS+SAN', '4.39 8.42 4.68 4.24 4.37 5.60 4.86', ANNOTATED),
            Row('AWing', '4.36 7.38 4.58 4.32 4.27 5.19 4.96', ANNOTATED),
            Row('GlomFace', '4.81 8.17 - - - 5.14 -', TRUE_LANDMARKS),
            Row('HRNetV2-W18', '4.60 7.94 4.85 4.55 4.29 5.44 5.42',
                TRUE_LANDMARKS),
            Row('LUVLI', '4.37 7.56 4.77 4.30 4.33 5.29 4.94', TRUE_LANDMARKS),
            Row('SDFL', '4.35 7.42 4.63 4.29 4.22 5.19 5.08', TRUE_LANDMARKS),
            Row('AWing', '4.21 7.21 4.46 4.23 4.02 4.99 4.82', TRUE_LANDMARKS),
            Row('SLD', '4.21 7.36 4.49 4.12 4.05 4.98 4.82', TRUE_LANDMARKS),
            Row('HIHc', '4.18 7.20 4.19 4.45 3.97 5.00 4.81', 'detector'),
            Row('ADNet', '4.14 6.96 4.38 4.09 4.05 5.06 4.79', TRUE_LANDMARKS),
            Row('DTLD-s', '4.14 - - - - - -', TRUE_LANDMARKS),
            Row('SPLT', '4.14 6.96 4.45 4.05 4.00 5.06 4.79', TRUE_LANDMARKS),
            Row('SPIGA', '4.06 7.14 4.46 4.00 3.81 4.95 4.65', TRUE_LANDMARKS),
        )),
    _wflw(
        'FR10', (
            Row('HRNetV2-W18', '4.64 23.01 3.50 4.72 2.43 8.29 6.34',
                TRUE_LANDMARKS),
            Row('GlomFace', '3.77 17.48 - - - 6.73 -', TRUE_LANDMARKS),
            Row('DTLD-s', '3.44 - - - - - -', TRUE_LANDMARKS),
            Row('LUVLI', '3.12 15.95 3.18 2.15 3.40 6.39 3.23',
                TRUE_LANDMARKS),
            Row('SDFL', '2.72 12.88 1.59 2.58 2.43 5.71 3.62', TRUE_LANDMARKS),
            Row('AWing', '2.04 9.20 1.27 2.01 0.97 4.21 2.72', TRUE_LANDMARKS),
            Row('SLD', '3.04 15.95 2.86 2.72 1.46 5.29 4.01', TRUE_LANDMARKS),
            Row('HIHc', '2.96 15.03 1.59 2.58 1.46 6.11 3.49', 'detector'),
            Row('ADNet', '2.72 12.72 2.15 2.44 1.94 5.79 3.54',
                TRUE_LANDMARKS),
            Row('SPLT', '2.76 12.27 2.23 1.86 3.40 5.98 3.88', TRUE_LANDMARKS),
            Row('SPIGA', '2.08 11.66 2.23 1.58 1.46 4.48 2.20',
                TRUE_LANDMARKS),
        )),
    _wflw(
        'AUC10', (
            Row('HRNetV2-W18', '52.37 25.06 51.02 53.26 54.45 45.85 45.15',
                TRUE_LANDMARKS),
            Row('LUVLI', '57.70 31.00 54.90 58.40 58.80 50.50 52.50',
                TRUE_LANDMARKS),
            Row('SDFL', '57.59 31.32 55.01 58.47 58.31 50.35 51.47',
                TRUE_LANDMARKS),
            Row('AWing', '58.95 33.37 57.18 59.58 60.17 52.75 53.93',
                TRUE_LANDMARKS),
            Row('SLD', '58.93 31.50 56.63 59.53 60.38 52.35 53.29',
                TRUE_LANDMARKS),
            Row('HIHc', '59.70 34.20 59.00 60.60 60.40 52.70 54.90',
                'detector'),
            Row('ADNet', '60.22 34.41 52.34 58.05 60.07 52.95 54.80',
                TRUE_LANDMARKS),
            Row('SPLT', '59.50 34.80 57.40 60.10 60.50 51.50 53.50',
                TRUE_LANDMARKS),
            Row('SPIGA', '60.56 35.31 57.97 61.31 62.24 53.31 55.31',
                TRUE_LANDMARKS),
        )),
)

_TABLE_3 = PaperTable(
    number='Table 3',
    title='MERL-RAV, NME and AUC7, box, %',
    dataset='merlrav',
    columns=tuple(
        Column(f'{metric} {label}', metric, 'lnd_bbox', subset)
        for metric in ('NME', 'AUC7')
        for label, subset in (('all', None), ('frontal', 'frontal'),
                              ('half-profile', 'half_profile'),
                              ('profile', 'profile'))),
    rows=(
        Row('DU-Net', '1.99 1.89 2.50 1.92 71.80 73.25 64.78 72.79'),
        Row('LUVLI', '1.61 1.74 1.79 1.25 77.08 75.33 74.69 82.10'),
        Row('SPIGA', '1.51 1.62 1.68 1.19 78.47 76.96 75.64 83.00'),
    ),
    note='The sum of the errors is divided by 68, whatever is labelled')

_BOX = (
    Column('NME box', 'NME', 'lnd_bbox'),
    Column('AUC7 box', 'AUC7', 'lnd_bbox'),
)
_TABLE_4 = (
    PaperTable(
        number='Table 4',
        title='300W private, trained on 300W public, %',
        dataset='300w-private',
        columns=_BOX,
        rows=(
            Row('LUVLI, 8 hourglasses', '2.24 68.3'),
            Row('DTLD-s', '2.05 70.9'),
            Row('SPIGA', '2.03 71.0'),
        )),
    PaperTable(
        number='Table 4',
        title='COFW-68, trained on 300W public, %',
        dataset='cofw68',
        columns=(*_BOX, Column('NME inter-ocular', 'NME', 'corners')),
        rows=(
            Row('HRNetV2-W18', '- - 5.06'),
            Row('HGx1+SAAT', '- - 4.61'),
            Row('LUVLI, 8 hourglasses', '2.75 60.8 -'),
            Row('GlomFace', '2.69 - 4.21'),
            Row('SLD', '- - 4.22'),
            Row('SDFL', '- - 4.18'),
            Row('SPLT', '- - 4.10'),
            Row('DTLD-s', '2.47 65.0 -'),
            Row('SPIGA', '2.52 64.1 3.93'),
        )),
)

_TABLE_5 = PaperTable(
    number='Table 5',
    title='Ablation on WFLW, inter-ocular, %',
    dataset='wflw',
    columns=tuple(
        Column(f'{metric} {label}', metric, 'corners', subset)
        for label, subset in (('full', None), ('make-up', 'makeup'),
                              ('occlusion', 'occlusion'), ('blur', 'blur'))
        for metric in ('NME', 'NPE90')),
    rows=(
        Row('MTN backbone', '4.13 6.93 4.06 7.43 5.10 8.58 4.81 7.70'),
        Row('no positional encoding',
            '4.17 7.07 4.01 6.71 5.03 8.33 4.72 7.52'),
        Row('stacked positions', '4.09 6.87 3.83 6.47 4.97 8.15 4.68 7.37'),
        Row('GCN for GAT', '4.08 6.79 3.84 6.54 4.98 8.05 4.68 7.37'),
        Row('windows 1,1,1', '4.12 6.95 3.88 6.76 4.99 8.19 4.71 7.44'),
        Row('windows 8,8,8', '4.08 6.84 3.82 6.53 4.98 8.13 4.67 7.43'),
        Row('SPIGA', '4.06 6.76 3.81 6.32 4.95 8.09 4.65 7.31'),
    ),
    note='A published row names what is changed of SPIGA; a dump is what its '
    'config says')

_TABLE_6 = PaperTable(
    number='Table 6',
    title='Steps of the cascade on WFLW, inter-ocular, %',
    dataset='wflw',
    columns=tuple(
        Column(f'step {step} {metric}', metric, 'corners', step=step)
        for step in (1, 2, 3)
        for metric in ('NME', 'AUC10', 'FR10')),
    rows=(
        Row('SPIGA (1)', '4.17 59.53 2.60 - - - - - -'),
        Row('SPIGA (2)', '4.17 59.55 2.44 4.07 60.45 2.20 - - -'),
        Row('SPIGA (3)', '4.22 59.10 2.44 4.08 60.41 2.12 4.06 60.56 2.08'),
    ),
    note='In brackets: how many steps the cascade has; the table shows three')

_SUPPLEMENTARY_1 = PaperTable(
    number='Supplementary Table 1',
    title='300W public, NME, %',
    dataset='300w',
    columns=tuple(
        Column(f'{label} {part}', 'NME', norm, subset)
        for label, norm in (('inter-ocular', 'corners'),
                            ('inter-pupil', 'pupils'))
        for part, subset in (('common', 'common'), ('challenging', 'ibug'),
                             ('full', None))),
    rows=(
        Row('mnv2', '3.93 7.52 4.70 - - -'),
        Row('SAN', '3.34 6.60 3.98 - - -'),
        Row('DAN', '3.19 5.24 3.59 4.42 7.57 5.03'),
        Row('TSR', '- - - 4.36 7.56 4.99'),
        Row('RAR', '- - - 4.12 8.35 4.94'),
        Row('LAB, 4 stacks', '2.98 5.19 3.49 4.20 7.41 4.92'),
        Row('FTYM', '3.09 4.86 - - - -'),
        Row('DeCaFA', '2.93 5.26 3.39 - - -'),
        Row('SHN', '- 4.90 - 4.12 7.00 4.68'),
        Row('HIHc', '2.95 5.04 3.36 - - -'),
        Row('HRNetV2-W18', '2.87 5.15 3.32 - - -'),
        Row('HGx2+SAAT', '2.87 5.03 3.29 - - -'),
        Row('DCFE', '2.76 5.22 3.24 3.83 7.54 4.55'),
        Row('AVS', '- - - 3.98 7.21 4.54'),
        Row('PCD-CNN', '- - - 3.67 7.62 4.44'),
        Row('SDFL', '2.88 4.93 3.28 - - -'),
        Row('LUVLI', '2.76 5.16 3.23 - - -'),
        Row('SPLT', '2.75 4.90 3.17 - - -'),
        Row('3DDE', '2.69 4.92 3.13 3.73 7.10 4.39'),
        Row('GlomFace', '2.72 4.79 3.13 - - -'),
        Row('AWing', '2.72 4.52 3.07 3.77 6.52 4.31'),
        Row('SLD', '2.62 4.77 3.04 - - -'),
        Row('DTLD-s', '2.67 4.56 3.04 - - -'),
        Row('ADNet', '2.53 4.58 2.93 3.51 6.47 4.08'),
        Row('Wing', '- - - 3.27 7.18 4.04'),
        Row('SPIGA', '2.59 4.66 2.99 3.59 6.73 4.20'),
    ))

_SUPPLEMENTARY_2 = PaperTable(
    number='Supplementary Table 2',
    title='300W private, trained on 300W public, inter-ocular, %',
    dataset='300w-private',
    columns=tuple(
        Column(f'{label} {metric}', metric, 'corners', subset)
        for label, subset in (('indoor', 'indoor'), ('outdoor', 'outdoor'),
                              ('full', None))
        for metric in ('NME', 'AUC8', 'FR8')),
    rows=(
        Row('DAN', '- - - - - - 4.30 47.00 2.67'),
        Row('SHN', '4.10 - - 4.00 - - 4.05 - -'),
        Row('DCFE', '3.96 52.28 2.33 3.81 52.56 1.33 3.88 52.42 1.83'),
        Row('3DDE', '3.74 53.93 2.00 3.71 53.95 2.66 3.73 53.94 2.33'),
        Row('SPIGA', '3.43 57.35 1.00 3.43 57.17 0.33 3.43 57.27 0.67'),
    ))

# In the paper's order.
TABLES = (*_TABLE_1, *_TABLE_2, _TABLE_3, *_TABLE_4, _TABLE_5, _TABLE_6,
          _SUPPLEMENTARY_1, _SUPPLEMENTARY_2)
