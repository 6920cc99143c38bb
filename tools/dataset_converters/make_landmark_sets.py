"""Write the landmark sets that ship with the package.

The ids, mirror order and rigid heads of WFLW (98 points) and 300W (68) are
the SPIGA authors' numbers (BSD-3-Clause, package ``spiga`` 0.0.6). The
package is only read as data, none of it is imported. The heads of the other
sets are made of the points of these two, as ``landmark_facts.py`` says, which
also has the edges and parts of all sets::

    pip download --no-deps -d wheels spiga==0.0.6
    python tools/dataset_converters/make_landmark_sets.py \\
        wheels/spiga-0.0.6-py3-none-any.whl spiga_mmpose/landmark_sets
"""
import argparse
import json
import os.path as osp
import zipfile

import numpy as np
from landmark_facts import DERIVED, RELEASED, SAME
from landmark_json import write_landmark_set

# Ids 1 to 24 of the authors' numbering are the robust ones.
ROBUST = range(1, 25)


def read_head(text, ids):
    """Rows id|X|Y|Z, in the order of ``ids``, as world (Z, -X, -Y)."""
    rows = {}
    for line in text.splitlines():
        if line.strip():
            key, x, y, z = line.split('|')
            rows[int(key)] = [float(z), -float(x), -float(y)]
    return [rows[i] for i in ids]


def released(name, wheel):
    """A set of the release, from its wheel."""
    facts = dict(RELEASED[name])
    data = f'spiga/data/annotations/{facts.pop("database")}/'
    info = json.loads(wheel.read(data + 'db_info.json'))
    ids = info['ldm_ids']
    flip = info['ldm_flip_order']
    head = wheel.read(
        f'spiga/data/models3D/mean_face_3D_{len(ids)}.txt').decode()
    return dict(
        name=name,
        num_landmarks=len(ids),
        **facts,
        flip_pairs=[[i, j] for i, j in enumerate(flip) if i < j],
        robust_ids=[i for i, key in enumerate(ids) if key in ROBUST],
        annotation_ids=ids,
        head_model=read_head(head, ids))


def same(name, other):
    """A set that has the points of another."""
    facts = dict(SAME[name])
    del facts['like']
    # The ids are those of the authors' files, which are of other data.
    kept = {k: v for k, v in other.items() if k != 'annotation_ids'}
    return dict(kept, name=name, **facts)


def derived(name, wflw):
    """A set whose points are points of wflw_98 or means of some."""
    facts = dict(DERIVED[name])
    points = [(p, ) if isinstance(p, int) else p for p in facts.pop('points')]
    partner = {i: j for pair in wflw['flip_pairs']
               for i, j in (pair, pair[::-1])}
    place = {tuple(sorted(p)): i for i, p in enumerate(points)}
    flip = [place[tuple(sorted(partner.get(i, i) for i in p))]
            for p in points]
    head = np.array(wflw['head_model'])
    return dict(
        name=name,
        num_landmarks=len(points),
        **facts,
        flip_pairs=[[i, j] for i, j in enumerate(flip) if i < j],
        # What is a mean of points has no place that is marked exactly.
        robust_ids=[i for i, p in enumerate(points)
                    if len(p) == 1 and p[0] in wflw['robust_ids']],
        head_model=[head[list(p)].mean(0).tolist() for p in points])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('wheel', help='spiga-0.0.6-py3-none-any.whl')
    parser.add_argument('out', help='folder that receives the JSON files')
    args = parser.parse_args()
    try:
        with zipfile.ZipFile(args.wheel) as wheel:
            sets = {name: released(name, wheel) for name in RELEASED}
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        parser.error(f'{args.wheel} is not the wheel of spiga 0.0.6: {error}')
    sets.update({name: same(name, sets[facts['like']])
                 for name, facts in SAME.items()})
    sets.update({name: derived(name, sets['wflw_98']) for name in DERIVED})
    for name, fields in sets.items():
        path = osp.join(args.out, f'{name}.json')
        write_landmark_set(fields, path)
        print(f'wrote {path}: {fields["num_landmarks"]} landmarks')


if __name__ == '__main__':
    main()
