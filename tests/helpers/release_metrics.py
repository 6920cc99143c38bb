"""The evaluator of the release (PyPI ``spiga``), made to run in tests.

It asks on stdin, needs ``scipy.integrate.simps`` (gone from SciPy 1.14) and
``sklearn`` for a confusion matrix that is not compared here.
"""
import builtins
import json
import sys
import types

import numpy as np
import pytest
import scipy.integrate


def release_metrics(monkeypatch, kind, database, annotations, predictions,
                    answers=()):
    """What the release makes of two lists of faces.

    Args:
        monkeypatch (pytest.MonkeyPatch): Undoes the repairs.
        kind (str): ``'landmarks'`` or ``'pose'``.
        database (str): As the release names it, e.g. ``'300wpublic'``.
        annotations (list[dict]): Faces of the benchmark format.
        predictions (list[dict]): The same faces as predicted.
        answers (Sequence[str]): To its questions; then no.

    Returns:
        dict: Its log of metrics.
    """
    pytest.importorskip('spiga')
    monkeypatch.setattr(
        scipy.integrate, 'simps', scipy.integrate.simpson, raising=False)
    stub = types.ModuleType('sklearn.metrics')
    stub.confusion_matrix = lambda true, predicted: np.ones((1, 1))
    monkeypatch.setitem(sys.modules, 'sklearn', types.ModuleType('sklearn'))
    monkeypatch.setitem(sys.modules, 'sklearn.metrics', stub)
    replies = iter(answers)
    monkeypatch.setattr(builtins, 'input', lambda _: next(replies, 'n'))
    if kind == 'landmarks':
        from spiga.eval.benchmark.metrics.landmarks import MetricsLandmarks
        metrics = MetricsLandmarks()
    else:
        from spiga.eval.benchmark.metrics.pose import MetricsHeadpose
        metrics = MetricsHeadpose()
    # 'valid': it has no subsets, whose indices expect the whole test set.
    metrics.compute_error(annotations, predictions, [database, 'valid'])
    return metrics.metrics()


def write_faces(folder, annotations, predictions):
    """Write two lists of faces; their paths, predictions first."""
    paths = []
    for name, faces in (('ours', predictions), ('truth', annotations)):
        path = folder / f'{name}.json'
        path.write_text(json.dumps(faces))
        paths.append(str(path))
    return paths


def make_faces(landmark_set, count, seed=0, labelled=1.):
    """Random faces in the benchmark format, and predictions of them.

    Returns:
        tuple[list[dict], list[dict]]: annotations and predictions. With
        ``labelled`` below 1, that share of the landmarks is annotated.
    """
    rng = np.random.default_rng(seed)
    ids = np.array(landmark_set.annotation_ids)
    head = landmark_set.head_model[:, [1, 2]]
    annotations, predictions = [], []
    for i in range(count):
        size = rng.uniform(40, 200)
        points = (head * (-1, -1) + rng.normal(0, .05, head.shape)) * size
        points += rng.uniform(200, 400, 2)
        noise = rng.gamma(2, .02) * size * rng.standard_normal(points.shape)
        low, high = points.min(0), points.max(0)
        pose = np.concatenate([rng.uniform(-60, 60, 3), rng.random(3)])
        face = dict(
            imgpath=f'images/{i // 2:05d}.jpg' if i % 5 else f'images/{i}.jpg',
            bbox=[*low.tolist(), *(high - low + 3).tolist()],
            headpose=pose.tolist(),
            ids=ids.tolist(),
            landmarks=points.tolist(),
            visible=[1.] * len(ids))
        keep = rng.random(len(ids)) < labelled
        keep[:4] = True
        annotations.append(
            dict(
                face,
                ids=ids[keep].tolist(),
                landmarks=points[keep].tolist(),
                visible=[1.] * int(keep.sum())))
        predictions.append(
            dict(
                face,
                headpose=(pose + rng.normal(0, 4, 6)).tolist(),
                landmarks=(points + noise).tolist()))
    return annotations, predictions
