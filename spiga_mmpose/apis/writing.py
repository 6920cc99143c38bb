"""Results into files of one folder, in one or several formats."""
import json
import os
import os.path as osp
import re
from typing import List, Optional, Sequence

import numpy as np

from spiga_mmpose.io import write_image, write_whole
from .download import is_url, url_file
from .folders import make_folder
from .formats import to_benchmark, to_coco, to_csv, to_mmpose, to_pts

# Of an image NAME.json, NAME_mmpose.json, NAME_1.pts, ...; of all images the
# files below.
FORMATS = ('json', 'mmpose', 'coco', 'pts', 'csv', 'benchmark')
_OF_ALL = {
    'coco': 'faces_coco.json',
    'csv': 'faces.csv',
    'benchmark': 'faces_benchmark.json'
}


def write_jpeg(folder: str, name: str, image: np.ndarray) -> None:
    """Write an image as JPEG.

    Args:
        folder (str): Where to; made if it is missing.
        name (str): Name of the file.
        image (np.ndarray): (H, W, 3) RGB, uint8.

    Raises:
        ValueError: If it is too large for the format.
        OSError: If it cannot be written.
    """
    os.makedirs(folder, exist_ok=True)
    write_image(osp.join(folder, name), image)


class ResultWriter:
    """Writes the records of images (:mod:`.formats`) as they come.

    A context manager: files of all images are written at its end, also after
    an error, with what there is until then.

    Args:
        folder (str): Where to, and nowhere else; made if it is missing.
        formats (list[str]): Out of ``FORMATS``.
        inputs (list[str]): Files that are read: where they are in the folder
            they are not written over.

    Raises:
        ValueError: If there is no such format.
        ValueError: If the folder cannot be made or written into.
    """

    def __init__(self,
                 folder: str,
                 formats: Sequence[str],
                 inputs: Sequence[str] = ()) -> None:
        unknown = sorted(set(formats) - set(FORMATS))
        if unknown or not formats:
            raise ValueError(f'expected formats out of {", ".join(FORMATS)}, '
                             f'found {", ".join(unknown) or "none"}')
        make_folder(folder)
        self.folder = folder
        self.formats = formats
        # No image may take the name of a file of all.
        self._names = {osp.splitext(name)[0] for name in _OF_ALL.values()}
        self._records: List[dict] = []
        # Stems of what must stay: results of NAME are NAME_faces and alike.
        self._kept = [
            osp.splitext(osp.basename(path))[0] for path in inputs
            if osp.dirname(osp.realpath(path)) == osp.realpath(folder)
        ]

    def name_of(self, image: str, frame: Optional[int] = None) -> str:
        """A name for the files of an image: its own, numbered when taken.

        Args:
            image (str): Its path, URL or other name.
            frame (int, optional): Its number in its video.

        Returns:
            str: Without folder and ending.
        """
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
        """Write, or keep for the end, the record of an image.

        Args:
            name (str): Of :meth:`name_of`.
            record (dict): See :mod:`.formats`.
        """
        if 'json' in self.formats:
            self._write(f'{name}.json', _to_json(record))
        if 'mmpose' in self.formats:
            self._write(f'{name}_mmpose.json', _to_json(to_mmpose(record)))
        if 'pts' in self.formats:
            for number, face in enumerate(record['faces'], 1):
                self._write(f'{name}_{number}.pts', to_pts(face))
        if set(self.formats) & set(_OF_ALL):
            self._records.append(record)

    def __enter__(self) -> 'ResultWriter':
        return self

    def __exit__(self, *_) -> None:
        functions = dict(
            coco=lambda records: _to_json(to_coco(records)),
            csv=to_csv,
            benchmark=lambda records: _to_json(to_benchmark(records)))
        if not self._records:  # of videos, which have files of their own
            return
        for kind, file in _OF_ALL.items():
            if kind in self.formats:
                self._write(file, functions[kind](self._records))

    def _write(self, name: str, text: str) -> None:
        write_whole(osp.join(self.folder, name), text)


def _to_json(content) -> str:
    return json.dumps(content, indent=1, allow_nan=False)
