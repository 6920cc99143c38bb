"""Shared by the tests of this folder."""
import json
import os.path as osp
import runpy
import sys

import cv2
import numpy as np
import pytest

from spiga_mmpose.datasets.spiga_json_dataset import SPIGAJsonDataset


@pytest.fixture
def tool(repo, monkeypatch):
    """Runner of a tool by its name and command line."""
    folder = osp.join(repo, 'tools', 'dataset_converters')
    monkeypatch.syspath_prepend(folder)

    def run(name, *args):
        path = osp.join(folder, f'{name}.py')
        monkeypatch.setattr(sys, 'argv', [path, *map(str, args)])
        return runpy.run_path(path, run_name='__main__')

    return run


@pytest.fixture
def refused(tool, capsys):
    """Runner of a tool that must end in one line and status 2, and leave no
    annotations; it returns the line."""

    def run(name, root, *args):
        before = written(root)
        with pytest.raises(SystemExit) as stop:
            tool(name, root, *args)
        assert stop.value.code == 2
        line, = capsys.readouterr().err.splitlines()
        assert line.startswith(f'{name}.py: error: ')
        assert written(root) == before
        return line

    return run


def written(root):
    """Name and content of what is in the annotations folder."""
    return {
        path.name: path.read_text()
        for path in (root / 'annotations').glob('*')
    }


def points_of(seed, count=68):
    return np.random.default_rng(seed).uniform(5, 60, (count, 2)).round(3)


def image(path, shape=(64, 64, 3), value=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full(shape, value, np.uint8))


def pts(path, points, **kwargs):
    """A .pts file and the image beside it."""
    image(path.with_suffix(kwargs.get('ending', '.png')))
    rows = '\n'.join(f'{x} {y}' for x, y in points)
    path.write_text(f'version: 1\nn_points:  {len(points)}\n{{\n{rows}\n}}\n')


def read(root, name):
    with open(root / 'annotations' / name) as file:
        return json.load(file)


def dataset(root, name, landmark_set='300w_68', **kwargs):
    return SPIGAJsonDataset(f'annotations/{name}', landmark_set=landmark_set,
                            data_root=str(root), **kwargs)
