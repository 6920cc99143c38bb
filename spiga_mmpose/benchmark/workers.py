"""Things to measure, each in a process of its own, that take turns.

A process of its own has a memory of its own to measure, and the threads of
one program do not disturb those of another. Only one works at a time; turns
follow each other closely, so that whatever else the machine does meets all
of them alike.
"""
import multiprocessing
import signal
import time
from statistics import median
from typing import Any, Callable, Dict, List, Sequence

import cv2
import torch
from mmengine.logging import MMLogger

from .machine import peak_memory

# A turn lasts at least so many seconds: short calls are repeated.
_TURN = 0.3
# What says that a thing cannot be built, or a call not be answered.
_EXPECTED = (ImportError, OSError, ValueError)


class Worker:
    """An object in another process.

    Args:
        name (str): For messages.
        build (Callable): Makes the object; it travels by pickle.
        threads (int): Of torch and OpenCV in that process.

    Raises:
        ValueError: If the object cannot be built: why.
        RuntimeError: If the process breaks off.
    """

    def __init__(self, name: str, build: Callable[[], Any],
                 threads: int) -> None:
        self.name = name
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = start(serve, (theirs, build, threads))
        self._receive()

    def call(self, method: str, *args) -> Any:
        """What a method of the object returns.

        Raises:
            ValueError: If the method says so, or ``OSError`` or
                ``ImportError``.
            RuntimeError: If the process breaks off.
        """
        return self._ask('call', method, args)

    def time(self, method: str, *args) -> float:
        """Seconds of a call: the median of those of a turn.

        Args and errors are those of :meth:`call`.
        """
        return self._ask('time', method, args)

    def memory(self) -> float:
        """Most memory so far beyond that of the imports, MB."""
        return self._ask('memory', '', ())

    def close(self) -> None:
        """End the process."""
        try:
            self._pipe.send(None)
            self._pipe.close()
        except OSError:  # it has ended by itself
            pass
        self._process.join()

    def _ask(self, *request) -> Any:
        self._pipe.send(request)
        return self._receive()

    def _receive(self) -> Any:
        try:
            error, value = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise RuntimeError(
                f'{self.name}: its process broke off; what it wrote is '
                'above. Without a word, the memory may have been too small: '
                'measure fewer modes or smaller batches') from None
        if error:
            raise ValueError(f'{self.name}: {error}')
        return value


def start(target: Callable, args: tuple):
    """Run a function in a new process, which knows nothing of this one."""
    context = multiprocessing.get_context('spawn')
    process = context.Process(target=target, args=args, daemon=True)
    process.start()
    args[0].close()  # else nobody would notice that the process ended
    return process


def serve(pipe, build: Callable[[], Any], threads: int) -> None:
    """What the process of a :class:`Worker` does until it is told to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    # It would name the checkpoint in every process.
    MMLogger.get_current_instance().setLevel('WARNING')
    imports = peak_memory()
    try:
        subject = build()
    except _EXPECTED as error:
        pipe.send((_line(error), None))
        return
    pipe.send((None, None))
    while True:
        try:
            request = pipe.recv()
        except EOFError:
            return
        if request is None:
            return
        kind, method, args = request
        try:
            if kind == 'memory':
                value = peak_memory() - imports
            elif kind == 'time':
                value = _time(getattr(subject, method), args)
            else:
                value = getattr(subject, method)(*args)
        except _EXPECTED as error:
            pipe.send((_line(error), None))
        else:
            pipe.send((None, value))


def _time(function: Callable, args: tuple) -> float:
    seconds = []
    while not seconds or sum(seconds) < _TURN:
        before = time.perf_counter()
        function(*args)
        seconds.append(time.perf_counter() - before)
    return median(seconds)


def _line(error: Exception) -> str:
    return ' '.join(str(error).split()) or type(error).__name__


def take_turns(workers: Sequence[Worker], job: Callable[[Worker], Any],
               rounds: int, update: Callable[[], Any]) -> Dict[str, List[Any]]:
    """Do a job with every worker, round by round.

    Each round begins with another worker, so that none always follows the
    same one.

    Args:
        workers (Sequence[Worker]): Who takes part.
        job (Callable): From a worker to a result.
        rounds (int): Results of each.
        update (Callable): Called after every job, for a progress bar.

    Returns:
        dict[str, list]: Results by the worker's name, in the order of rounds.
    """
    results = {worker.name: [] for worker in workers}
    for place in range(rounds):
        shift = place % max(len(workers), 1)
        for worker in [*workers[shift:], *workers[:shift]]:
            results[worker.name].append(job(worker))
            update()
    return results


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """How many times less one takes than the other: median over rounds."""
    return median(a / b for a, b in zip(slow, fast))
