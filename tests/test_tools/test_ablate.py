"""tools/analysis_tools/ablate.py: what it plans, and what it concludes."""
import glob
import json
import os.path as osp

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from published import TABLES


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'ablate.py')


@pytest.fixture(scope='module')
def configs(tool):
    return tool.make_configs(tool.VARIANTS)


@pytest.fixture(scope='module')
def backbone(configs, tmp_path_factory):
    """Path of a checkpoint of the whole network, as a stage leaves it."""
    torch.manual_seed(0)
    model = MODELS.build(configs['spiga'].model)
    model.head.record_trained(('maps', 'pose'))
    path = tmp_path_factory.mktemp('backbone') / 'multitask.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return str(path)


def test_every_file_is_a_variant(tool, repo):
    files = glob.glob(osp.join(repo, 'configs', 'ablations', '*.py'))
    assert {osp.basename(path)[:-3] for path in files} == {
        tool.REFERENCE, *tool.VARIANTS}


def test_every_variant_differs_in_the_model_alone(tool, configs):
    """Equal budget: the same data, stages, rates and tests for all."""
    def rest(config):
        rest = config.to_dict()
        for key in ('model', 'ablation', 'load_from'):
            rest.pop(key)
        return rest

    reference = configs[tool.REFERENCE]
    for name in tool.VARIANTS:
        assert configs[name].model != reference.model
        if name != 'mtn':
            assert rest(configs[name]) == rest(reference)
    assert reference.val_dataloader.dataset.seed == 2  # the test faces


def test_variants_build(tool, configs):
    for name in tool.VARIANTS:
        model = MODELS.build(configs[name].model)
        model.eval()
        with torch.no_grad():
            out = model(torch.rand(1, 3, 64, 64), None)
        steps = len(configs[name].model.head.windows)
        assert out.steps.shape == (1, steps + 1, 98, 2)


def test_every_row_of_the_paper_is_somebodys(configs):
    named = [row for config in configs.values()
             for row in config.ablation.paper]
    assert len(named) == len(set(named))
    expected = {row.method for table in TABLES for row in table.rows
                if table.number in ('Table 5', 'Table 6')}
    assert set(named) == expected


def test_published_numbers_by_our_keys(tool):
    numbers = tool.published(('SPIGA', 'SPIGA (3)'))
    assert numbers['NME'] == 4.06 and numbers['NPE90'] == 6.76
    assert numbers['makeup/NPE90'] == 6.32 and numbers['blur/NME'] == 4.65
    assert numbers['step1/NME'] == 4.22 and numbers['step3/NME'] == 4.06
    two = tool.published(('SPIGA (2)', ))
    assert two['NME'] == two['step2/NME'] == 4.07 and 'step3/NME' not in two
    assert tool.published(()) == {}


def test_backbones(tool, configs, backbone, tmp_path, monkeypatch):
    """One for all but the variant that changes it, and no cascade in it."""
    trained = []

    def run(config, folder, train_tool):
        trained.append((config, folder))
        torch.save(torch.load(backbone), osp.join(folder, 'multitask.pth'))

    monkeypatch.setattr(tool.comparison, 'run', run)
    args = tool.parse_args(['--out', str(tmp_path)])
    for folder in ('backbone', 'backbone_bottleneck_8x8'):
        (tmp_path / folder).mkdir()
    names = ('mtn', 'arctan', 'bottleneck_8x8')
    plan = {name: configs[name].copy() for name in ('spiga', *names)}
    tool.add_backbones(plan, args)
    assert [osp.basename(folder) for _, folder in trained] == [
        'backbone', 'backbone_bottleneck_8x8']
    config = trained[1][0]
    assert config.model.backbone.depth == 2
    assert [stage.name for stage in config.stages] == [
        'landmarks', 'multitask']
    seeds = [config.train_dataloader.dataset.seed for config, _ in trained]
    assert seeds[0] == seeds[1] > 1050  # not those of any cascade
    assert plan['spiga'].load_from == plan['arctan'].load_from
    assert plan['spiga'].load_from != plan['bottleneck_8x8'].load_from
    weights = torch.load(plan['spiga'].load_from)['state_dict']
    assert all(name.startswith('backbone.') or name == 'head.trained'
               for name in weights)
    assert weights['head.trained'].tolist() == [1, 1, 0]
    # What is tested as it is needs all of it.
    assert plan['mtn'].load_from == osp.join(
        tmp_path, 'backbone', 'multitask.pth')


