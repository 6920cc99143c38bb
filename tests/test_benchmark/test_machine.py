"""What is said of the machine."""
import numpy as np

from spiga_mmpose.benchmark import machine


def test_the_caption_names_processor_threads_and_versions():
    found = machine.describe(3)
    assert found['processor'] and found['cores'] >= 1
    caption = machine.caption(found)
    assert found['processor'] in caption and '3 threads' in caption
    assert f'torch {found["versions"]["torch"]}' in caption


def test_a_package_that_is_missing_is_said_to_be(monkeypatch):
    monkeypatch.setattr(machine, '_PACKAGES', ('no-such-package', ))
    assert 'no-such-package not installed' in machine.caption(
        machine.describe(1))


def test_the_peak_stays_after_the_memory_is_given_back():
    block = np.ones(int(2e8), np.uint8)
    peak = machine.peak_memory()
    assert 200 <= peak < 1e5  # MB
    del block
    # The kernel counts some pages late.
    assert machine.peak_memory() > peak - 10
