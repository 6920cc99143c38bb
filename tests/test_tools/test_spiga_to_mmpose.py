"""The converter's command line, from a released file into the configs."""
import os
import os.path as osp
import runpy
import sys

import numpy as np
import pytest
import reference_network
import torch
from mmengine.config import Config
from mmpose.apis import inference_topdown, init_model
from mmpose.registry import MODELS

from spiga_mmpose.landmark_sets import load_landmark_set

CONFIGS = {98: 'spiga_wflw.py', 68: 'spiga_300w.py'}


@pytest.fixture
def convert(repo, monkeypatch, capsys):
    """Run the tool; returns what it printed, or exits with its error."""
    path = osp.join(repo, 'tools', 'model_converters', 'spiga_to_mmpose.py')

    def run(*args):
        monkeypatch.setattr(sys, 'argv', [path, *map(str, args)])
        with pytest.raises(SystemExit) as stopped:
            runpy.run_path(path, run_name='__main__')
        printed = capsys.readouterr()
        assert stopped.value.code == (2 if printed.err else 0)
        return printed.err.rstrip('\n') or printed.out

    return run


@pytest.mark.slow
@pytest.mark.parametrize('landmarks', [98, 68])
def test_released_file_into_the_config(convert, repo, tmp_path, landmarks):
    """Strict load, MMPose's init_model, and a face."""
    source, result = tmp_path / 'spiga.pt', tmp_path / 'ours.pth'
    torch.save(reference_network.build(landmarks).state_dict(), source)
    assert str(result) in convert(source, result)
    source.unlink()  # a quarter of a gigabyte

    checkpoint = torch.load(result, map_location='cpu', weights_only=True)
    config = Config.fromfile(osp.join(repo, 'configs', CONFIGS[landmarks]))
    model = MODELS.build(config.model)
    model.load_state_dict(checkpoint['state_dict'], strict=True)
    model = init_model(config, str(result), device='cpu')
    result.unlink()

    landmark_set = load_landmark_set(reference_network.SETS[landmarks])
    assert model.dataset_meta['num_keypoints'] == landmarks
    assert model.dataset_meta['dataset_name'] == landmark_set.name
    assert model.dataset_meta[
        'flip_indices'] == landmark_set.flip_indices.tolist()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, checkpoint['state_dict'][name])
    image = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    face, = inference_topdown(model, image, np.array([[50., 20, 200, 180]]))
    found = face.pred_instances
    assert found.keypoints.shape == (1, landmarks, 2)
    assert found.landmark_steps.shape == (1, 4, landmarks, 2)
    assert found.keypoint_scores.min() >= 0
    assert found.keypoint_scores.max() <= 1


class TestRefuses:
    """One line that names the file and the fault; nothing is written."""

    def check(self, convert, tmp_path, *args):
        source, result = tmp_path / 'spiga.pt', tmp_path / 'ours.pth'
        message = convert(source, result, *args)
        assert message.startswith('spiga_to_mmpose.py: error: ')
        assert str(source) in message
        assert '\n' not in message
        assert not result.exists()
        return message

    def test_missing_file(self, convert, tmp_path):
        assert 'no such checkpoint' in self.check(convert, tmp_path)

    def test_truncated_file(self, convert, tmp_path):
        path = tmp_path / 'spiga.pt'
        torch.save(dict(weights=torch.rand(1000)), path)
        path.write_bytes(path.read_bytes()[:2000])
        assert 'not a whole checkpoint' in self.check(convert, tmp_path)

    def test_file_with_code(self, convert, tmp_path):
        """It must not run."""
        target = tmp_path / 'ran'

        class Code:

            def __reduce__(self):
                return os.mkdir, (str(target), )

        torch.save(dict(weights=Code()), tmp_path / 'spiga.pt')
        assert 'mkdir' in self.check(convert, tmp_path)
        assert not target.exists()

    def test_other_network(self, convert, tmp_path):
        torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / 'spiga.pt')
        assert 'not a released SPIGA' in self.check(convert, tmp_path)

    def test_no_state_dict(self, convert, tmp_path):
        torch.save([torch.rand(2)], tmp_path / 'spiga.pt')
        assert 'found list' in self.check(convert, tmp_path)

    def test_wrong_keys(self, convert, tmp_path):
        key = 'visual_cnn.outs_points.0.0.conv.weight'
        torch.save({
            key: torch.zeros(98, 256, 1, 1),
            'tail': torch.rand(1)
        }, tmp_path / 'spiga.pt')
        message = self.check(convert, tmp_path)
        assert 'unknown tail' in message and 'missing conv_window' in message


def test_folder_that_is_not_there(convert, tmp_path, monkeypatch):
    """The result cannot be written: said in one line, too."""
    from spiga_mmpose.engine import release_weights
    points = 'backbone.attention.0.points.weight'
    monkeypatch.setattr(release_weights, 'convert',
                        lambda *_: {points: torch.zeros(98, 1)})
    torch.save({}, tmp_path / 'spiga.pt')
    result = tmp_path / 'nowhere' / 'ours.pth'
    message = convert(tmp_path / 'spiga.pt', result)
    assert message.startswith(
        f'spiga_to_mmpose.py: error: {result}: cannot be written')
