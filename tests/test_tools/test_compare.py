"""tools/analysis_tools/compare.py: what it plans, remembers and concludes."""
import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch
import training_runs
from experiments import (add_backbones, load_experiment, make_configs,
                         published_numbers)
from mmengine.config import Config
from mmpose.models import build_pose_estimator
from published import TABLES

from spiga_mmpose.engine import read_stages

EXPERIMENTS = Path(__file__).parents[2] / 'configs' / 'experiments'
COMMITTED = [path for path in sorted(EXPERIMENTS.glob('*.py'))
             if '\nvariants = ' in path.read_text()]
ABLATIONS = str(EXPERIMENTS / 'ablations.py')

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


@pytest.fixture(scope='module')
def ablations():
    experiment = load_experiment(ABLATIONS)
    configs, _ = make_configs(experiment, list(experiment.variants), {})
    return experiment, configs


@pytest.fixture(scope='module')
def backbone(ablations, tmp_path_factory):
    """Path of a checkpoint of the whole network, as a stage leaves it."""
    torch.manual_seed(0)
    model = build_pose_estimator(ablations[1]['spiga'].model)
    model.head.record_trained(('maps', 'pose'))
    path = tmp_path_factory.mktemp('backbone') / 'multitask.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return str(path)


def finished(out, runs):
    """Leave runs that are done: metrics by name, a seed each."""
    for name, seeds in runs.items():
        for seed, metrics in enumerate(seeds):
            folder = out / name / f'seed{seed}'
            folder.mkdir(parents=True)
            (folder / 'metrics.json').write_text(json.dumps(metrics))


def last_line(capsys):
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize('path', COMMITTED, ids=lambda path: path.stem)
def test_every_variant_of_the_experiments_can_be_built(path):
    """Options merge into what a config has, not into a class's defaults."""
    experiment = load_experiment(str(path))
    configs, skipped = make_configs(
        experiment, list(experiment.variants),
        {'val_dataloader.batch_size': 3})
    assert {*configs, *skipped} == set(experiment.variants)
    texts = set()
    for config in configs.values():
        build_pose_estimator(config.model)
        assert read_stages(config)
        assert config.val_dataloader.batch_size == 3
        texts.add(str(config.to_dict()))
    assert len(texts) == len(configs)


def test_trains_every_variant_and_seed_once(tool, experiment, training,
                                            tmp_path, capsys):
    command = [str(experiment), '--out', str(tmp_path / 'out')]
    assert tool.main(command) == 0
    out = tmp_path / 'out'
    results = json.loads((out / 'results.json').read_text())['results']
    assert results == {
        name: [dict(NME=seed, MAE=1.) for seed in (0, 1)]
        for name in ('default', 'no points')}
    log = (out / 'no points' / 'seed1' / 'train.log').read_text()
    assert log.startswith('training') and 'seed1.py' in log
    assert sys.executable in log
    seeds = [Config.fromfile(out / 'no points' / f'seed{seed}.py')
             for seed in (0, 1)]
    for config in seeds:
        assert config.model.head.supervision.points_weight == 0
        assert config.train_dataloader.batch_size == 4
    # Other weights and training faces, not the tests'; the same tests.
    assert [config.randomness.seed for config in seeds] == [0, 1]
    faces = [config.train_dataloader.dataset.seed for config in seeds]
    assert faces[0] != faces[1] and min(faces) > 2
    assert seeds[0].val_dataloader == seeds[1].val_dataloader
    # What is done is not done again.
    training.write_text('raise SystemExit(3)')
    assert tool.main(command) == 0
    assert tool.main([*command, '--seeds', '0', '1', '2']) == 2
    error = last_line(capsys)
    assert 'ended with code 3' in error and 'seed2/train.log' in error


def test_finished_runs_become_table_and_figure(tool, experiment, tmp_path,
                                               capsys):
    """Nothing is trained again."""
    out = tmp_path / 'out'
    finished(out, {
        'default': [dict(NME=4., MAE=2.), dict(NME=5., MAE=2.5)],
        'no points': [dict(NME=6.), dict(NME=6.)]
    })
    assert tool.main([str(experiment), '--out', str(out)]) == 0
    table = (out / 'table.md').read_text()
    assert '| default | 2 | 4.500 ± 0.500 | 2.250 ± 0.250 |' in table
    assert '| no points | 2 | 6.000 ± 0.000 | - |' in table
    assert table in capsys.readouterr().out
    assert cv2.imread(str(out / 'figure.png')).std() > 0
    # One seed has no spread.
    command = [str(experiment), '--out', str(out)]
    assert tool.main([*command, '--seeds', '1']) == 0
    assert '| default | 1 | 5.000 | 2.500 |' in (out / 'table.md').read_text()
    # The experiment has changed since.
    experiment.write_text(EXPERIMENT.replace("': 4}", "': 8}"))
    assert tool.main(command) == 2
    error = last_line(capsys)
    assert error.startswith('compare.py: error:') and '--out' in error


