"""What a user points at: files, folders, globs and boxes."""
import glob
import os.path as osp
from typing import List, Sequence

import numpy as np

# A folder is searched for these; a file that is named is taken as it is.
IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.ppm', '.tif', '.tiff',
                  '.webp')


def list_images(inputs: Sequence[str]) -> List[str]:
    """Paths of the images that files, folders and globs stand for.

    Args:
        inputs (list[str]): Each a file, a folder (its images by name, not
            those of its subfolders) or a glob pattern.

    Returns:
        list[str]: Paths in the order given, each once. A file that does not
        exist and is no pattern is in the list too: whoever reads it says so.

    Raises:
        ValueError: If a folder holds no image or a pattern matches nothing.
    """
    paths = []
    for given in inputs:
        if osp.isdir(given):
            found = sorted(
                path for path in glob.glob(osp.join(glob.escape(given), '*'))
                if path.lower().endswith(IMAGE_SUFFIXES))
            if not found:
                raise ValueError(
                    f'no image in the folder {given}: expected files that end '
                    f'in one of {", ".join(IMAGE_SUFFIXES)}')
        elif not osp.exists(given) and glob.has_magic(given):
            found = sorted(filter(osp.isfile, glob.glob(given)))
            if not found:
                raise ValueError(f'no file matches {given!r}')
        else:
            found = [given]
        paths += found
    return list(dict.fromkeys(paths))


def parse_box(text: str) -> np.ndarray:
    """Box from ``'x,y,w,h'``.

    Args:
        text (str): Left, top, width and height in image px.

    Returns:
        np.ndarray: (4,) x1, y1, x2, y2, float32.

    Raises:
        ValueError: If it is not four finite numbers with positive width and
            height.
    """
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
    """Raise ``ValueError`` for a box that does not touch the image.

    Args:
        box (np.ndarray): (4,) x1, y1, x2, y2, image px.
        width (int): Width of the image, px.
        height (int): Height of the image, px.
    """
    x1, y1, x2, y2 = box
    if not (x1 < width and y1 < height and x2 > 0 and y2 > 0):
        raise ValueError(
            f'the box x {x1:g} to {x2:g}, y {y1:g} to {y2:g} lies outside '
            f'the image of {width} x {height} pixels')
