"""Runs of several variants: seeded, remembered, resumed."""
import copy
import json
import shutil
import sys

import comparison
import pytest
from mmengine.config import Config

# In the place of tools/train.py: writes what a training logs, and its config
# into the work folder, as MMEngine's Runner does.
TRAINING = """
import json, os, sys
config, folder = sys.argv[1], sys.argv[3]
assert sys.argv[2] == '--work-dir' and sys.argv[4] == '--resume'
print('training', config)
seed = json.load(open(os.path.join(os.path.dirname(__file__), 'nme.json')))
count = os.path.join(os.path.dirname(__file__), 'runs')
open(count, 'a').write('x')
os.makedirs(os.path.join(folder, '20260101_000000', 'vis_data'))
with open(os.path.join(folder, '20260101_000000', 'vis_data',
                       'scalars.json'), 'w') as file:
    file.write(json.dumps(dict(NME=seed)))
with open(os.path.join(folder, os.path.basename(config)), 'w') as file:
    file.write('launcher = None')
"""


@pytest.fixture
def training(tmp_path):
    """Path of a pretended tools/train.py whose NME is 3."""
    folder = tmp_path / 'tools'
    folder.mkdir()
    (folder / 'nme.json').write_text('3.0')
    path = folder / 'train.py'
    path.write_text(TRAINING)
    return path


def config(rate=1.):
    return Config(
        dict(
            rate=rate,
            train_cfg=dict(max_epochs=1),
            randomness=dict(seed=0),
            train_dataloader=dict(dataset=dict(seed=0)),
            val_dataloader=dict(dataset=dict(seed=1))))


def test_seeds_change_weights_and_training_faces_alone():
    first, second = (comparison.seeded(config(), seed) for seed in (0, 1))
    assert first.randomness.seed == 0 and second.randomness.seed == 1
    seeds = [c.train_dataloader.dataset.seed for c in (first, second)]
    assert seeds[0] != seeds[1] and min(seeds) > 2  # not the tests' faces
    assert second.val_dataloader.dataset.seed == 1
    assert config().train_dataloader.dataset.seed == 0


def run_all(configs, seeds, out, training):
    """What is reported after each seed."""
    return [copy.deepcopy(results) for results in comparison.run_all(
        configs, seeds, str(out), str(training))]


def test_done_is_not_done_again(training, tmp_path):
    out = tmp_path / 'out'
    configs = {'a': config(), 'b': config(2.)}
    one, two = run_all(configs, [0, 1], out, training)
    assert one == {'a': [dict(NME=3.)], 'b': [dict(NME=3.)]}
    assert two == {'a': [dict(NME=3.)] * 2, 'b': [dict(NME=3.)] * 2}
    (training.parent / 'nme.json').write_text('9.0')
    *_, again = run_all(configs, [0, 1, 2], out, training)
    assert [run['NME'] for run in again['a']] == [3, 3, 9]
    assert (training.parent / 'runs').read_text() == 'x' * 6
    log = (out / 'a' / 'seed0' / 'train.log').read_text()
    assert log.startswith('training') and 'seed0.py' in log


def test_another_config_in_the_folder_is_refused(training, tmp_path):
    folder = str(tmp_path / 'run')
    comparison.run(config(), folder, str(training))
    with pytest.raises(ValueError, match='run.py is not what.*--out.*both'):
        comparison.run(config(2.), folder, str(training))
    # As the message says.
    shutil.rmtree(folder)
    (tmp_path / 'run.py').unlink()
    assert comparison.run(config(2.), folder, str(training)) == dict(NME=3.)


def test_a_seed_twice(training, tmp_path):
    with pytest.raises(ValueError, match=r'different ones, found \[0, 0\]'):
        run_all({'a': config()}, [0, 0], tmp_path, training)


def test_failed_training_is_named(training, tmp_path):
    training.write_text('import sys; print("no memory"); sys.exit(3)')
    folder = tmp_path / 'run'
    with pytest.raises(RuntimeError, match='code 3; see .*train.log'):
        comparison.run(config(), str(folder), str(training))
    assert (folder / 'train.log').read_text() == 'no memory\n'
    assert not (folder / 'metrics.json').exists()


def test_what_trains_nothing_is_tested_once(training, tmp_path, monkeypatch):
    tested = []

    def test(path, checkpoint):
        tested.append((Config.fromfile(path).rate, checkpoint))
        return dict(NME=5.)

    monkeypatch.setattr(comparison, '_test', test)
    idle = config(7.)
    idle.train_cfg = idle.train_dataloader = None
    idle.load_from = 'backbone.pth'
    *_, results = run_all({'a': config(), 'idle': idle}, [0, 1],
                          tmp_path / 'out', training)
    assert results['idle'] == [dict(NME=5.)]
    assert len(results['a']) == 2
    assert tested == [(7., 'backbone.pth')]


def test_last_validation_counts(tmp_path):
    """Also of a run that went on in another log."""
    for name, nme in (('20260101_000000', 9.), ('20260102_000000', 3.)):
        folder = tmp_path / name / 'vis_data'
        folder.mkdir(parents=True)
        rows = [dict(loss=1., step=1), dict(NME=nme + 1, step=1),
                dict(NME=nme, step=2), dict(loss=.5, step=3)]
        (folder / 'scalars.json').write_text('\n'.join(map(json.dumps, rows)))
    assert comparison.last_metrics(str(tmp_path))['NME'] == 3
    # A kill while the log was written.
    log = folder / 'scalars.json'
    log.write_text(log.read_text() + '\n{"NME": 4')
    assert comparison.last_metrics(str(tmp_path))['NME'] == 3
    log.write_text(log.read_text() + '\n{"NME": 4}')
    with pytest.raises(RuntimeError, match='scalars.json, line 5: damaged'):
        comparison.last_metrics(str(tmp_path))
    with pytest.raises(RuntimeError, match='never validated'):
        comparison.last_metrics(str(tmp_path / '20260101_000000'))


def test_mean_and_spread():
    assert comparison.mean_and_spread([4., 5., 4.5]) == '4.500 ± 0.500'
    # The spread of one seed is not known.
    assert comparison.mean_and_spread([4.]) == '4.000'


def test_training_runs_in_this_python(training, tmp_path):
    training.write_text(TRAINING + 'print(sys.executable)')
    comparison.run(config(), str(tmp_path / 'run'), str(training))
    assert sys.executable in (tmp_path / 'run' / 'train.log').read_text()
