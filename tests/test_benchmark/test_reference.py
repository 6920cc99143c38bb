"""The authors' network and ours, with the same random weights."""
import numpy as np
import pytest
from tiny_model import write_tiny_model

from spiga_mmpose.apis import find_config, load_model
from spiga_mmpose.benchmark import reference
from spiga_mmpose.benchmark.faces import draw_crops
from spiga_mmpose.benchmark.modes import CROP, locate

pytest.importorskip('spiga', reason='needs requirements/reference.txt')


@pytest.mark.slow
def test_same_landmarks_where_a_face_would_be(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, '_CALIBRATION_FACES', 4)
    config = find_config('spiga_wflw.py')
    ours, theirs = reference.write_random_weights(config, str(tmp_path))
    model = load_model(config, ours, 'cpu')
    crops = draw_crops(model, 1).images
    expected = reference.Reference(theirs)(crops)
    found = locate(model, crops)
    drift = np.linalg.norm(found - expected, axis=-1).max()
    assert drift * CROP < 1e-3
    low, high = found[0].min(0), found[0].max(0)
    assert (low + high) / 2 == pytest.approx([0.5, 0.5], abs=0.02)
    assert (high - low).max() == pytest.approx(1 / 1.6, rel=0.03)


@pytest.mark.parametrize(
    'landmark_set',
    ['cofw_29', pytest.param('wflw_98', marks=pytest.mark.slow)])
def test_another_network_needs_its_checkpoint(landmark_set, tmp_path):
    config, _ = write_tiny_model(str(tmp_path), landmark_set)
    with pytest.raises(ValueError, match='not the network of the authors'):
        reference.write_random_weights(config, str(tmp_path))
