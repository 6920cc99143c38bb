"""Shared by the tests of this folder."""
import json
from pathlib import Path

import pytest
import training_runs

EXPERIMENTS = Path(__file__).parents[3] / 'configs' / 'experiments'


EXPERIMENT = """
base = 'configs/experiments/spiga_synthetic_backbone.py'
seeds = (0, 1)
metrics = ('NME', 'MAE')
options = {'train_dataloader.batch_size': 4}
variants = {
    'default': {},
    'no points': {'model.head.supervision.points_weight': 0.},
}
"""


# In the place of tools/train.py: writes a config into the work folder and logs
# validations, as MMEngine does. The NME is the seed; a kill cut the last line.
TRAINING = """
import json, os, runpy, sys
config, folder = sys.argv[1], sys.argv[3]
assert sys.argv[2] == '--work-dir' and sys.argv[4] == '--resume'
print('training', config, sys.executable)
seed = runpy.run_path(config)['randomness']['seed']
for time, nmes in (('1', [9., 8.]), ('2', [7., seed])):
    logs = os.path.join(folder, time, 'vis_data')
    os.makedirs(logs)
    with open(os.path.join(logs, 'scalars.json'), 'w') as file:
        for nme in nmes:
            file.write(json.dumps(dict(loss=1.)) + '\\n')
            file.write(json.dumps(dict(NME=nme, MAE=1.)) + '\\n')
        file.write(json.dumps(dict(loss=.5)) + '\\n{"NME": 4')
open(os.path.join(folder, os.path.basename(config)), 'w').write('a = 1')
"""


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis_tools', 'compare.py')


@pytest.fixture
def experiment(tmp_path):
    path = tmp_path / 'experiment.py'
    path.write_text(EXPERIMENT)
    return path


@pytest.fixture
def training(tmp_path, monkeypatch):
    """A file in the place of tools/train.py."""
    path = tmp_path / 'train.py'
    path.write_text(TRAINING)
    monkeypatch.setattr(training_runs, 'TRAIN_TOOL', str(path))
    return path


def finished(out, runs):
    """Leave runs that are done: metrics by name, a seed each."""
    for name, seeds in runs.items():
        for seed, metrics in enumerate(seeds):
            folder = out / name / f'seed{seed}'
            folder.mkdir(parents=True)
            (folder / 'metrics.json').write_text(json.dumps(metrics))


def last_line(capsys):
    return capsys.readouterr().err.strip().splitlines()[-1]
