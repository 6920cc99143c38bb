"""Converters: tiny data sets in each official format, made on the fly."""
import json
import os.path as osp
import runpy
import sys

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from spiga_mmpose.datasets.spiga_json_dataset import SPIGAJsonDataset


@pytest.fixture
def tool(repo, monkeypatch):
    """Runner of a tool by its name and command line."""
    folder = osp.join(repo, 'tools', 'dataset_converters')
    monkeypatch.syspath_prepend(folder)

    def run(name, *args):
        path = osp.join(folder, f'{name}.py')
        monkeypatch.setattr(sys, 'argv', [path, *map(str, args)])
        return runpy.run_path(path, run_name='__main__')

    return run


def points_of(seed, count=68):
    return np.random.default_rng(seed).uniform(5, 60, (count, 2)).round(3)


def picture(path, shape=(64, 64, 3), value=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full(shape, value, np.uint8))


def pts(path, points, **kwargs):
    """A .pts file and the picture beside it."""
    picture(path.with_suffix(kwargs.get('ending', '.png')))
    rows = '\n'.join(f'{x} {y}' for x, y in points)
    path.write_text(f'version: 1\nn_points:  {len(points)}\n{{\n{rows}\n}}\n')


def read(root, name):
    with open(root / 'annotations' / name) as file:
        return json.load(file)


def dataset(root, name, landmark_set='300w_68', **kwargs):
    return SPIGAJsonDataset(f'annotations/{name}', landmark_set=landmark_set,
                            data_root=str(root), **kwargs)


def test_box_and_pose_are_the_authors(tool, repo, sample_data):
    """From their landmarks come their boxes and poses."""
    from spiga_json import face_row

    from spiga_mmpose.landmark_sets import load_landmark_set
    with open(f'{sample_data}/spiga_annotation_sample.json') as file:
        faces = json.load(file)
    assert len(faces) == 3
    for face in faces:
        row = face_row(
            load_landmark_set('300w_68'), face['imgpath'],
            np.array(face['landmarks']))
        assert row.keys() == face.keys()
        assert np.allclose(row['bbox'], face['bbox'])
        assert np.allclose(row['headpose'], face['headpose'], atol=1e-6)
        for key in ('imgpath', 'ids', 'landmarks', 'visible'):
            assert row[key] == face[key]


class TestWFLW:

    def write(self, root, split, attributes, num_fields=207):
        """A list with one face a row of attributes."""
        lines = []
        for index, flags in enumerate(attributes):
            points = points_of(index, 98).ravel().tolist()
            name = f'0--Parade/{split} {index}.png'  # names may hold spaces
            picture(root / 'WFLW_images' / name)
            fields = [*points, 1, 2, 3, 4, *flags, name]
            lines.append(' '.join(map(str, fields[-num_fields:])))
        folder = (root / 'WFLW_annotations/list_98pt_rect_attr_train_test')
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f'list_98pt_rect_attr_{split}.txt').write_text(
            '\n'.join(lines) + '\n')

    def test_both_lists(self, tool, tmp_path):
        self.write(tmp_path, 'train', [[0] * 6])
        self.write(tmp_path, 'test', [[1, 0, 0, 0, 0, 1], [0] * 6,
                                      [0, 0, 0, 1, 1, 0]])
        tool('wflw_to_spiga', tmp_path)
        assert len(dataset(tmp_path, 'train.json', 'wflw_98')) == 1
        test = dataset(tmp_path, 'test.json', 'wflw_98',
                       subsets='annotations/test_subsets.json')
        faces = [test.get_data_info(i) for i in range(3)]
        assert [face['subsets'] for face in faces
                ] == [('pose', 'blur'), (), ('makeup', 'occlusion')]
        for index, face in enumerate(faces):
            assert np.allclose(face['keypoints'][0], points_of(index, 98))
            assert face['keypoints_visible'].all()

    def test_wrong_number_of_fields(self, tool, tmp_path):
        self.write(tmp_path, 'train', [[0] * 6], num_fields=200)
        with pytest.raises(ValueError, match=r'train.txt, line 1.*207.*20'):
            tool('wflw_to_spiga', tmp_path)

    def test_not_there(self, tool, tmp_path):
        with pytest.raises(ValueError, match='WFLW_annotations'):
            tool('wflw_to_spiga', tmp_path)


