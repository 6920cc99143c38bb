"""Sends damaged files through the doors, in a process that may die.

    python tests/fuzz/child.py FOLDER START STOP

The number that is next stands in ``FOLDER/next``, what failed in
``FOLDER/failures.jsonl``, with its file in ``FOLDER/failed``.
"""
import faulthandler
import json
import os
import os.path as osp
import resource
import sys
import traceback
import warnings

HERE = osp.dirname(osp.abspath(__file__))
TESTS, REPO = osp.dirname(HERE), osp.dirname(osp.dirname(HERE))
sys.path += [
    osp.join(TESTS, 'helpers'), HERE,
    *(osp.join(REPO, 'tools', name) for name in ('', 'dataset_converters'))
]
SECONDS, BYTES = 20, 2 * 1024**3
TOLD = (ValueError, OSError)  # in one line


def check_good(doors: dict, place: str) -> None:
    """Every door takes its files as they are: else it would tell nothing of
    damaged ones."""
    for name, door in doors.items():
        for kind, content in door.files.items():
            path = osp.join(place, f'good{osp.splitext(kind)[1]}')
            with open(path, 'wb') as file:
                file.write(content)
            try:
                door.enter(path)
            except Exception as error:
                raise AssertionError(f'{name}, {kind}: {error}') from error


def main(folder: str, start: int, stop: int) -> None:
    """Try the inputs of these numbers."""
    import numpy as np
    from doors import make_doors
    from mutations import mutate
    warnings.simplefilter('ignore')
    place = osp.join(folder, 'doors')
    os.makedirs(place, exist_ok=True)
    os.makedirs(osp.join(folder, 'failed'), exist_ok=True)
    os.chdir(place)
    doors = make_doors(place)
    names = [name for name, door in doors.items() for _ in range(door.weight)]
    with open('/proc/self/statm') as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + BYTES, -1))
    if not start:
        check_good(doors, place)
    for number in range(start, stop):
        name = names[number % len(names)]
        door = doors[name]
        rng = np.random.default_rng(number)
        kinds = sorted(door.files)
        kind = kinds[rng.integers(0, len(kinds))]
        content = mutate(door.files[kind], rng, door.text)
        path = osp.join(place, f'input{osp.splitext(kind)[1]}')
        with open(path, 'wb') as file:
            file.write(content)
        with open(osp.join(folder, 'next'), 'w') as file:
            file.write(f'{number} {name} {path}')
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        try:
            door.enter(path)
        except TOLD as error:
            bad = len(str(error).replace(place, '').splitlines()) > 1
            bad = bad and traceback.format_exc()
        except BaseException:
            bad = traceback.format_exc()
        else:
            bad = ''
        faulthandler.cancel_dump_traceback_later()
        if bad:
            kept = osp.join(folder, 'failed', f'{number}_{kind}')
            os.replace(path, kept)
            with open(osp.join(folder, 'failures.jsonl'), 'a') as file:
                print(json.dumps([number, name, kept, bad]), file=file)
        elif osp.exists(path):
            os.remove(path)
    with open(osp.join(folder, 'next'), 'w') as file:
        file.write(f'{stop} end')


if __name__ == '__main__':
    main(sys.argv[1], *map(int, sys.argv[2:]))
