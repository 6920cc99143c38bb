"""The machine that is measured: what it is, and what a process takes of it."""
import os
import platform
import re
from importlib import metadata

import torch

_PACKAGES = ('torch', 'onnxruntime', 'openvino', 'spiga')


def describe(threads: int) -> dict:
    """Names that a table of times is worth nothing without.

    Args:
        threads (int): Threads that each mode may use.

    Returns:
        dict: ``processor``, ``cores``, ``threads``, ``bfloat16`` (whether the
        processor computes in it), ``load`` (tasks that were running over the
        last minute: above 0 the machine was not quiet) and ``versions``.
    """
    versions = {name: _version(name) for name in _PACKAGES}
    return dict(
        processor=_processor(),
        cores=os.cpu_count(),
        threads=threads,
        bfloat16=bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()),
        load=round(os.getloadavg()[0], 1),
        versions=dict(python=platform.python_version(), **versions))


def caption(machine: dict) -> str:
    """The same as one sentence for below a table."""
    versions = ', '.join(f'{name} {version}'
                         for name, version in machine['versions'].items())
    bfloat16 = 'with' if machine['bfloat16'] else 'without'
    return (f'{machine["processor"]}, {machine["cores"]} cores, '
            f'{machine["threads"]} threads, {bfloat16} bfloat16; load before '
            f'the run {machine["load"]}; {versions}.')


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return 'not installed'


def _processor() -> str:
    try:
        with open('/proc/cpuinfo') as file:
            found = re.search(r'model name\s*:\s*(.+)', file.read())
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or 'unknown'


def peak_memory() -> float:
    """Most memory that this process has had so far, MB.

    Not ``getrusage``: that starts with what the parent process had.

    Raises:
        ValueError: If the system does not tell (it is not Linux).
    """
    try:
        with open('/proc/self/status') as file:
            found = re.search(r'VmHWM:\s*(\d+) kB', file.read())
    except OSError:
        found = None
    if found is None:
        raise ValueError('memory is measured by /proc/self/status, which '
                         'this system does not have: expected Linux')
    return int(found[1]) * 1024 / 1e6