def test_a_training_that_never_validates(tool, experiment, training, tmp_path,
                                         capsys):
    training.write_text('')
    assert tool.main([str(experiment), '--out', str(tmp_path)]) == 2
    assert 'seed0: the run never validated' in last_line(capsys)


@pytest.mark.parametrize('arguments, words', [
    (['--variants', 'defualt'], "'defualt'.*'no points'"),
    (['--seeds', '0', '0'], r'different ones, 0 to 99, found \[0, 0\]'),
    (['--seeds', '0', '100'], '0 to 99'),
    (['--seeds', '-1'], '0 to 99'),
    (['--backbone', 'some.pth'], 'has no shared one'),
    (['--cfg-options', 'train_dataloadr.batch_size=2'], 'train_dataloadr'),
    (['--cfg-options', 'model.head.x.y=2'], 'train.log'),
])
def test_bad_arguments(tool, experiment, training, tmp_path, capsys,
                       arguments, words):
    training.write_text('raise SystemExit(1)')
    assert tool.main(
        [str(experiment), '--out', str(tmp_path / 'out'), *arguments]) == 2
    error = last_line(capsys)
    assert error.startswith('compare.py: error:')
    assert re.search(words, error)


def test_a_config_is_no_comparison(tool, tmp_path, capsys):
    path = EXPERIMENTS / 'spiga_synthetic_cascade.py'
    assert tool.main([str(path), '--out', str(tmp_path)]) == 2
    assert "it has no ['base'" in last_line(capsys)


def test_costs(tool, tmp_path, capsys):
    """Of real configs; the trainings are there already."""
    out = tmp_path / 'out'
    finished(out, {'spiga_synthetic': [dict(NME=3.25)],
                   'hourglass_heatmap': [dict(NME=3.5)]})
    command = [str(EXPERIMENTS / 'backbones.py'), '--out', str(out),
               '--variants', 'spiga_synthetic', 'hourglass_heatmap']
    assert tool.main([*command, '--skip', 'time']) == 0
    results = json.loads((out / 'results.json').read_text())
    config = Config.fromfile(EXPERIMENTS.parent / 'spiga_synthetic.py')
    count = sum(weights.numel() for weights in build_pose_estimator(
        config.model).parameters())
    cost = results['costs']['spiga_synthetic']
    assert cost['parameters (M)'] == pytest.approx(count / 1e6)
    assert set(cost) == {'parameters (M)', 'GMACs'}
    # The cascade costs on top of the backbone.
    assert cost['GMACs'] > results['costs']['hourglass_heatmap']['GMACs'] > 0
    table = (out / 'table.md').read_text()
    assert ('| HourglassPoseNet + GATCascadeHead | 1 | '
            f'{count / 1e6:.3f} | {cost["GMACs"]:.3f} | 3.250 |') in table
    assert cv2.imread(str(out / 'figure.png')).std() > 0
    # Without the trainings.
    (out / 'figure.png').unlink()
    assert tool.main([*command[:-1], '--skip', 'training']) == 0
    results = json.loads((out / 'results.json').read_text())
    assert results['costs']['spiga_synthetic']['ms a face'] > 0
    assert results['results'] == dict(spiga_synthetic=[])
    assert not (out / 'figure.png').exists()


def test_missing_package_is_reported(tool, experiment, training, tmp_path):
    experiment.write_text(EXPERIMENT.replace(
        "'default': {}", "'default': {}, 'other': "
        "{'model.backbone.type': 'no_such_package.ResNet'}"))
    out = tmp_path / 'out'
    assert tool.main([str(experiment), '--out', str(out)]) == 0
    table = (out / 'table.md').read_text()
    assert "other: skipped: No module named 'no_such_package'; see docs/" \
        'mixing.md' in table
    assert '| default | 2 |' in table