class Test300W:

    def write(self, root, private):
        folders = ['afw', 'helen/trainset', 'helen/testset', 'lfpw/trainset',
                   'lfpw/testset', 'ibug']
        if private:
            folders += ['300W/01_Indoor', '300W/02_Outdoor']
        for index, folder in enumerate(folders):
            pts(root / folder / 'image 1.pts', points_of(index))
            pts(root / folder / 'image 1_mirror.pts', points_of(99))

    def test_public_and_private(self, tool, tmp_path):
        self.write(tmp_path, private=True)
        tool('300w_to_spiga', tmp_path)
        paths = [face['imgpath'].rpartition('/')[0]
                 for face in read(tmp_path, '300wprivate_train.json')]
        assert paths == ['afw', 'helen/trainset', 'lfpw/trainset',
                         'helen/testset', 'lfpw/testset', 'ibug']
        assert len(read(tmp_path, '300wpublic_train.json')) == 3
        public = dataset(tmp_path, '300wpublic_test.json',
                         subsets='annotations/300wpublic_test_subsets.json')
        assert [public.get_data_info(i)['subsets'] for i in range(3)
                ] == [('helen', 'common'), ('common', 'lfpw'), ('ibug', )]
        private = dataset(tmp_path, '300wprivate_test.json',
                          subsets='annotations/300wprivate_test_subsets.json')
        face = private.get_data_info(1)
        assert face['subsets'] == ('outdoor', )
        # the first pixel of a .pts file is 1
        assert np.allclose(face['keypoints'][0], points_of(7) - 1)

    def test_public_alone_and_numbers_as_they_are(self, tool, tmp_path):
        self.write(tmp_path, private=False)
        tool('300w_to_spiga', tmp_path, '--first-pixel', 0)
        assert np.allclose(
            read(tmp_path, '300wpublic_train.json')[0]['landmarks'],
            points_of(0))
        assert not (tmp_path / 'annotations/300wprivate_test.json').exists()

    @pytest.mark.parametrize('text, words', [
        ('no points', 'braces'),
        ('n_points: 68\n{\n1 2\n}', '68 points'),
        ('n_points: 68\n{\n' + 'nan 1\n' * 68 + '}', 'finite'),
        ('n_points: 68\n{\n' + 'a b\n' * 68 + '}', 'braces'),
    ])
    def test_bad_file(self, tool, tmp_path, text, words):
        self.write(tmp_path, private=False)
        (tmp_path / 'afw/image 1.pts').write_text(text)
        with pytest.raises(ValueError, match=f'image 1.pts.*{words}'):
            tool('300w_to_spiga', tmp_path)

    def test_missing_image_and_folder(self, tool, tmp_path):
        self.write(tmp_path, private=False)
        (tmp_path / 'ibug/image 1.png').unlink()
        with pytest.raises(ValueError, match='no image beside .*ibug/image 1'):
            tool('300w_to_spiga', tmp_path)
        (tmp_path / 'ibug').rename(tmp_path / 'other')
        with pytest.raises(ValueError, match='ibug is not there'):
            tool('300w_to_spiga', tmp_path)


class TestCOFW68:

    def pictures(self):
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
        assert abs(grey - self.pictures()[1].astype(float)).mean() < 2

    def test_old_matlab_file(self, tool, tmp_path):
        cells = np.empty((2, 1), object)
        cells[:, 0] = self.pictures()
        savemat(tmp_path / 'COFW_test_color.mat', dict(IsT=cells))
        self.write(tmp_path)
        tool('cofw68_to_spiga', tmp_path)
        self.check(tmp_path)

    def test_official_matlab_file(self, tool, tmp_path):
        h5py = pytest.importorskip('h5py')
        path = tmp_path / 'COFW_test_color.mat'
        with h5py.File(path, 'w', userblock_size=512) as file:
            cells = file.create_dataset('IsT', (1, 2), h5py.ref_dtype)
            for index, pixels in enumerate(self.pictures()):
                cells[0, index] = file.create_dataset(
                    f'#refs#/{index}', data=pixels.T).ref
        with open(path, 'r+b') as file:  # the header that MATLAB writes
            file.write(b'MATLAB 7.3 MAT-file'.ljust(124) + b'\x00\x02IM')
        self.write(tmp_path)
        tool('cofw68_to_spiga', tmp_path)
        self.check(tmp_path)

    def test_bad(self, tool, tmp_path):
        with pytest.raises(ValueError, match='COFW68_Data'):
            tool('cofw68_to_spiga', tmp_path)
        self.write(tmp_path, Points=points_of(0)[:67])
        with pytest.raises(ValueError, match='COFW_test_color.mat'):
            tool('cofw68_to_spiga', tmp_path)
        cells = np.empty((1, 1), object)
        cells[0, 0] = self.pictures()[0]
        savemat(tmp_path / 'COFW_test_color.mat', dict(IsT=cells))
        with pytest.raises(ValueError, match='1_points.mat.*136.*134'):
            tool('cofw68_to_spiga', tmp_path)
        savemat(tmp_path / 'COFW_test_color.mat', dict(other=cells))
        with pytest.raises(ValueError, match='IsT'):
            tool('cofw68_to_spiga', tmp_path)


