"""Dumps of benchmarks in miniature, made on the fly."""
import mmengine
import numpy as np
from published import TEST_FACES

from spiga_mmpose.evaluation.protocols import PROTOCOLS
from spiga_mmpose.landmark_sets import load_landmark_set


def shrink(monkeypatch, count):
    """Let test sets of so many faces (and a few more) be the whole ones."""
    for place, name in enumerate(TEST_FACES):
        monkeypatch.setitem(TEST_FACES, name, count + place)


def make_samples(dataset, seed=0, subsets=(), steps=0, labelled=1.):
    """Data samples of the whole test set, as plain dicts.

    Args:
        dataset (str): Key of ``TEST_FACES``, which says how many.
        seed (int): Of all that is random.
        subsets (Sequence[str]): Every face is in one of these, in turn.
        steps (int): S, of the cascade; 0 for predictions without.
        labelled (float): Share of the landmarks that are annotated.
    """
    rng = np.random.default_rng(seed)
    landmark_set = load_landmark_set(PROTOCOLS[dataset].landmark_set)
    head = landmark_set.head_model[:, [1, 2]] * (-1, -1)
    shape = (1, *head.shape)
    samples = []
    for index in range(TEST_FACES[dataset]):
        size = rng.uniform(60, 200)
        true = size * (head + rng.normal(0, .03, shape)) + 300
        box = np.concatenate([true[0].min(0), true[0].max(0)])
        noise = size * rng.gamma(2, .02) * rng.standard_normal(shape)
        pred = dict(
            keypoints=true + noise,
            head_poses=rng.uniform(-30, 30, (1, 6)))
        if steps:
            shares = np.linspace(3, 1, steps + 1)[:, None, None]
            pred['landmark_steps'] = true[None] + noise[None] * shares
        side = 1.6 * (box[2:] - box[:2]).max()
        sample = dict(
            img_path=f'images/{index}.jpg',
            input_center=(box[:2] + box[2:]) / 2,
            input_scale=np.array([side, side]),
            input_size=(256, 256),
            gt_instances=dict(
                keypoints=true,
                keypoints_visible=(rng.random(shape[:2]) < labelled) * 1.,
                bboxes=box[None]),
            pred_instances=pred)
        if subsets:
            sample['subsets'] = (subsets[index % len(subsets)], )
        samples.append(sample)
    return samples


def write_dump(path, samples):
    """Write what ``tools/test.py --dump`` would; the path as text."""
    mmengine.dump(samples, str(path))
    return str(path)
