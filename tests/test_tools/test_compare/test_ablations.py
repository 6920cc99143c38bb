"""compare.py: shared backbone, published numbers and orderings."""
import json
from pathlib import Path

import cv2
import pytest
import torch
import training_runs
from experiments import (add_backbones, load_experiment, make_configs,
                         published_numbers)
from mmpose.models import build_pose_estimator
from published import TABLES

from .conftest import EXPERIMENTS, finished, last_line

ABLATIONS = str(EXPERIMENTS / 'ablations.py')


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
