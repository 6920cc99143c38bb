"""Shared by the tests of this folder."""
import json

import pytest


@pytest.fixture(scope='package')
def tool(load_tool):
    return load_tool('evaluate.py')


@pytest.fixture
def files(tmp_path):
    """Write two lists of faces; their paths, predictions first."""

    def _write(annotations, predictions):
        paths = []
        for name, faces in (('ours', predictions), ('truth', annotations)):
            path = tmp_path / f'{name}.json'
            path.write_text(json.dumps(faces))
            paths.append(str(path))
        return paths

    return _write


def run(tool, tmp_path, *arguments):
    """Metrics of a run, by its --out."""
    out = tmp_path / 'out'
    tool.main([*arguments, '--out', str(out)])
    return json.loads((out / 'metrics.json').read_text())
