"""Functions to measure, each in a process of its own, that take turns.

A process of its own has a memory of its own to measure. Only one works at a
time, in short turns, so that a shared machine disturbs all alike.
"""
import multiprocessing
import resource
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from statistics import median
from typing import Callable, Dict, Sequence

import cv2
import torch
from mmengine.logging import MMLogger
from tqdm import trange

# Every process starts as a copy of one that has imported these.
_CONTEXT = multiprocessing.get_context('forkserver')
_CONTEXT.set_forkserver_preload(
    ['spiga_mmpose.apis', 'spiga_mmpose.deployment'])
_TURN = 0.3  # seconds that a turn lasts at least: short calls are repeated
# In a worker's process: its function, and its peak memory before that.
_own = {}


class Worker(ProcessPoolExecutor):
    """A function in a process of its own; its errors are raised here, a
    ``RuntimeError`` if the process is killed."""

    def __init__(self, name: str, build: Callable, threads: int) -> None:
        # Ctrl-C is for the parent, which ends this one.
        super().__init__(1, _CONTEXT, signal.signal,
                         (signal.SIGINT, signal.SIG_IGN))
        self.name = name
        self._run(_build, build, threads)

    def turn(self, *args) -> tuple:
        """Call the function: its value, its median seconds, and the peak
        memory so far beyond that of the imports, MB."""
        return self._run(_turn, *args)

    def _run(self, function: Callable, *args):
        try:
            return self.submit(function, *args).result()
        except BrokenProcessPool:
            raise RuntimeError(
                f'{self.name}: its process was killed, perhaps for lack of '
                'memory: measure fewer things or smaller batches') from None


def _build(build: Callable, threads: int) -> None:
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    # OpenVINO reports its use in a process: that need not import all this.
    multiprocessing.set_start_method('fork', force=True)
    MMLogger.get_current_instance().setLevel('WARNING')
    _own.update(imports=_peak(), function=build())


def _turn(*args) -> tuple:
    seconds = []
    while sum(seconds) < _TURN:
        start = time.perf_counter()
        value = _own['function'](*args)
        seconds.append(time.perf_counter() - start)
    return value, median(seconds), _peak() - _own['imports']


def _peak() -> float:
    """Peak memory of this process, MB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def interleave(workers: Sequence[Worker], rounds: int,
               *args) -> Dict[str, dict]:
    """Call every worker in every round, after a round to warm up; each begins
    with another worker, so that none always follows the same one."""
    seconds, memory = {worker.name: [] for worker in workers}, {}
    for i in trange(rounds + 1, unit='round', disable=None):
        shift = i % len(workers)
        for worker in [*workers[shift:], *workers[:shift]]:
            _, taken, memory[worker.name] = worker.turn(*args)
            seconds[worker.name].append(taken)
    times = {name: taken[1:] for name, taken in seconds.items()}
    first = times[workers[0].name]
    return {name: dict(rounds=taken, seconds=median(taken),
                       speed_up=median(a / b for a, b in zip(first, taken)),
                       memory=memory[name]) for name, taken in times.items()}
