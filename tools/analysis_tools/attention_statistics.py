"""Statistics of the cascade's graph attention on synthetic faces.

On the test faces of a config whose data set says which landmarks are hidden
(synthetic faces do): for each step and layer the mean distance from a landmark
to what it attends to, the share of attention that hidden landmarks get beside
their share among all, and that attention against what the same landmarks get
when they are seen. Prints a table and writes it (OUT/table.md), the numbers
(OUT/results.json) and a figure (OUT/figure.png). docs/ablations.md says how to
read them.

Example:
    python tools/analysis_tools/attention_statistics.py \\
        configs/spiga_synthetic_long.py checkpoints/spiga_synthetic_long.pth \\
        --out work_dirs/attention
"""
import os
import os.path as osp
import sys

import numpy as np
import tools_path  # noqa: F401
from command_line import OneLineParser, run_tool
from face_set import FaceSet
from tqdm import tqdm

from spiga_mmpose.apis import load_model
from spiga_mmpose.evaluation.figures.attention import draw_attention_statistics
from spiga_mmpose.evaluation.functional.attention import (attended_distance,
                                                          attended_landmarks,
                                                          even_attention,
                                                          hidden_attention,
                                                          received_attention)
from spiga_mmpose.evaluation.report import to_markdown
from spiga_mmpose.io import write_json, write_whole

# Key -> column, how it is written and its factor.
COLUMNS = {
    'landmarks': ('landmarks attended to', '.1f', 1),
    'distance': ('distance (share of the box)', '.3f', 1),
    'itself': ('on itself (%)', '.2f', 100),
    'share': ('on hidden landmarks (%)', '.2f', 100),
    'even': ('hidden among all (%)', '.2f', 100),
    'against_visible': ('hidden against seen', '.3f', 1),
}
RESAMPLED = 500  # times


def measure_face(sample):
    """Distances and numbers of landmarks attended to (S, layers), attention
    that landmarks get (S, layers, L) and give themselves (S, layers), hidden
    landmarks (L,), even distance."""
    faces, predicted = sample.gt_instances, sample.pred_instances
    if 'keypoints_hidden' not in faces:
        raise ValueError(
            f'{sample.get("img_path")}: the data set does not say which '
            'landmarks are hidden; take one that does, as '
            'SyntheticFaceDataset')
    if 'attention' not in predicted:
        raise ValueError('the model gives no attention: expected a '
                         'GATCascadeHead whose cascade is trained')
    attention = predicted.attention[0].mean(2)  # over the heads
    points = faces.keypoints[0].astype(float)
    size = np.sqrt(np.ptp(points, axis=0).prod())
    return dict(
        # A head at a time: their mean looks at more than each of them.
        landmarks=attended_landmarks(predicted.attention[0]).mean(2),
        distance=attended_distance(attention, points, size),
        itself=np.diagonal(attention, axis1=-2, axis2=-1).mean(-1),
        received=received_attention(attention),
        hidden=faces.keypoints_hidden[0] > 0,
        even=attended_distance(even_attention(len(points)), points, size))


def measure(model, loader):
    model.test_cfg = dict(
        model.test_cfg or {}, output_attention=True, predict_by='cascade')
    faces = []
    with tqdm(total=len(loader.dataset), unit='face') as bar:
        for batch in loader:
            samples = model.test_step(batch)
            faces += [measure_face(sample) for sample in samples]
            bar.update(len(samples))
    return {key: np.stack([face[key] for face in faces]) for key in faces[0]}


def summarize(found):
    rows = []
    for step, layer in np.ndindex(found['distance'].shape[1:]):
        received, hidden = found['received'][:, step, layer], found['hidden']
        rows.append(dict(
            step=step + 1, layer=layer + 1,
            **{key: float(found[key][:, step, layer].mean())
               for key in ('landmarks', 'distance', 'itself')},
            **hidden_attention(received, hidden),
            interval=interval(received, hidden)))
    return rows


def interval(received, hidden):
    rng = np.random.default_rng(0)
    samples = (rng.integers(len(hidden), size=len(hidden))
               for _ in range(RESAMPLED))
    ratios = [hidden_attention(received[faces], hidden[faces])
              ['against_visible'] for faces in samples]
    return np.nanpercentile(ratios, [2.5, 97.5]).tolist()


def analyze(args):
    model = load_model(args.config, args.checkpoint, args.device)
    faces = FaceSet(model.cfg.get('test_dataloader'), args.max_faces)
    found = measure(model, faces.loader())
    rows, hidden = summarize(found), found['hidden']
    even, count = float(found['even'].mean()), hidden.shape[1]
    note = (f'{args.config}, {args.checkpoint}: {len(hidden)} faces, '
            f'{hidden.any(1).sum()} of them with a hidden landmark. Attention '
            f'that looks everywhere alike looks at {count} landmarks, has a '
            f'distance of {even:.3f} and gives itself {100 / count:.2f} %. In '
            'brackets: 95 % interval over the faces.')
    cells = [['step', 'layer', *(label for label, _, _ in COLUMNS.values())]]
    for row in rows:
        cells.append([row['step'], row['layer'], *(
            format(factor * row[key], form)
            for key, (_, form, factor) in COLUMNS.items())])
        cells[-1][-1] += ' ({:.3f} to {:.3f})'.format(*row['interval'])
    table = to_markdown(cells, note)
    os.makedirs(args.out, exist_ok=True)
    write_json(dict(rows=rows, even_distance=even, note=note),
               osp.join(args.out, 'results.json'))
    write_whole(osp.join(args.out, 'table.md'), table)
    draw_attention_statistics(
        rows, even,
        f'{len(hidden)} faces; mean over faces, landmarks and heads',
        osp.join(args.out, 'figure.png'))
    return table


def main(argv=None):
    parser = OneLineParser('attention_statistics.py', __doc__)
    add = parser.add_argument
    add('config', help='config of the model and its test set')
    add('checkpoint')
    add('--out', required=True, metavar='DIR', help='folder for the results')
    add('--max-faces', type=int, default=500, metavar='N',
        help='only the first N faces (default: %(default)s)')
    add('--device', default='cpu')
    return run_tool('attention_statistics.py', analyze,
                    parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
