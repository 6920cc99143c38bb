"""tools/test.py, typed as a user does."""
import json
import os.path as osp
import subprocess
import sys

import pytest
import torch
from tiny_model import drawn_test, write_tiny_model

from spiga_mmpose.engine.checkpoint import load_from_local
from spiga_mmpose.evaluation.run_info import RunInfo, read_run_info

DATA = """
default_hooks = dict(visualization=dict(type='PoseVisualizationHook'))
train_dataloader = None
test_cfg = dict()
test_evaluator = [
    dict(type='FaceAlignmentMetric', norm='lnd_bbox'),
    dict(type='HeadPoseMetric')
]
"""


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Folder with a config that tests on synthetic faces, and its weights."""
    folder = tmp_path_factory.mktemp('test_tool')
    base, weights = write_tiny_model(str(folder))
    write_tiny_model(str(folder), '300w_68')
    (folder / 'config.py').write_text(
        drawn_test(base, 3, 2, image_size=128) + DATA)
    return folder, weights


def run(repo, tool, *arguments, cwd):
    return subprocess.run(
        [sys.executable, osp.join(repo, 'tools', tool), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True)


@pytest.mark.slow
def test_metrics_and_predictions(repo, files, tmp_path):
    folder, weights = files
    done = run(
        repo, 'test.py', folder / 'config.py', weights, '--work-dir', 'work',
        '--out', 'metrics.json', '--dump', 'results.pkl', '--show-dir',
        'images', '--cfg-options', 'model.test_cfg.flip_test=True',
        cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    metrics = json.loads((tmp_path / 'metrics.json').read_text())
    assert metrics['num_faces'] == 3 and metrics['NME'] > 0
    images = sorted(path.name for path in (tmp_path / 'images').iterdir())
    assert images == [f'{index:06d}_0.png' for index in range(3)]
    assert read_run_info(str(tmp_path / 'results.pkl')) == RunInfo(
        config=f'{folder / "config.py"} model.test_cfg.flip_test=True',
        checkpoint=weights,
        boxes='true landmarks',
        flip_test='on',
        selection='not on the test set',
        dataset='SyntheticFaceDataset',
        annotations='none, synthetic faces',
        pose='of the network')
    scored = run(repo, 'evaluate.py', 'results.pkl', 'results.pkl', '--norm',
                 'lnd_bbox', '--out', 'scores', cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr[-2000:]
    scores = json.loads((tmp_path / 'scores/metrics.json').read_text())
    assert scores['NME'] == pytest.approx(metrics['NME'], abs=1e-3)


@pytest.mark.slow
def test_hooks_of_the_training_leave_the_weights(repo, files, tmp_path):
    """Averaged and transferred weights, as in configs/spiga_photo.py."""
    folder, weights = files
    hooks = "[dict(type='EMAHook'), dict(type='TransferHook')]"
    (folder / 'hooks.py').write_text(
        f"_base_ = 'config.py'\ncustom_hooks = {hooks}\n"
        "load_from = 'nowhere.pth'\n")
    scores = []
    for name in ('config.py', 'hooks.py'):
        done = run(repo, 'test.py', folder / name, weights, '--work-dir',
                   'work', '--out', 'metrics.json', cwd=tmp_path)
        assert done.returncode == 0, done.stderr[-2000:]
        metrics = json.loads((tmp_path / 'metrics.json').read_text())
        scores.append({
            name: value for name, value in metrics.items()
            if 'time' not in name
        })
    assert scores[0] == scores[1]


@pytest.mark.slow
def test_weights_that_do_not_fit(repo, files, tmp_path):
    """Of another landmark set, and with parts missing."""
    folder, weights = files
    done = run(repo, 'test.py', folder / 'config.py',
               folder / 'tiny_300w_68.pth', '--work-dir', 'work', cwd=tmp_path)
    assert done.returncode != 0 and 'NME' not in done.stdout
    assert '68' in done.stderr and '98' in done.stderr
    state = torch.load(weights, weights_only=True)['state_dict']
    del state['backbone.pose_layers.0.weight']
    torch.save(dict(state_dict=state), tmp_path / 'part.pth')
    done = run(repo, 'test.py', folder / 'config.py', 'part.pth',
               '--work-dir', 'work', cwd=tmp_path)
    assert done.returncode != 0
    assert 'part.pth does not fit the config' in done.stderr
    assert 'backbone.pose_layers.0.weight' in done.stderr


@pytest.mark.slow
def test_publish(repo, files, tmp_path):
    content = dict(
        meta=dict(epoch=3, cfg='secret = "/home/me"', stage='cascade'),
        state_dict=dict(w=torch.ones(2)),
        optimizer=dict(a=1),
        message_hub=dict(b=2))
    torch.save(content, tmp_path / 'epoch_3.pth')
    done = run(repo, 'model_converters/publish_model.py', 'epoch_3.pth',
               'model.pth', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    published = load_from_local(str(tmp_path / 'model.pth'))
    assert published['meta'] == dict(epoch=3, stage='cascade')
    assert set(published) == {'meta', 'state_dict'}
    assert torch.equal(published['state_dict']['w'], torch.ones(2))
    torch.save([1], tmp_path / 'list.pth')
    done = run(repo, 'model_converters/publish_model.py', 'list.pth',
               'no.pth', cwd=tmp_path)
    assert done.returncode != 0 and 'list.pth' in done.stderr
    assert not (tmp_path / 'no.pth').exists()
