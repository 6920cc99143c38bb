"""cofw68_to_spiga.py."""
import cv2
import numpy as np
import pytest
from scipy.io import savemat

from .conftest import dataset, image, points_of


class TestCOFW68:

    def images(self):
        rng = np.random.default_rng(0)
        colour = np.zeros((64, 50, 3), np.uint8)
        colour[:, :, 0] = 200  # red: the file is RGB
        return [colour, rng.integers(0, 256, (64, 70), dtype=np.uint8)]

    def write(self, root, **changes):
        for number in (1, 2):
            content = dict(Points=points_of(number),
                           Occ=np.eye(68, dtype=np.uint8)[number:number + 1])
            content.update(changes)
            folder = root / 'COFW68_Data/test_annotations'
            folder.mkdir(parents=True, exist_ok=True)
            savemat(folder / f'{number}_points.mat', content)

    def check(self, root):
        faces = dataset(root, 'test.json')
        assert len(faces) == 2
        face = faces.get_data_info(1)
        assert face['img_path'].endswith('images/01346.jpg')
        assert np.allclose(face['keypoints'][0], points_of(2) - 1)
        assert face['keypoints_visible'].all()
        assert np.flatnonzero(face['keypoints_hidden'][0]).tolist() == [2]
        colour = cv2.imread(str(root / 'images/01345.jpg'))
        assert colour.shape == (64, 50, 3)
        assert np.allclose(colour[30, 30], [0, 0, 200], atol=3)
        grey = cv2.imread(str(root / 'images/01346.jpg'), 0)
        assert abs(grey - self.images()[1].astype(float)).mean() < 2

    def test_old_matlab_file(self, tool, tmp_path):
        cells = np.empty((2, 1), object)
        cells[:, 0] = self.images()
        savemat(tmp_path / 'COFW_test_color.mat', dict(IsT=cells))
        self.write(tmp_path)
        tool('cofw68_to_spiga', tmp_path)
        self.check(tmp_path)

    def test_official_matlab_file(self, tool, tmp_path):
        h5py = pytest.importorskip('h5py')
        path = tmp_path / 'COFW_test_color.mat'
        with h5py.File(path, 'w', userblock_size=512) as file:
            cells = file.create_dataset('IsT', (1, 2), h5py.ref_dtype)
            for index, pixels in enumerate(self.images()):
                cells[0, index] = file.create_dataset(
                    f'#refs#/{index}', data=pixels.T).ref
        with open(path, 'r+b') as file:  # the header that MATLAB writes
            file.write(b'MATLAB 7.3 MAT-file'.ljust(124) + b'\x00\x02IM')
        self.write(tmp_path)
        tool('cofw68_to_spiga', tmp_path)
        self.check(tmp_path)

    def write_images(self, root, images, name='IsT'):
        cells = np.empty((len(images), 1), object)
        cells[:, 0] = images
        savemat(root / 'COFW_test_color.mat', {name: cells})

    def test_bad_images(self, refused, tmp_path):
        assert 'COFW68_Data' in refused('cofw68_to_spiga', tmp_path)
        self.write(tmp_path)
        path = tmp_path / 'COFW_test_color.mat'
        assert 'COFW_test_color.mat is not' in refused('cofw68_to_spiga',
                                                       tmp_path)
        self.write_images(tmp_path, self.images()[:1])
        line = refused('cofw68_to_spiga', tmp_path)
        assert str(path) in line and 'found 1 and 2' in line
        self.write_images(tmp_path, self.images(), 'other')
        assert 'IsT is missing' in refused('cofw68_to_spiga', tmp_path)
        self.write_images(tmp_path, [self.images()[0], np.zeros(3)])
        assert 'image 2: expected uint8' in refused('cofw68_to_spiga',
                                                    tmp_path)
        for content in (path.read_bytes()[:300], b'hello, no mat ' * 50):
            path.write_bytes(content)
            line = refused('cofw68_to_spiga', tmp_path)
            assert f'{path} is no MATLAB file' in line
        assert not (tmp_path / 'images').exists()

    @pytest.mark.parametrize('changes, words', [
        (dict(Points=points_of(0)[:67]), '(68, 2), found (67, 2)'),
        (dict(Points=points_of(0).T), '(68, 2), found (2, 68)'),
        (dict(Points=np.full((68, 2), np.nan)), 'NaN'),
        (dict(Points=np.ones((68, 2))), '0 x 0 px'),
        (dict(Occ=np.zeros(67)), 'Occ of shape (68,), found (67,)'),
    ])
    def test_bad_points(self, refused, tmp_path, changes, words):
        self.write(tmp_path, **changes)
        self.write_images(tmp_path, self.images())
        line = refused('cofw68_to_spiga', tmp_path)
        assert '1_points.mat' in line and words in line
        assert not (tmp_path / 'images').exists()

    def test_points_file_that_is_none(self, refused, tmp_path):
        self.write(tmp_path)
        self.write_images(tmp_path, self.images())
        path = tmp_path / 'COFW68_Data/test_annotations/2_points.mat'
        path.write_bytes(b'xx')
        assert f'{path} is no MATLAB file' in refused('cofw68_to_spiga',
                                                      tmp_path)
        path.rename(path.with_name('3_points.mat'))
        assert f'{path} is not there' in refused('cofw68_to_spiga', tmp_path)

    def test_image_that_cannot_be_written(self, refused, tmp_path,
                                          monkeypatch):
        self.write(tmp_path)
        self.write_images(tmp_path, self.images())
        monkeypatch.setattr(cv2, 'imencode', lambda *args: (False, None))
        line = refused('cofw68_to_spiga', tmp_path)
        assert 'cannot write the image' in line and '01345.jpg' in line

    def test_images_that_are_there_stay(self, refused, tmp_path):
        self.write(tmp_path)
        self.write_images(tmp_path, self.images())
        image(tmp_path / 'images/01346.jpg')
        line = refused('cofw68_to_spiga', tmp_path)
        assert '1 of 2 files' in line and '01346.jpg' in line