class TestAblations:

    def test_every_variant_differs_in_the_model_alone(self, ablations):
        """Equal budget: the same data, stages, rates and tests for all."""
        def rest(config):
            return {key: value for key, value in config.to_dict().items()
                    if key != 'model'}

        experiment, configs = ablations
        reference = configs[experiment.reference]
        for name in set(configs) - {experiment.reference}:
            assert configs[name].model != reference.model
            if name != 'mtn':
                assert rest(configs[name]) == rest(reference)
        assert (reference.val_dataloader.dataset
                == reference.test_dataloader.dataset)

    def test_every_row_of_the_paper_is_somebodys(self, ablations):
        named = [row for variant in ablations[0].variants.values()
                 for row in variant.get('published', ())]
        assert len(named) == len(set(named))
        assert set(named) == {
            row.method for table in TABLES for row in table.rows
            if table.number in ('Table 5', 'Table 6')}

    def test_published_numbers_by_our_keys(self, ablations):
        numbers = published_numbers(ablations[0], 'spiga')
        expected = {'NME': 4.06, 'NPE90': 6.76, 'makeup/NPE90': 6.32,
                    'blur/NME': 4.65, 'step1/NME': 4.22, 'step3/NME': 4.06}
        assert expected.items() <= numbers.items()
        two = published_numbers(ablations[0], 'steps_2')
        assert two['NME'] == two['step2/NME'] == 4.07
        assert 'step3/NME' not in two
        assert published_numbers(ablations[0], 'arctan') == {}

    def test_backbones(self, ablations, backbone, tmp_path, monkeypatch):
        """One for all but the variant that changes it, and no cascade in
        it."""
        trained = {}

        def run(config, folder):
            trained[Path(folder).name] = config
            Path(folder).mkdir()
            torch.save(torch.load(backbone), f'{folder}/multitask.pth')

        monkeypatch.setattr(training_runs, 'run', run)
        plan = {name: ablations[1][name].copy()
                for name in ('spiga', 'mtn', 'arctan', 'bottleneck_8x8')}
        add_backbones(ablations[0], plan, None, str(tmp_path), {})
        assert list(trained) == ['backbone', 'backbone_bottleneck_8x8']
        config = trained['backbone_bottleneck_8x8']
        assert config.model.backbone.depth == 2
        assert [stage.name for stage in config.stages] == [
            'landmarks', 'multitask']
        seeds = {config.train_dataloader.dataset.seed
                 for config in trained.values()}
        assert len(seeds) == 1 and min(seeds) > 1050  # no cascade's
        assert plan['spiga'].load_from == plan['arctan'].load_from
        assert plan['spiga'].load_from != plan['bottleneck_8x8'].load_from
        weights = torch.load(plan['spiga'].load_from)['state_dict']
        assert all(name.startswith('backbone.') or name == 'head.trained'
                   for name in weights)
        assert weights['head.trained'].tolist() == [1, 1, 0]
        # What is tested as it is needs all of it.
        assert plan['mtn'].load_from == str(
            tmp_path / 'backbone' / 'multitask.pth')

    def test_runs_of_two_backbones_are_not_mixed(self, tool, backbone,
                                                 training, tmp_path, capsys):
        """Nor is a given one trained."""
        command = [ABLATIONS, '--out', str(tmp_path / 'out'), '--variants',
                   'spiga', '--seeds', '0', '--backbone']
        assert tool.main([*command, backbone]) == 0
        assert not (tmp_path / 'out' / 'backbone').exists()
        loaded = torch.load(backbone)
        next(iter(loaded['state_dict'].values())).add_(1)
        other = str(tmp_path / 'other.pth')
        torch.save(loaded, other)
        assert tool.main([*command, other]) == 2
        assert 'not what would be run now' in last_line(capsys)
        assert tool.main([*command, backbone]) == 0

    @pytest.mark.parametrize('state, words', [
        ({'conv.weight': torch.zeros(1)}, 'no weights of a backbone'),
        ({'backbone.x': torch.zeros(1),
          'head.trained': torch.tensor([1, 0, 0])}, 'both maps and pose'),
        (None, 'some.pth'),
    ])
    def test_wrong_checkpoint_is_one_line(self, tool, tmp_path, capsys, state,
                                          words):
        path = tmp_path / 'some.pth'
        if state is not None:
            torch.save(dict(state_dict=state), path)
        assert tool.main([ABLATIONS, '--out', str(tmp_path), '--backbone',
                          str(path)]) == 2
        error = last_line(capsys)
        assert error.startswith('compare.py: error:') and words in error

    def test_options_leave_alone_what_is_not_there(self, ablations):
        configs, _ = make_configs(ablations[0], ['mtn'], {
            'train_dataloader.batch_size': 2, 'test_dataloader.batch_size': 3,
            'load_from': 'some.pth'})
        for name, size in (('spiga', 2), ('mtn', None)):
            config = configs[name]
            assert config.test_dataloader.batch_size == 3
            assert config.load_from == 'some.pth'
            assert (config.train_dataloader or {}).get('batch_size') == size

    def test_report(self, tool, backbone, tmp_path):
        """The paper's numbers, and whether its orderings hold with every
        seed; what has no seeds is compared with each."""
        out = tmp_path / 'out'

        def metrics(nme, steps=3):
            keys = [f'{subset}{metric}' for metric in ('NME', 'NPE90')
                    for subset in ('', 'makeup/', 'occlusion/', 'blur/')]
            return {**{key: nme + key.endswith('NPE90') for key in keys},
                    **{f'step{s}/NME': nme + steps - s
                       for s in range(steps + 1)}}

        finished(out, {
            'spiga': [metrics(4.), metrics(4.2)],
            'mtn': [dict(NME=4.3, NPE90=5.1)],
            'position_none': [metrics(4.5), metrics(4.4)],
            'shared_attention': [metrics(3.9), metrics(4.1)],
            'steps_1': [metrics(4.1, 1), metrics(4.1, 1)],
            'arctan': [metrics(4.), metrics(4.1)],
        })
        command = [ABLATIONS, '--out', str(out), '--backbone', backbone,
                   '--seeds', '0', '1', '--variants', 'mtn', 'position_none',
                   'shared_attention', 'steps_1', 'arctan']
        assert tool.main(command) == 0
        lines = (out / 'table.md').read_text().splitlines()
        rows = {}
        for above, line in zip(['', *lines], lines):
            cells = line.strip('| ').split(' | ')
            if cells[0] == 'paper':
                rows[above.split(' | ')[0][2:]] = cells
            else:
                rows[f'here: {cells[0]}'] = cells
        ours, paper = rows['here: SPIGA'], rows['SPIGA']
        assert ours[1:4] == ['2', '4.100 ± 0.100', '5.100 ± 0.100']
        assert paper[1:3] == ['4.06', '6.76']
        assert rows['soft-argmax of the backbone'][1:3] == [
            '4.13, holds', '6.93, open']
        assert [cell.split(', ')[-1] for cell in rows['no positions'][1:9]] \
            == ['holds'] * 8
        assert set(rows['one attention a step (GCN)'][1:3]) == {
            '4.08, reversed', '6.79, reversed'}
        assert rows['one step'][1:3] == ['4.17, open', '-']
        assert rows['here: one step'][-4:] == [
            '5.100 ± 0.000', '4.100 ± 0.000', '-', '-']
        # A choice of the release has no row in the paper.
        assert 'arctan of the paper' not in rows
        assert 'here: arctan of the paper' in rows
        assert cv2.imread(str(out / 'figure.png')).std() > 0

    @pytest.mark.slow
    def test_for_real(self, tool, tmp_path):
        """Backbone, cascade and soft-argmax on a handful of faces."""
        out = tmp_path / 'out'
        options = [
            f'{loader}_dataloader.{option}'
            for loader in ('train', 'val', 'test')
            for option in ('num_workers=0', 'persistent_workers=False')]
        code = tool.main([
            ABLATIONS, '--out', str(out), '--seeds', '0', '--variants', 'mtn',
            'steps_1', '--cfg-options', 'train_dataloader.batch_size=2',
            'train_dataloader.sampler.epoch_size=2',
            'val_dataloader.dataset.num_faces=4',
            'test_dataloader.dataset.num_faces=4', *options])
        assert code == 0
        results = json.loads((out / 'results.json').read_text())['results']
        assert {name: len(runs) for name, runs in results.items()} == dict(
            spiga=1, mtn=1, steps_1=1)
        assert 'step3/NME' in results['spiga'][0]
        assert 'step0/NME' not in results['mtn'][0]
        # Both start from the same backbone, so from the same poses.
        assert results['spiga'][0]['step0/NME'] == pytest.approx(
            results['steps_1'][0]['step0/NME'], abs=1e-4)


@pytest.mark.parametrize('name, arguments, command', [
    ('ablate.py', ['--seeds', '100'], 'ablations.py --seeds 100 --out'),
    ('compare_backbones.py',
     ['--epoch-size=8', '--seeds', '100', '--mixes', 'resnet50', '--skip',
      'nme'],
     'backbones.py --cfg-options train_dataloader.sampler.epoch_size=8 '
     '--seeds 100 --variants resnet50 --skip training --out'),
])
def test_old_names(repo, tmp_path, name, arguments, command):
    """They run the new command, and say so; here it refuses the seeds."""
    done = subprocess.run(
        [sys.executable, f'{repo}/tools/analysis_tools/{name}', *arguments,
         '--out', 'out'],
        cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert ('now: python tools/analysis_tools/compare.py '
            f'configs/experiments/{command} out\n') in done.stderr
    assert 'compare.py: error: --seeds: expected different' in done.stderr
