"""The options that both benchmarks have, and how they report."""
import importlib.util
import os
import os.path as osp
import platform
import re
from importlib import metadata
from typing import List

import tools_path  # noqa: F401
from command_line import OneLineParser, positive
from tabulate import tabulate

from spiga_mmpose.io import write_json, write_whole


def make_parser(prog: str, doc: str, rounds: int) -> OneLineParser:
    parser = OneLineParser(prog, doc)
    add = parser.add_argument
    add('--out', required=True, metavar='DIR', help='folder for the results')
    add('--rounds', type=positive, default=rounds,
        help='turns of each; times are medians (default: %(default)s)')
    add('--threads', type=positive, default=2,
        help='threads of each (default: %(default)s)')
    return parser


def describe_machine(threads: int) -> str:
    """CPU, threads, versions, and the load: 0 if it was quiet."""
    with open('/proc/cpuinfo') as file:
        facts = file.read()
    cpu = re.search(r'model name\s*: (.+)', facts)
    bf16 = 'with' if re.search('avx512_bf16|amx_bf16', facts) else 'without'
    versions = ', '.join(
        f'{name} {metadata.version(name)}'
        for name in ('torch', 'onnxruntime', 'openvino', 'spiga')
        if importlib.util.find_spec(name))
    return (f'{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} '
            f'cores, threads: {threads}, {bf16} bfloat16; load before the run '
            f'{os.getloadavg()[0]:.1f}; python {platform.python_version()}, '
            f'{versions}.')


def save_report(results: dict, header: List[str], rows: List[list],
                caption: str, folder: str) -> str:
    """Write ``results.json``, and ``table.md``, which is returned.

    Cells are text, None where nothing applies.
    """
    write_json(results, osp.join(folder, 'results.json'))
    table = tabulate(rows, header, 'pipe', disable_numparse=True,
                     missingval='-', colalign=('left', ) * 2, stralign='right')
    text = f'{table}\n\n{caption} {results["machine"]}\n'
    write_whole(osp.join(folder, 'table.md'), text)
    return text
