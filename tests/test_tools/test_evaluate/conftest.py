"""Shared by the tests of this folder."""
import json
from functools import partial

import pytest
from release_metrics import write_faces


@pytest.fixture(scope='package')
def tool(load_tool):
    return load_tool('evaluate.py')


@pytest.fixture
def files(tmp_path):
    """Write two lists of faces; their paths, predictions first."""

    return partial(write_faces, tmp_path)


def run(tool, tmp_path, *arguments):
    """Metrics of a run, by its --out."""
    out = tmp_path / 'out'
    tool.main([*arguments, '--out', str(out)])
    return json.loads((out / 'metrics.json').read_text())
