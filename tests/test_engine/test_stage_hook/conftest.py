"""Shared by the tests of this folder."""
import pytest
from small_runs import STAGES, run

CONSTANT = [dict(stage, schedulers=[]) for stage in STAGES]


@pytest.fixture(scope='package')
def trained(tmp_path_factory):
    """A run through all stages: (work folder, recorder)."""
    folder = tmp_path_factory.mktemp('stages')
    return folder, run(folder, 'stages')[1]
