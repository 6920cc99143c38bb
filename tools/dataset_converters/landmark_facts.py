"""Numbering of the landmarks of each set; read by make_landmark_sets.py.

The numbering of COFW, AFLW, LaPa and COCO-WholeBody is that of the
annotation files that MMPose publishes, whose mirror order is in
``configs/_base_/datasets/{cofw,aflw,lapa,coco_wholebody_face}.py`` of MMPose.
"""


def span(first, last):
    """All the numbers from first to last."""
    return list(range(first, last + 1))


_RELEASE = ('PyPI package spiga 0.0.6, (c) A. Prados-Torreblanca et al., '
            'BSD-3-Clause')
_SOURCE = (f'ids, mirror order and rigid head: {_RELEASE}; edges: the '
           'boundary maps of the same package')
_DERIVED = (f'rigid head: points of the 98-point head of the {_RELEASE}; '
            'numbering: annotation files published by MMPose; edges: this '
            'project')

# Sets of the release: ids, mirror order and head are read from it.
RELEASED = {
    'wflw_98':
    dict(
        database='wflw',
        source=_SOURCE,
        eye_corners=[60, 72],
        normaliser='corners',
        threshold=10,
        pupils=[[96], [97]],
        edges={
            'cheek': span(0, 32),
            'upper_left_brow': span(33, 37),
            'lower_left_brow': [33, 41, 40, 39, 38],
            'upper_right_brow': span(42, 46),
            'lower_right_brow': span(46, 50),
            'nose': span(51, 54),
            'nose_bottom': span(55, 59),
            'upper_left_eyelid': span(60, 64),
            'lower_left_eyelid': [60, 67, 66, 65, 64],
            'upper_right_eyelid': span(68, 72),
            'lower_right_eyelid': [68, 75, 74, 73, 72],
            'upper_outer_lip': span(76, 82),
            'lower_outer_lip': [76, 87, 86, 85, 84, 83, 82],
            'upper_inner_lip': span(88, 92),
            'lower_inner_lip': [88, 95, 94, 93, 92],
        },
        parts={
            'contour': span(0, 32),
            'brow': span(33, 50),
            'nose': span(51, 59),
            'eye': span(60, 75) + [96, 97],
            'mouth': span(76, 95),
        }),
    '300w_68':
    dict(
        database='300wpublic',
        source=_SOURCE,
        eye_corners=[36, 45],
        normaliser='corners',
        threshold=8,
        pupils=[span(36, 41), span(42, 47)],
        edges={
            'cheek': span(0, 16),
            'left_brow': span(17, 21),
            'right_brow': span(22, 26),
            'nose': span(27, 30),
            'nose_bottom': span(31, 35),
            'upper_left_eyelid': span(36, 39),
            'lower_left_eyelid': [36, 41, 40, 39],
            'upper_right_eyelid': span(42, 45),
            'lower_right_eyelid': [42, 47, 46, 45],
            'upper_outer_lip': span(48, 54),
            'lower_outer_lip': [48, 59, 58, 57, 56, 55, 54],
            'upper_inner_lip': span(60, 64),
            'lower_inner_lip': [60, 67, 66, 65, 64],
        },
        parts={
            'contour': span(0, 16),
            'brow': span(17, 26),
            'nose': span(27, 35),
            'eye': span(36, 47),
            'mouth': span(48, 67),
        }),
}

# Sets that have the points of another one, in its order.
SAME = {
    'coco_face_68':
    dict(
        like='300w_68',
        source='the 68 points of 300w_68, with which COCO-WholeBody labels '
        f'its faces, in the same order; rigid head: {_RELEASE}'),
}

