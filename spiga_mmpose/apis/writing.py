"""Results into files of one folder, in one or several formats."""
import json
import os
import os.path as osp
import re
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from spiga_mmpose.io import GrowingFile, write_image, write_whole
from .download import is_url, url_file
from .formats import to_benchmark, to_coco, to_csv, to_mmpose, to_pts

# Of an image NAME.json, NAME_mmpose.json, NAME_1.pts, ...; of all images the
# files below.
FORMATS = ('json', 'mmpose', 'coco', 'pts', 'csv', 'benchmark')


def make_folder(path: str) -> None:
    """Make a folder unless it is there, and see that it can be written into;
    else a ``ValueError`` says what to do."""
    try:
        os.makedirs(path, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ValueError(f'cannot write results into {path}: expected a '
                         'folder, found a file there or above it; name '
                         'another folder') from None
    except OSError as error:
        raise ValueError(f'cannot make the folder {path} for the results: '
                         f'{error.strerror}; name another folder') from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ValueError(f'cannot write into the folder {path}: no '
                         'permission; name another folder')


def write_jpeg(folder: str, name: str, image: np.ndarray) -> None:
    """Write an image (H, W, 3) RGB, uint8, as JPEG into a folder, which is
    made; errors are those of :func:`spiga_mmpose.io.write_image`."""
    os.makedirs(folder, exist_ok=True)
    write_image(osp.join(folder, name), image)


class ResultWriter:
    """Writes the records of images (:mod:`.formats`) as they come.

    Files of all images are whole after each, so that a kill loses none that
    was done. A context manager, which closes them.

    ``folder``, where everything goes, is made if it is missing; ``formats``
    are out of ``FORMATS``, another is a ``ValueError``; ``inputs`` are files
    that are read: where they are in the folder they are not written over.
    """

    def __init__(self, folder: str, formats: Sequence[str],
                 inputs: Sequence[str] = ()) -> None:
        unknown = sorted(set(formats) - set(FORMATS))
        if unknown or not formats:
            raise ValueError(f'expected formats out of {", ".join(FORMATS)}, '
                             f'found {", ".join(unknown) or "none"}')
        make_folder(folder)
        self.folder = folder
        self.formats = formats
        # No image may take the name of a file of all.
        self._names = {osp.splitext(name)[0] for name, _ in _OF_ALL.values()}
        self._of_all: Dict[str, Any] = {}
        # Stems of what must stay: results of NAME are NAME_faces and alike.
        self._kept = [
            osp.splitext(osp.basename(path))[0] for path in inputs
            if osp.dirname(osp.realpath(path)) == osp.realpath(folder)
        ]

    def name_of(self, image: str, frame: Optional[int] = None) -> str:
        """A name for the files of an image (a path, URL or other name),
        without folder and ending: its own, with the number of the frame in its
        video, and numbered when taken."""
        file = url_file(image) if is_url(image) else osp.basename(image)
        stem = re.sub(r'[\x00-\x1f<>:"|?*\\]', '_', osp.splitext(file)[0])
        stem = stem or 'image'
        if frame is not None:
            stem = f'{stem}_{frame:06d}'
        name, count = stem, 1
        while self._names & {name, f'{name}_mmpose'} or any(
                kept.startswith(f'{name}_') for kept in self._kept):
            count += 1
            name = f'{stem}_{count}'
        self._names |= {name, f'{name}_mmpose'}
        return name

    def add(self, name: str, record: dict) -> None:
        """Write the record of an image, whose files begin with ``name``; one
        that cannot be written is an ``OSError`` that names it."""
        if 'json' in self.formats:
            self._write(f'{name}.json', _to_json(record))
        if 'mmpose' in self.formats:
            self._write(f'{name}_mmpose.json', _to_json(to_mmpose(record)))
        if 'pts' in self.formats:
            for number, face in enumerate(record['faces'], 1):
                self._write(f'{name}_{number}.pts', to_pts(face))
        for kind, (file, make) in _OF_ALL.items():
            if kind in self.formats:
                if kind not in self._of_all:
                    self._of_all[kind] = make(osp.join(self.folder, file))
                self._of_all[kind].add(record)

    def __enter__(self) -> 'ResultWriter':
        return self

    def __exit__(self, *_) -> None:
        for file in self._of_all.values():
            file.close()

    def _write(self, name: str, text: str) -> None:
        write_whole(osp.join(self.folder, name), text)


def _to_json(content) -> str:
    return json.dumps(content, indent=1, allow_nan=False)


class CsvFile:
    """A growing file of :func:`to_csv`."""

    def __init__(self, path: str) -> None:
        self._file = GrowingFile(path, to_csv([]))
        self._headed = False
        self.close = self._file.close

    def add(self, record: dict) -> None:
        """Add the faces of an image."""
        if not record['faces']:
            return
        heading, rows = to_csv([record]).split('\n', 1)
        # The number of columns is known with the first face.
        self._file.add(rows if self._headed else f'{heading}\n{rows}')
        self._headed = True


class _BenchmarkFile:
    """A growing file of :func:`to_benchmark`."""
    head, tail = '[', ']'

    def __init__(self, path: str) -> None:
        self._file = GrowingFile(path, self.head + self.tail)
        self._file.add(self.head, self.tail)
        self._count = 0
        self.close = self._file.close

    def add(self, record: dict) -> None:
        """Add the faces of an image."""
        self._add(to_benchmark([record]), self.tail)

    def _add(self, items: List[dict], tail: str) -> None:
        text = ',\n'.join(map(_line, items))
        between = ',\n' if items and self._count else ''
        self._file.add(between + text, tail)
        self._count += len(items)


class _CocoFile(_BenchmarkFile):
    """A growing file of :func:`to_coco`, the images behind the faces."""
    head, tail = '{"annotations": [', '], "images": [], "categories": []}'

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._images: List[str] = []
        self._categories = ''

    def add(self, record: dict) -> None:
        """Add an image and its faces."""
        coco, number = to_coco([record]), len(self._images) + 1
        images = self._images + [_line(dict(coco['images'][0], id=number))]
        # The number of landmarks is known with the first face.
        categories = self._categories
        if not self._count:
            categories = _line(coco['categories'])
        self._add([
            dict(face, id=self._count + face['id'], image_id=number)
            for face in coco['annotations']
        ], '],\n"images": [' + ',\n'.join(images) +
                  f'],\n"categories": {categories}}}')
        self._images, self._categories = images, categories


def _line(content) -> str:
    return json.dumps(content, allow_nan=False)


# Files of all images: their names and kinds.
_OF_ALL = {'coco': ('faces_coco.json', _CocoFile),
           'csv': ('faces.csv', CsvFile),
           'benchmark': ('faces_benchmark.json', _BenchmarkFile)}
