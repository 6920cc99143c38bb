"""Where a training is resumed from."""
import logging
import os
import os.path as osp
import re
import zipfile
from typing import Optional

from mmengine.logging import print_log

from .checkpoint import check_sums

LAST = 'last_checkpoint'  # names the last one, as in MMEngine


def find_latest_checkpoint(folder: str) -> Optional[str]:
    """The newest whole checkpoint of a work folder.

    That is the one of the highest epoch or iteration; in a folder where an
    earlier run has come further, none older than the one that the file
    ``last_checkpoint`` names. An absolute path in that file is not followed:
    the folder may have been moved or copied.

    Returns:
        str | None: Path of ``epoch_*.pth`` or ``iter_*.pth`` in it; None if
        there is no whole one. What is not whole is named in the log.
    """
    if not osp.isdir(folder):
        return None
    steps = {
        osp.join(folder, name): int(found[1])
        for name in os.listdir(folder)
        if (found := re.fullmatch(r'(?:epoch|iter)_(\d+)\.pth', name))
    }
    named = _named(folder)
    for path in sorted(steps, key=steps.get, reverse=True):
        if named in steps and osp.getmtime(path) < osp.getmtime(
                named) and steps[path] > steps[named]:
            continue  # of an earlier run
        if _is_whole(path):
            return path
        print_log(f'{path}: not a whole checkpoint, left out', 'current',
                  logging.WARNING)
    return named if '://' in named or _is_whole(named) else None


def _is_whole(path: str) -> bool:
    """Return whether a file is of torch and its checksums are right."""
    try:
        check_sums(path)
    except Exception:  # what a broken zip raises is anything
        return False
    return zipfile.is_zipfile(path)


def _named(folder: str) -> str:
    """What ``last_checkpoint`` names, or ''."""
    try:
        with open(osp.join(folder, LAST), encoding='utf-8') as file:
            name = file.read().strip()
    except (OSError, ValueError):
        return ''
    if osp.isabs(name):  # of MMEngine's hook
        name = osp.basename(name)
    return name if not name or '://' in name else osp.join(folder, name)