def test_given_backbone_is_not_trained(tool, configs, backbone, tmp_path):
    args = tool.parse_args(['--out', str(tmp_path), '--backbone', backbone])
    plan = {'spiga': configs['spiga'].copy(), 'mtn': configs['mtn'].copy()}
    tool.add_backbones(plan, args)
    assert plan['mtn'].load_from == backbone


def test_runs_of_two_backbones_are_not_mixed(tool, configs, backbone,
                                             tmp_path):
    """Other weights, another file: comparison.run refuses its config."""
    loaded = torch.load(backbone)
    next(iter(loaded['state_dict'].values())).add_(1)
    other = str(tmp_path / 'other.pth')
    torch.save(loaded, other)
    paths = []
    for path in (backbone, other, backbone):
        args = tool.parse_args(['--out', str(tmp_path), '--backbone', path])
        plan = {'spiga': configs['spiga'].copy()}
        tool.add_backbones(plan, args)
        paths.append(plan['spiga'].load_from)
    assert paths[0] == paths[2] != paths[1]


def test_backbone_of_an_earlier_stage(tool, backbone, tmp_path):
    loaded = torch.load(backbone)
    loaded['state_dict']['head.trained'][1] = 0
    path = str(tmp_path / 'landmarks.pth')
    torch.save(loaded, path)
    with pytest.raises(ValueError, match='landmarks.pth.*both maps and pose'):
        tool.backbone_alone(path, str(tmp_path / 'alone'))


@pytest.mark.parametrize('arguments, words', [
    (['--seeds', '0', '100'], '0 to 99'),
    (['--seeds', '-1'], '0 to 99'),
    (['--cfg-options', 'train_dataloadr.batch_size=2'], 'train_dataloadr'),
])
def test_bad_arguments(tool, backbone, tmp_path, capsys, arguments, words):
    code = tool.main(['--out', str(tmp_path), '--backbone', backbone,
                      '--variants', 'arctan', *arguments])
    assert code == 2
    assert words in capsys.readouterr().err


def test_options_leave_alone_what_is_not_there(tool, configs):
    args = tool.parse_args([
        '--out', 'x', '--cfg-options', 'train_dataloader.batch_size=2',
        'test_dataloader.batch_size=3'])
    for name, size in (('spiga', 2), ('mtn', None)):
        config = Config(configs[name].to_dict())
        tool.add_options(config, args)
        assert config.test_dataloader.batch_size == 3
        assert (config.train_dataloader or {}).get('batch_size') == size


@pytest.mark.parametrize('expected, found, word', [
    (.1, [.2, .1], 'holds'),
    (.1, [.2, -.1], 'open'),
    (.1, [-.2, -.1], 'reversed'),
    (-.1, [-.2, -.1], 'holds'),
    (.1, [0., 0.], 'open'),
    (.1, [.2, 0.], 'open'),
])
def test_orderings(tool, expected, found, word):
    assert tool.ordering(expected, np.array(found)) == word


def test_differences_are_of_the_same_seed(tool):
    ours, reference = [dict(NME=5.), dict(NME=7.)], [dict(NME=4.),
                                                     dict(NME=5.)]
    np.testing.assert_allclose(tool.changes(ours, reference, 'NME'), [1, 2])
    # Without seeds: against each.
    np.testing.assert_allclose(
        tool.changes(ours[:1], reference, 'NME'), [1, 0])