class TestMERLRAV:

    def write(self, root):
        for folder in ('frontal', 'left', 'lefthalf', 'right', 'righthalf'):
            for split in ('trainset', 'testset'):
                points = points_of(1)
                points[3] = -1  # hidden by the face
                points[5] *= -1  # occluded
                pts(root / 'merl_rav_organized' / folder / split /
                    'image00070_2.pts', points, ending='.jpg')

    def test_visibility_and_subsets(self, tool, tmp_path):
        self.write(tmp_path)
        tool('merlrav_to_spiga', tmp_path)
        assert len(dataset(tmp_path, 'train.json')) == 5
        test = dataset(tmp_path, 'test.json',
                       subsets='annotations/test_subsets.json')
        faces = [test.get_data_info(i) for i in range(5)]
        assert [face['subsets'] for face in faces] == [
            ('frontal', ), ('profile', 'profile_left'),
            ('half_profile', 'half_profile_left'),
            ('profile', 'profile_right'),
            ('half_profile', 'half_profile_right')]
        for face in faces:
            labelled = face['keypoints_visible'][0] > 0
            assert np.flatnonzero(~labelled).tolist() == [3]
            assert np.flatnonzero(face['keypoints_hidden'][0]).tolist() == [5]
            assert np.allclose(face['keypoints'][0, labelled],
                               points_of(1)[labelled])

    def test_bad(self, tool, tmp_path):
        self.write(tmp_path)
        folder = tmp_path / 'merl_rav_organized/left/trainset'
        pts(folder / 'hidden.pts', np.full((68, 2), -1), ending='.jpg')
        with pytest.raises(ValueError, match='hidden.pts: no landmark'):
            tool('merlrav_to_spiga', tmp_path)
        (folder / 'hidden.pts').unlink()
        (folder / 'image00070_2.jpg').unlink()
        with pytest.raises(ValueError, match='no image beside'):
            tool('merlrav_to_spiga', tmp_path)


class TestCheck:

    @pytest.fixture
    def root(self, tool, tmp_path, monkeypatch):
        TestMERLRAV().write(tmp_path)
        tool('merlrav_to_spiga', tmp_path)
        return tmp_path

    def run(self, tool, root, *args):
        """Status and problems, for the counts of the tiny data set."""
        with pytest.raises(SystemExit) as stop:
            tool('check', 'merlrav', root, *args)
        return stop.value.code

    def test_counts_are_compared(self, tool, root, capsys):
        assert self.run(tool, root) == 1
        out = capsys.readouterr().out
        assert '5 faces (published: 15449), 5 images, 0 missing' in out
        assert '5 faces, published are 3865' in out

    def test_what_is_missing_is_named(self, tool, root, capsys):
        (root / 'annotations/train.json').unlink()
        image = root / 'merl_rav_organized/left/testset/image00070_2.jpg'
        image.unlink()
        assert self.run(tool, root) == 1
        out = capsys.readouterr().out
        assert 'train.json is missing' in out
        assert f'{image} is missing' in out

    def test_decode(self, tool, root, capsys):
        image = root / 'merl_rav_organized/left/testset/image00070_2.jpg'
        image.write_bytes(b'no image')
        assert self.run(tool, root, '--decode') == 1
        assert f'{image} is not an image' in capsys.readouterr().out

    def test_complete(self, tool, root, capsys, monkeypatch):
        from importlib import import_module
        check = import_module('check')
        monkeypatch.setitem(
            check.FILES, 'merlrav', {
                'annotations/train.json': 5,
                'annotations/test.json': 5
            })
        monkeypatch.setattr(sys, 'argv', ['check', 'merlrav', str(root)])
        check.main()
        assert 'merlrav: complete' in capsys.readouterr().out

    def test_mmpose_layout(self, tool, tmp_path, sample_data, capsys):
        import os
        import shutil
        os.makedirs(tmp_path / 'annotations')
        for split in ('train', 'test'):
            shutil.copy(
                f'{sample_data}/wflw/test_wflw.json', tmp_path /
                f'annotations/face_landmarks_wflw_{split}.json')
        os.symlink(f'{sample_data}/wflw', tmp_path / 'images')
        with pytest.raises(SystemExit):
            tool('check', 'wflw-mmpose', tmp_path)
        assert ('4 faces (published: 2500), 2 images, 0 missing'
                in capsys.readouterr().out)
