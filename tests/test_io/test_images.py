"""Images out of files and into files; bad ones: the tests of the loader."""
import os

import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from PIL import Image, ImageOps

from spiga_mmpose.io import ImageError, read_image, write_image

RGB = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def test_what_is_written_is_read(tmp_path):
    path = str(tmp_path / 'a.png')
    write_image(path, RGB)
    np.testing.assert_array_equal(read_image(path), RGB[..., ::-1])
    np.testing.assert_array_equal(Image.open(path), RGB)
    write_image(path, RGB[..., 0])
    np.testing.assert_array_equal(Image.open(path), RGB[..., 0])
    assert os.listdir(tmp_path) == ['a.png']


def test_bytes_from_elsewhere(tmp_path):
    write_image(str(tmp_path / 'a.png'), RGB)
    names = []

    def get(name):
        names.append(name)
        return (tmp_path / 'a.png').read_bytes()

    assert read_image('somewhere', get=get).shape == RGB.shape
    assert names == ['somewhere']


@pytest.mark.parametrize('name, side', [('a.xyz', 9), ('a', 9),
                                        ('a.jpg', 70_000)])
def test_no_such_image(tmp_path, name, side):
    with pytest.raises(ImageError, match=f'{name}.*found 1 x {side} pixels'):
        write_image(str(tmp_path / name), np.zeros((side, 1, 3), np.uint8))
    assert not os.listdir(tmp_path)


def test_no_such_folder(tmp_path):
    with pytest.raises(OSError, match='nowhere/a.png: No such file'):
        write_image(str(tmp_path / 'nowhere' / 'a.png'), RGB)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('kind', ['jpg', 'png', 'tiff', 'webp'])
def test_exif_orientation(tmp_path, kind, orientation):
    """Upright in every format, also through a loader of MMCV."""
    image = np.zeros((48, 80, 3), np.uint8)
    image[:, :40, 0] = image[:24, :, 1] = 250
    exif, path = Image.Exif(), str(tmp_path / f'a.{kind}')
    exif[0x0112] = orientation
    Image.fromarray(image).save(path, exif=exif, quality=95)
    expected = np.asarray(
        ImageOps.exif_transpose(Image.open(path)).convert('RGB'))
    loader = LoadImageFromFile(backend_args=dict(backend='face_image'))
    for found in read_image(path), loader(dict(img_path=path))['img']:
        assert found.shape == ((48, 80, 3) if orientation < 5 else
                               (80, 48, 3))
        assert np.abs(found[..., ::-1] - expected.astype(int)).mean() < 3
