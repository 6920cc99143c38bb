"""Synthetic faces under paths."""
import mmcv
import numpy as np
import pytest
from mmengine import fileio

from spiga_mmpose.datasets import SyntheticFaceDataset


@pytest.mark.parametrize('options', [
    dict(),
    dict(seed=3, variant='hard', image_size=64),
])
def test_the_path_of_a_face_gives_the_face(options):
    faces = SyntheticFaceDataset(num_faces=9, **options)
    for index in (0, 8):
        info = faces.get_data_info(index)
        image = mmcv.imfrombytes(fileio.get(info['img_path']))
        np.testing.assert_array_equal(image, info['img'])


@pytest.mark.parametrize('path', [
    'synthetic://default/128/0', 'synthetic://none/128/0/000001.png',
    'synthetic://default/128/0/../x.png'
])
def test_other_paths_are_named(path):
    with pytest.raises(FileNotFoundError, match='SEED/INDEX'):
        fileio.get(path)


def test_absurd_size_is_not_drawn():
    with pytest.raises(FileNotFoundError, match='at most 4096 px'):
        fileio.get('synthetic://default/9999999/0/000001.png')


def test_a_image_is_no_text():
    with pytest.raises(ValueError, match='image'):
        fileio.get_text('synthetic://default/128/0/000001.png')
