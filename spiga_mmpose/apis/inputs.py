"""Parse user inputs: files, folders, globs, cameras, boxes."""
import glob
import os
import os.path as osp
from collections import Counter
from typing import Any, List, Sequence, Tuple

import numpy as np

from .download import is_url

# Longer side of a face box, in longer sides of the image. Beyond it no face
# is to be seen, and soon the numbers overflow.
_MAX_BOX = 100
# A folder is searched for these; a file that is named is taken as it is.
IMAGE_SUFFIXES = ('.bmp', '.dib', '.jfif', '.jpe', '.jpeg', '.jpg', '.mpo',
                  '.pbm', '.pgm', '.png', '.pnm', '.ppm', '.tif', '.tiff',
                  '.webp')
# Ours, for the table of MIME types is that of the machine.
VIDEO_SUFFIXES = ('.3g2', '.3gp', '.asf', '.avi', '.divx', '.f4v', '.flv',
                  '.m1v', '.m2ts', '.m2v', '.m4v', '.mjpeg', '.mjpg', '.mkv',
                  '.mov', '.mp4', '.mpe', '.mpeg', '.mpg', '.mts', '.mxf',
                  '.ogv', '.qt', '.ts', '.vob', '.webm', '.wmv')
CAMERA = 'webcam'  # as MMPose names it: 'webcam' or 'webcam:1'


def is_camera(source: Any) -> bool:
    """Return whether a source is a camera, whose frames do not wait."""
    if isinstance(source, str):
        name, _, number = source.partition(':')
        return name == CAMERA and (not number or number.isdecimal())
    return isinstance(source, int)


def is_video(source: Any) -> bool:
    """Return whether a source is a video file (by its ending) or a camera."""
    if not isinstance(source, (str, os.PathLike)):
        return is_camera(source)
    path = os.fsdecode(source)
    return is_camera(source) or (path.lower().endswith(VIDEO_SUFFIXES)
                                 and not is_url(path))


def as_text(path: str) -> str:
    """A path with what is no UTF-8 in it escaped, for files and terminals."""
    return path.encode('utf-8', 'backslashreplace').decode()


def list_images(inputs: Sequence[str]) -> List[str]:
    """Paths of the images that files, folders and globs stand for, in the
    order given, each once.

    A folder stands for its images by name, not those of its subfolders; see
    :func:`left_out`. A URL, or a file that does not exist, is in the list too:
    whoever reads it says so. A folder without an image, or a pattern that
    matches nothing, is a ``ValueError``.
    """
    paths = []
    for given in inputs:
        if osp.isdir(given):
            found = [path for path in _files_of(given)
                     if path.lower().endswith(IMAGE_SUFFIXES)]
            if not found:
                raise ValueError('; '.join([
                    f'no image in the folder {given}: expected files that end '
                    f'in one of {", ".join(IMAGE_SUFFIXES)}',
                    *left_out([given])
                ]))
        elif (glob.has_magic(given) and not osp.exists(given)
              and not is_url(given)):
            found = sorted(filter(osp.isfile, glob.glob(given)))
            if not found:
                raise ValueError(f'no file matches {given!r}')
        else:
            found = [given]
        paths += found
    return list(dict.fromkeys(paths))


def left_out(inputs: Sequence[str]) -> List[str]:
    """What :func:`list_images` leaves out: of each folder a sentence for its
    videos, with how to name them, and one for its other files; both count."""
    sentences = []
    for folder in dict.fromkeys(filter(osp.isdir, inputs)):
        others = [path for path in _files_of(folder)
                  if not path.lower().endswith(IMAGE_SUFFIXES)]
        videos = list(filter(is_video, others))
        patterns = ' '.join(
            f"'{osp.join(folder, '*' + ending)}'"
            for ending in sorted(Counter(map(_ending, videos))))
        others = [path for path in others if path not in videos]
        if videos:
            sentences.append(
                f'left out: {counted(len(videos), "video")} in the folder '
                f'{folder}, which stands for its images; for videos name '
                f'{patterns}')
        if others:
            counts = Counter(map(_ending, others)).most_common()
            endings = ', '.join(f'{number} {ending or "without an ending"}'
                                for ending, number in counts[:8])
            endings += ', ...' if len(counts) > 8 else ''
            sentences.append(
                f'left out: {counted(len(others), "other file")} in the '
                f'folder {folder}: {endings}')
    return list(map(as_text, sentences))


def _ending(path: str) -> str:
    return osp.splitext(path)[1]


def counted(number: int, thing: str) -> str:
    """``'1 face'``, ``'2 faces'``, ``'2 boxes'``."""
    plural = 'es' if thing.endswith('x') else 's'
    return f'{number} {thing}{"" if number == 1 else plural}'


def _files_of(folder: str) -> List[str]:
    """Paths of the files of a folder, by name."""
    return sorted(
        filter(osp.isfile, glob.glob(osp.join(glob.escape(folder), '*'))))


def parse_box(text: str) -> np.ndarray:
    """Box (4,) x1, y1, x2, y2, float32, from ``'x,y,w,h'`` in image px;
    ``ValueError`` unless these are finite, and width and height positive."""
    try:
        x, y, width, height = map(float, text.split(','))
    except ValueError:
        raise ValueError(f'box {text!r}: expected four numbers x,y,w,h '
                         'in pixels') from None
    if not np.isfinite([x, y, width, height]).all():
        raise ValueError(f'box {text!r}: expected finite numbers')
    if width <= 0 or height <= 0:
        raise ValueError(f'box {text!r}: expected a positive width and '
                         f'height, found {width:g} x {height:g}')
    return np.array([x, y, x + width, y + height], np.float32)


def check_box(box: np.ndarray, width: int, height: int) -> None:
    """Raise ``ValueError`` for a box (x1, y1, x2, y2) in which no face can be:
    it must touch the image of ``width`` and ``height``, all in px, and not be
    out of all proportion to it."""
    x1, y1, x2, y2 = box
    if not (x1 < width and y1 < height and x2 > 0 and y2 > 0):
        raise ValueError(
            f'the box x {x1:g} to {x2:g}, y {y1:g} to {y2:g} lies outside '
            f'the image of {width} x {height} pixels')
    if not (x1 < x2 and y1 < y2):
        raise ValueError(f'the box x {x1:g} to {x2:g}, y {y1:g} to {y2:g} '
                         'has no area: expected x1 < x2 and y1 < y2')
    longer, most = max(x2 - x1, y2 - y1), _MAX_BOX * max(width, height)
    if longer > most:
        raise ValueError(
            f'a box with a side of {longer:g} pixels is too large for the '
            f'image of {width} x {height} pixels: expected at most {most}')


def valid_boxes(boxes: np.ndarray, width: int,
                height: int) -> Tuple[np.ndarray, List[str]]:
    """Which boxes (N, 4) pass :func:`check_box`, (N,) bool, and a sentence for
    each that does not."""
    valid, faults = np.ones(len(boxes), bool), []
    for i, box in enumerate(boxes):
        try:
            check_box(box, width, height)
        except ValueError as error:
            valid[i] = False
            faults.append(str(error))
    return valid, faults