# Sets whose points are, by their meaning, points of wflw_98 or lie between
# some. ``points`` holds for each landmark a landmark of wflw_98, or several
# whose mean it is (one that is named twice counts twice).
DERIVED = {
    'cofw_29':
    dict(
        points=[
            33, 46,  # outer ends of the brows
            (37, 38), (42, 50),  # inner ends
            35, 40, 44, 48,  # middles: left upper, lower; right
            60, 72, 64, 68,  # eye corners: outer, inner
            62, 66, 70, 74,  # eyelids: left upper, lower; right
            96, 97,  # pupils
            55, 59, 54, 57,  # nose: left, right, tip, bottom
            76, 82, 79, 90, 94, 85,  # mouth: corners, lips from the top
            16,  # chin
        ],
        source=f'{_DERIVED}; between two points: 2, 3',
        eye_corners=[8, 9],
        normaliser='corners',
        threshold=10,
        pupils=[[16], [17]],
        edges={
            'upper_left_brow': [0, 4, 2],
            'lower_left_brow': [0, 5, 2],
            'upper_right_brow': [3, 6, 1],
            'lower_right_brow': [3, 7, 1],
            'upper_left_eyelid': [8, 12, 10],
            'lower_left_eyelid': [8, 13, 10],
            'upper_right_eyelid': [11, 14, 9],
            'lower_right_eyelid': [11, 15, 9],
            'nose_bottom': [18, 21, 19],
            'upper_outer_lip': [22, 24, 23],
            'upper_inner_lip': [22, 25, 23],
            'lower_inner_lip': [22, 26, 23],
            'lower_outer_lip': [22, 27, 23],
        },
        parts={
            'contour': [28],
            'brow': span(0, 7),
            'nose': span(18, 21),
            'eye': span(8, 17),
            'mouth': span(22, 27),
        }),
    'aflw_19':
    dict(
        points=[
            33, (35, 40), (37, 38),  # left brow: outer end, middle, inner
            (42, 50), (44, 48), 46,  # right brow
            60, 96, 64, 68, 97, 72,  # eyes: corner, pupil, corner
            55, 54, 59,  # nose: left, tip, right
            76, (90, 94), 82,  # mouth: left, middle, right
            16,  # chin
        ],
        source=f'{_DERIVED}; between two points: 1, 2, 3, 4, 16',
        eye_corners=[6, 11],
        normaliser='bbox',
        threshold=7,
        pupils=[[7], [10]],
        edges={
            'left_brow': [0, 1, 2],
            'right_brow': [3, 4, 5],
            'left_eye': [6, 7, 8],
            'right_eye': [9, 10, 11],
            'nose': [12, 13, 14],
            'mouth': [15, 16, 17],
        },
        parts={
            'contour': [18],
            'brow': span(0, 5),
            'nose': span(12, 14),
            'eye': span(6, 11),
            'mouth': span(15, 17),
        }),
    'lapa_106':
    dict(
        points=[
            *span(0, 54),  # cheek, brows, ridge of the nose
            # Side of the nose, from the root to the wing: wflw_98 has no
            # points there.
            (51, 51, 51, 64, 64), (52, 53, 53, 55, 55, 55),
            (55, 55, 55, 55, 64),
            *span(55, 59),  # nose bottom
            (59, 59, 59, 59, 68), (52, 53, 53, 59, 59, 59),
            (51, 51, 51, 68, 68),
            *span(60, 67), tuple(span(60, 67)),  # left eye and its middle
            *span(68, 75), tuple(span(68, 75)),  # right eye
            *span(76, 97),  # lips, pupils
        ],
        source=f'{_DERIVED}; between several points: 55, 56, 57, 63, 64, 65 '
        '(sides of the nose, no more than a guess), 74, 83 (middles of the '
        'eyes)',
        eye_corners=[66, 79],
        normaliser='corners',
        threshold=8,
        pupils=[[104], [105]],
        edges={
            'cheek': span(0, 32),
            'upper_left_brow': span(33, 37),
            'lower_left_brow': [33, 41, 40, 39, 38],
            'upper_right_brow': span(42, 46),
            'lower_right_brow': span(46, 50),
            'nose': span(51, 54),
            'nose_outline': span(55, 65),
            'upper_left_eyelid': span(66, 70),
            'lower_left_eyelid': [66, 73, 72, 71, 70],
            'upper_right_eyelid': span(75, 79),
            'lower_right_eyelid': [75, 82, 81, 80, 79],
            'upper_outer_lip': span(84, 90),
            'lower_outer_lip': [84, 95, 94, 93, 92, 91, 90],
            'upper_inner_lip': span(96, 100),
            'lower_inner_lip': [96, 103, 102, 101, 100],
        },
        parts={
            'contour': span(0, 32),
            'brow': span(33, 50),
            'nose': span(51, 65),
            'eye': span(66, 83) + [104, 105],
            'mouth': span(84, 103),
        }),
}
