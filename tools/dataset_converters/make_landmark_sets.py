"""Write the landmark sets of WFLW (98) and 300W (68) from the PyPI package.

The ids, mirror order and rigid heads are the SPIGA authors' numbers
(BSD-3-Clause, package ``spiga`` 0.0.6); the curves are the ones of their
boundary maps. The package is only read as data, none of it is imported::

    pip download --no-deps -d /tmp/spiga spiga==0.0.6
    python tools/dataset_converters/make_landmark_sets.py \
        /tmp/spiga/spiga-0.0.6-py3-none-any.whl spiga_mmpose/landmark_sets
"""
import argparse
import json
import os.path as osp
import zipfile

SOURCE = ('ids, mirror order and rigid head: PyPI package spiga 0.0.6, '
          '(c) A. Prados-Torreblanca et al., BSD-3-Clause; curves: the '
          'boundary maps of the same package')
# Ids 1 to 24 of the authors' numbering are the robust ones.
ROBUST = range(1, 25)


def span(first, last):
    return list(range(first, last + 1))


SETS = {
    'wflw_98':
    dict(
        database='wflw',
        eye_corners=[60, 72],
        pupils=[[96], [97]],
        curves={
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
        eye_corners=[36, 45],
        pupils=[span(36, 41), span(42, 47)],
        curves={
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


def read_head(text, ids):
    """Rows id|X|Y|Z, in the order of ``ids``, as world (Z, -X, -Y)."""
    rows = {}
    for line in text.splitlines():
        if line.strip():
            key, x, y, z = line.split('|')
            rows[int(key)] = [float(z), -float(x), -float(y)]
    return [rows[i] for i in ids]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('wheel', help='spiga-0.0.6-py3-none-any.whl')
    parser.add_argument('out', help='folder that receives the JSON files')
    args = parser.parse_args()
    with zipfile.ZipFile(args.wheel) as wheel:
        for name, entry in SETS.items():
            entry = dict(entry)
            data = f'spiga/data/annotations/{entry.pop("database")}/'
            info = json.loads(wheel.read(data + 'db_info.json'))
            ids = info['ldm_ids']
            flip = info['ldm_flip_order']
            head = wheel.read(
                f'spiga/data/models3D/mean_face_3D_{len(ids)}.txt').decode()
            out = dict(
                name=name,
                num_landmarks=len(ids),
                source=SOURCE,
                **entry,
                flip_pairs=[[i, j] for i, j in enumerate(flip) if i < j],
                robust_ids=[i for i, key in enumerate(ids) if key in ROBUST],
                annotation_ids=ids,
                head_model=read_head(head, ids))
            path = osp.join(args.out, f'{name}.json')
            with open(path, 'w') as file:
                file.write(_compact(out))
            print(f'wrote {path}: {len(ids)} landmarks')


def _compact(out):
    """JSON with one line a field, and one line a row of the head."""
    lines = []
    for key, value in out.items():
        if key in ('curves', 'parts'):
            body = ',\n'.join(f'    {json.dumps(k)}: {json.dumps(v)}'
                              for k, v in value.items())
            text = '{\n' + body + '\n  }'
        elif key == 'head_model':
            text = '[\n' + ',\n'.join(f'    {json.dumps(row)}'
                                      for row in value) + '\n  ]'
        else:
            text = json.dumps(value)
        lines.append(f'  {json.dumps(key)}: {text}')
    return '{\n' + ',\n'.join(lines) + '\n}\n'


if __name__ == '__main__':
    main()
