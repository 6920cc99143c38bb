"""Weights of another landmark set as a start."""
import pytest
import small_models
import torch
from small_runs import run


@pytest.fixture(scope='module')
def weights_of_68(tmp_path_factory):
    model = small_models.build(
        small_models.estimator(
            backbone=small_models.backbone(landmark_set='300w_68'),
            head=small_models.head(landmark_set='300w_68')),
        seed=7)
    model.head.record_trained(('maps', 'pose', 'cascade'))
    path = tmp_path_factory.mktemp('transfer') / 'weights.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


def train(folder, path, hooks, length=1, **changes):
    stage = dict(
        name='all',
        length=length,
        lr=1e-3,
        losses=('maps', 'pose', 'cascade'),
        frozen=())
    return run(
        folder,
        folder.name, [stage],
        load_from=path and str(path),
        custom_hooks=[*hooks, dict(type='StageHook')],
        log_level='WARNING',
        **changes)


def test_what_fits_is_taken_and_the_rest_named(tmp_path, weights_of_68):
    _, recorder = train(tmp_path, weights_of_68, [dict(type='TransferHook')])
    start = recorder.states[0]
    given = torch.load(weights_of_68, weights_only=True)['state_dict']
    for name, value in given.items():
        if name != 'head.trained' and value.shape == start[name].shape:
            assert torch.equal(value, start[name]), name
    assert start['head.trained'].tolist() == [0, 0, 0]
    log = ''.join(path.read_text() for path in tmp_path.rglob('*.log'))
    assert 'backbone.attention.0.points.weight' in log


def test_a_resumed_run_keeps_its_record(tmp_path, weights_of_68):
    hooks = [dict(type='TransferHook')]
    train(tmp_path, weights_of_68, hooks)
    _, recorder = train(tmp_path, None, hooks, length=2, resume=True)
    assert recorder.states[0]['head.trained'].tolist() == [1, 1, 1]


def test_without_it_the_run_does_not_begin(tmp_path, weights_of_68):
    with pytest.raises(ValueError, match='68.*98.*--transfer'):
        train(tmp_path, weights_of_68, [])


def test_nothing_fits(tmp_path):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict=dict(w=torch.zeros(2))), path)
    with pytest.raises(ValueError, match='nothing in the checkpoint fits'):
        train(tmp_path, path, [dict(type='TransferHook')])
