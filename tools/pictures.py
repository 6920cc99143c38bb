"""Pictures that tools write."""
import argparse

import cv2
import numpy as np


def picture_file(text: str) -> str:
    """Name of a picture, for ``type`` of an argument."""
    if not text.lower().endswith(('.jpg', '.jpeg', '.png')):
        raise argparse.ArgumentTypeError(
            f'expected a name like sheet.jpg or sheet.png, found {text!r}')
    return text


def write_picture(path: str, picture: np.ndarray) -> None:
    """Write (H, W, 3) RGB, uint8.

    Raises:
        ValueError: If the folder does not exist, may not be written to, or
            the format has no place for so large a picture.
    """
    try:
        written = cv2.imwrite(path, picture[..., ::-1])
    except cv2.error:
        written = False
    if not written:
        height, width = picture.shape[:2]
        raise ValueError(
            f'cannot write the picture {path}: expected a folder that exists '
            f'and a picture that fits the format, found {width} x {height} px')