def metrics(tool, nme, steps=3):
    """Metrics of a run with one number for all subsets."""
    found = {key: nme + key.endswith('NPE90')
             for key in tool.COLUMNS.values()}
    found.update({f'step{s}/NME': nme + steps - s for s in range(steps + 1)})
    return found


def test_finished_runs_become_a_report(tool, backbone, tmp_path, capsys):
    """Nothing is trained; positions matter here as they do in the paper."""
    numbers = {'spiga': (4., 4.2), 'position_none': (4.5, 4.4),
               'steps_1': (4.1, 4.1), 'arctan': (4., 4.1)}
    for name, values in numbers.items():
        for seed, nme in enumerate(values):
            folder = tmp_path / name / f'seed{seed}'
            folder.mkdir(parents=True)
            (folder / 'metrics.json').write_text(json.dumps(
                metrics(tool, nme, 1 if name == 'steps_1' else 3)))
    command = ['--out', str(tmp_path), '--backbone', backbone, '--seeds', '0',
               '1', '--variants', 'position_none', 'steps_1', 'arctan']
    assert tool.main(command) == 0
    report = (tmp_path / 'table.md').read_text()
    assert report in capsys.readouterr().out
    lines = report.splitlines()
    start = lines.index(next(x for x in lines if x.startswith('| SPIGA |')))
    assert lines[start].startswith('| SPIGA | here | 2 | 4.100 ± 0.100 | 5.1')
    assert lines[start + 1].startswith('| | paper | - | 4.06 | 6.76 | 3.81 |')
    assert lines[start + 1].endswith('| - | - | - | - |')
    # A row of the paper has no pose and expression; a choice of its authors
    # has no row.
    assert sum(line.startswith('| arctan of the paper |')
               for line in lines) == 2
    one_step = [line for line in lines if line.startswith('| one step |')]
    assert '| 5.100 ± 0.000 | 4.100 ± 0.000 | - | - |' in one_step[1]
    (_, order), = [(line, line.split(' | ')) for line in lines
                   if line.startswith('| no positions | holds')]
    assert len(order) == 9 and set(order[1:-1]) == {'holds'}
    assert (tmp_path / 'figure.png').stat().st_size > 10000
    results = json.loads((tmp_path / 'results.json').read_text())
    assert results['spiga'][1]['NME'] == 4.2


def test_no_checkpoint_is_one_line(tool, tmp_path, capsys):
    assert tool.main(['--out', str(tmp_path), '--backbone', 'none.pth']) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith('ablate.py: error:') and 'none.pth' in error


def test_checkpoint_of_something_else_is_named(tool, tmp_path, capsys):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict={'conv.weight': torch.zeros(1)}), path)
    assert tool.main(['--out', str(tmp_path), '--backbone', str(path)]) == 2
    assert 'no weights of a backbone' in capsys.readouterr().err


@pytest.mark.slow
def test_for_real(tool, tmp_path):
    """Backbone, cascade and soft-argmax on a handful of faces."""
    out = tmp_path / 'out'
    code = tool.main([
        '--out', str(out), '--seeds', '0', '--variants', 'mtn', 'steps_1',
        '--cfg-options', 'train_dataloader.batch_size=2',
        'train_dataloader.sampler.epoch_size=2',
        'train_dataloader.num_workers=0',
        'train_dataloader.persistent_workers=False',
        'val_dataloader.dataset.num_faces=4', 'val_dataloader.num_workers=0',
        'val_dataloader.persistent_workers=False',
        'test_dataloader.dataset.num_faces=4',
        'test_dataloader.num_workers=0',
        'test_dataloader.persistent_workers=False'])
    assert code == 0
    results = json.loads((out / 'results.json').read_text())
    assert {name: len(runs) for name, runs in results.items()} == dict(
        spiga=1, mtn=1, steps_1=1)
    assert 'step3/NME' in results['spiga'][0]
    assert 'step0/NME' not in results['mtn'][0]
    # Both start from the same backbone, so from the same poses.
    assert results['spiga'][0]['step0/NME'] == pytest.approx(
        results['steps_1'][0]['step0/NME'], abs=1e-4)
