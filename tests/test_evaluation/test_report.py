"""Tables of results."""
import csv
import io
import json

import pytest

from spiga_mmpose.evaluation import report
from spiga_mmpose.io import to_json


@pytest.fixture
def results():
    row = dict(num_faces=3, NME=4.25, AUC10=60., FR10=0.)
    part = dict(num_faces=1, NME=5., AUC10=50., FR10=0.)
    none = dict(num_faces=0, NME=float('nan'), AUC10=float('nan'),
                FR10=float('nan'))
    pose = dict(num_faces=2, MAE_yaw=1., MAE_pitch=2., MAE_roll=3., MAE=2.,
                geodesic=4.5, bin_acc_yaw=90.)
    return {
        'a_b|c': dict(row, skipped=0, landmark_NME=[1.], pose=pose,
                      subsets={'all': part, 'pose': none}),
        'other': dict(row, NME=4.5, skipped=0, landmark_NME=[1.],
                      subsets={'all': part, 'pose': none}),
    }


def test_build_table(results):
    table = report.build_table(results)
    assert table[0] == [
        'method', 'subset', 'faces', 'NME', 'AUC10', 'FR10', 'poses',
        'MAE_yaw', 'MAE_pitch', 'MAE_roll', 'MAE', 'geodesic'
    ]
    assert len(table) == 7 and {len(row) for row in table} == {12}
    assert table[1] == [
        'a_b|c', 'all', 3, 4.25, 60., 0., 2, 1., 2., 3., 2., 4.5
    ]
    assert table[4] == ['other', 'all', 3, 4.5, 60., 0.] + [None] * 6


def test_pose_of_a_subset(results):
    results['a_b|c']['subsets']['all']['pose'] = dict(
        num_faces=1, MAE_yaw=7., MAE_pitch=8., MAE_roll=9., MAE=8.,
        geodesic=12.)
    table = report.build_table(results)
    assert table[2][6:] == [1, 7., 8., 9., 8., 12.]
    assert table[3][6:] == [None] * 6


def test_differences(results):
    differences = {'other': {'NME': dict(difference=.25, low=.1, high=.4)}}
    table = report.build_table(results, differences)
    assert table[0][-3:] == ['dNME', 'dNME low', 'dNME high']
    assert table[4][-3:] == [.25, .1, .4]
    others = [row for i, row in enumerate(table[1:], 1) if i != 4]
    assert all(row[-3:] == [None] * 3 for row in others)


def test_without_pose(results):
    del results['a_b|c']['pose']
    assert report.build_table(results)[0][-1] == 'FR10'


def test_text(results):
    lines = report.to_text(report.build_table(results)).splitlines()
    assert len(lines) == 7
    assert lines[1].split() == [
        'a_b|c', 'all', '3', '4.250', '60.000', '0.000', '2', '1.000',
        '2.000', '3.000', '2.000', '4.500'
    ]
    assert lines[3].split()[3:6] == ['-', '-', '-']
    assert len({len(line) for line in lines}) == 1  # aligned


def test_text_stays_as_it_is():
    table = [['a', 'b', 'c'], ['x', 'y', '0.00001'], ['x', 'y', '426.9']]
    for text in (report.to_text(table), report.to_markdown(table, '')):
        assert '0.00001' in text and '426.9 ' in text + ' '
        assert '426.900' not in text


def test_csv(results):
    rows = list(
        csv.reader(io.StringIO(report.to_csv(report.build_table(results)))))
    assert rows[1][:4] == ['a_b|c', 'all', '3', '4.25']
    assert rows[3][3:] == [''] * 9


def test_markdown(results):
    text = report.to_markdown(report.build_table(results), 'Caption.')
    lines = text.splitlines()
    assert lines[2].replace(' ', '').startswith('|a_b\\|c|all|3|4.250|')
    assert lines[1].count('|') == 13 and lines[-1] == 'Caption.'


def test_latex(results):
    text = report.to_latex(report.build_table(results), '10 %.')
    assert r'a\_b|c&all&3&4.250&' in text.replace(' ', '')
    assert text.startswith('% 10 %.\n\\begin{tabular}{llrrrrrrrrrr}\n')
    rows = [line for line in text.splitlines() if line.endswith(r'\\')]
    assert len(rows) == 7 and {row.count('&') for row in rows} == {11}


def test_json_has_no_nan(results):
    text = to_json(results)
    assert 'NaN' not in text
    found = json.loads(text)
    assert found['other']['subsets']['pose']['NME'] is None
    assert found['a_b|c']['pose']['geodesic'] == 4.5
