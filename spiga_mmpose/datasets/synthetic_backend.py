"""Synthetic faces under paths, for tools that read images from files."""
import re
from typing import TYPE_CHECKING

import cv2
import numpy as np
from mmengine.fileio import BaseStorageBackend

from .synthetic import VARIANTS

if TYPE_CHECKING:
    from .synthetic.renderer import SyntheticFace

# Paths come from result files, too: an absurd size must not be drawn.
_MAX_SIZE = 4096
_PATH = re.compile(r'synthetic://(\w+)/(\d+)/(\d+)/(\d+)\.png')


def numbered_face(variant: str, size: int, seed: int,
                  index: int) -> 'SyntheticFace':
    """The face of a seed and an index, always the same.

    Args:
        variant (str): One of ``VARIANTS``.
        size (int): Side of the canvas, px.
        seed (int): Faces of different seeds are different faces.
        index (int): Number of the face.

    Returns:
        SyntheticFace: Image and labels.
    """
    from .synthetic.renderer import draw_face
    rng = np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, index])))
    return draw_face(rng, size, variant)


def face_path(variant: str, size: int, seed: int, index: int) -> str:
    """Path of a face for :func:`mmengine.fileio.get`."""
    return f'synthetic://{variant}/{size}/{seed}/{index:06d}.png'


class SyntheticFaceBackend(BaseStorageBackend):
    """Draws the face that a path names, instead of reading it.

    So visualisation hooks and loaders of MMPose, which read ``img_path``,
    work on synthetic faces, too.
    """

    def get(self, filepath: str) -> bytes:
        """Draw a face.

        Args:
            filepath (str): As :func:`face_path` makes it.

        Returns:
            bytes: A PNG file.

        Raises:
            FileNotFoundError: If it is no such path.
        """
        match = _PATH.fullmatch(str(filepath))
        if match is None or match[1] not in VARIANTS:
            raise FileNotFoundError(
                f'{filepath}: no synthetic face; expected '
                'synthetic://VARIANT/SIZE/SEED/INDEX.png, VARIANT one of '
                f'{list(VARIANTS)}')
        size, seed, index = map(int, match.groups()[1:])
        if size > _MAX_SIZE:
            raise FileNotFoundError(f'{filepath}: a face of {size} px; at '
                                    f'most {_MAX_SIZE} px are drawn')
        image = numbered_face(match[1], size, seed, index).image
        return cv2.imencode('.png', image)[1].tobytes()

    def get_text(self, filepath: str, encoding: str = 'utf-8') -> str:
        """An image is no text.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f'{filepath} is an image')
