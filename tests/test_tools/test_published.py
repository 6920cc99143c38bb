"""The published numbers hang together, and fit what is scored here."""
import json
import os.path as osp

import numpy as np
import pytest
from published import TABLES, TEST_FACES

from spiga_mmpose.evaluation.functional import alignment_summary, pose_summary
from spiga_mmpose.evaluation.protocols import PROTOCOLS


def tables(number, dataset=None):
    return [table for table in TABLES if table.number.startswith(number)
            and dataset in (None, table.dataset)]


def spiga(table, method='SPIGA'):
    """The published row, number by column."""
    row, = (row for row in table.rows if row.method == method)
    return {column.label: float(value)
            for column, value in zip(table.columns, row.values)
            if value != '-'}


@pytest.mark.parametrize('table', TABLES,
                         ids=lambda t: f'{t.number} {t.title}')
def test_every_row_fits_its_table(table):
    for row in table.rows:
        assert len(row.values) == len(table.columns), row
        for value in row.values:
            assert value == '-' or 0 < float(value) < 100, row
    names = [(row.method, row.boxes) for row in table.rows]
    assert len(set(names)) == len(names)
    labels = [column.label for column in table.columns]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize('table', TABLES,
                         ids=lambda t: f'{t.number} {t.title}')
def test_every_column_can_be_scored(table):
    protocol = PROTOCOLS[table.dataset]
    for column in table.columns:
        if column.norm is None:
            keys = pose_summary(np.zeros((1, 3)), np.zeros((1, 3)))
        else:
            keys = alignment_summary(
                np.zeros(1), protocol.threshold(column.norm))
        assert column.metric in keys


def test_all_tables_in_order():
    numbers = list(dict.fromkeys(table.number for table in TABLES))
    assert numbers == [
        'Table 1', 'Table 2 and supplementary Table 3', 'Table 3', 'Table 4',
        'Table 5', 'Table 6', 'Supplementary Table 1', 'Supplementary Table 2'
    ]
    assert {table.dataset for table in TABLES} == set(PROTOCOLS)


def test_mean_of_the_angles():
    for table in tables('Table 1'):
        for row in table.rows:
            if '-' not in row.values:
                *angles, mean = map(float, row.values)
                assert np.mean(angles) == pytest.approx(mean, abs=.06), row


def test_the_same_number_in_several_tables():
    """SPIGA on WFLW: tables 2, 5 and 6."""
    second = [spiga(table) for table in tables('Table 2 and')]
    fifth = spiga(*tables('Table 5'))
    for part in ('full', 'make-up', 'occlusion', 'blur'):
        assert second[0][part] == fifth[f'NME {part}']
    sixth = spiga(*tables('Table 6'), 'SPIGA (3)')
    for numbers, metric in zip(second, ('NME', 'FR10', 'AUC10')):
        assert numbers['full'] == sixth[f'step 3 {metric}']


def test_the_whole_is_the_mean_of_its_parts():
    """Subset sizes are those of db_info.json."""
    found = spiga(*tables('Supplementary Table 1'))
    for norm in ('inter-ocular', 'inter-pupil'):
        whole = (554 * found[f'{norm} common']
                 + 135 * found[f'{norm} challenging']) / 689
        assert found[f'{norm} full'] == pytest.approx(whole, abs=.011)
    for table in tables('Supplementary Table 2'):
        for method in ('DCFE', '3DDE', 'SPIGA'):
            found = spiga(table, method)
            for metric in ('NME', 'AUC8', 'FR8'):
                parts = [found[f'{part} {metric}']
                         for part in ('indoor', 'outdoor')]
                assert found[f'full {metric}'] == pytest.approx(
                    np.mean(parts), abs=.011)
    found = spiga(*tables('Table 3'))
    for metric in ('NME', 'AUC7'):
        whole = (2195 * found[f'{metric} frontal'] + 601 *
                 found[f'{metric} half-profile'] + 1069 *
                 found[f'{metric} profile']) / 3865
        assert found[f'{metric} all'] == pytest.approx(whole, abs=.05)


def test_subsets_and_counts_are_those_of_the_release():
    release = pytest.importorskip('spiga')
    folder = osp.join(osp.dirname(release.__file__), 'data', 'annotations')
    whole = {'300w': ('common', 'ibug'), '300w-private': ('indoor', 'outdoor'),
             'merlrav': ('frontal', 'half_profile', 'profile')}
    names = {'wflw': 'wflw', '300w': '300wpublic', 'merlrav': 'merlrav',
             '300w-private': '300wprivate', 'cofw68': 'cofw68'}
    for dataset, name in names.items():
        with open(osp.join(folder, name, 'db_info.json')) as file:
            subsets = json.load(file)['test_subsets']
        used = {column.subset for table in tables('', dataset)
                for column in table.columns} - {None}
        assert used <= set(subsets)
        if dataset in whole:
            assert TEST_FACES[dataset] == sum(
                len(subsets[part]) for part in whole[dataset])


def test_counts_are_those_that_the_data_check_expects(repo, load_tool,
                                                      monkeypatch):
    folder = osp.join(repo, 'tools', 'dataset_converters')
    monkeypatch.syspath_prepend(folder)  # as Python does for a script
    check = load_tool('dataset_converters', 'check.py')
    names = {'wflw': 'wflw', '300w': '300wpublic', 'merlrav': 'merlrav',
             '300w-private': '300wprivate', 'cofw68': 'cofw68'}
    for dataset, name in names.items():
        _, expected = check.SETS[name]
        assert TEST_FACES[dataset] == expected['test']


def test_no_two_test_sets_look_alike():
    looks = {(PROTOCOLS[name].landmark_set, count)
             for name, count in TEST_FACES.items()}
    assert len(looks) == len(TEST_FACES) == len(PROTOCOLS)
