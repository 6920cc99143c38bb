"""Workers: turns, errors, and what a process of its own is for."""
import os
from functools import partial

import pytest
from in_process import no_processes

from spiga_mmpose.benchmark.workers import Worker, ratio, take_turns


@pytest.fixture
def threads(monkeypatch):
    no_processes(monkeypatch)


def test_calls_travel_and_errors_come_back(threads):
    worker = Worker('letters', partial(list, 'abca'), 1)
    assert worker.call('count', 'a') == 2
    assert worker.time('count', 'a') >= 0
    with pytest.raises(ValueError, match='letters: .*is not in list'):
        worker.call('index', 'z')
    assert worker.call('count', 'b') == 1  # an error does not end it
    worker.close()


def test_what_cannot_be_built_says_why(threads):
    with pytest.raises(ValueError, match='numbers: .*invalid literal'):
        Worker('numbers', partial(int, 'x'), 1)


def test_every_round_begins_with_another(threads):
    workers = [Worker(name, partial(list, name), 1) for name in 'abc']
    order, updates = [], []

    def job(worker):
        order.append(worker.name)
        return len(order)

    results = take_turns(workers, job, 4, lambda: updates.append(1))
    assert ''.join(order) == 'abcbcacababc'
    assert results == dict(a=[1, 6, 8, 10], b=[2, 4, 9, 11], c=[3, 5, 7, 12])
    assert len(updates) == 12
    for worker in workers:
        worker.close()


def test_ratio_is_taken_round_by_round():
    # The machine is three times as slow in the second round, for both.
    assert ratio([4, 12, 4], [2, 6, 2]) == 2


@pytest.mark.slow
def test_a_process_of_its_own():
    worker = Worker('letters', partial(list, 'abca'), 1)
    assert worker.call('count', 'a') == 2
    assert 0 <= worker.memory() < 100
    worker.close()
    with pytest.raises(RuntimeError, match='its process broke off'):
        Worker('gone', partial(os._exit, 3), 1)
