"""Converters: tiny data sets in each official format, made on the fly."""
import json
import os.path as osp
import resource
import runpy
import signal
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


@pytest.fixture
def refused(tool, capsys):
    """Runner of a tool that must end in one line and status 2, and leave no
    annotations; it returns the line."""

    def run(name, root, *args):
        before = written(root)
        with pytest.raises(SystemExit) as stop:
            tool(name, root, *args)
        assert stop.value.code == 2
        line, = capsys.readouterr().err.splitlines()
        assert line.startswith(f'{name}.py: error: ')
        assert written(root) == before
        return line

    return run


def written(root):
    """Name and content of what is in the annotations folder."""
    return {
        path.name: path.read_text()
        for path in (root / 'annotations').glob('*')
    }


def points_of(seed, count=68):
    return np.random.default_rng(seed).uniform(5, 60, (count, 2)).round(3)


def image(path, shape=(64, 64, 3), value=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full(shape, value, np.uint8))


def pts(path, points, **kwargs):
    """A .pts file and the image beside it."""
    image(path.with_suffix(kwargs.get('ending', '.png')))
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
            image(root / 'WFLW_images' / name)
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

    def list(self, root, split='train'):
        return (root / 'WFLW_annotations/list_98pt_rect_attr_train_test' /
                f'list_98pt_rect_attr_{split}.txt')

    @pytest.mark.parametrize('change, words', [
        (lambda line: ' '.join(line.split()[:200]),
         'line 1: expected 207 fields, found 200'),
        (lambda line: line.replace('1 2 3 4 0', '1 2 3 4 7'),
         'line 1: expected 0 or 1 for the attribute pose, found 7'),
        (lambda line: line.replace('1 2 3 4', '1 2 3 x'), 'line 1: expected '
         'numbers'),
        (lambda line: line.replace('1 2 3 4', '1 2 3 nan'), 'line 1 holds'),
        (lambda line: ' '.join(['5'] * 196) + line[line.index(' 1 2 3 4'):],
         'line 1: expected landmarks of a face, found 98 in a box of 0 x 0'),
        (lambda line: '\n\n', 'holds no face'),
    ])
    def test_bad_list(self, refused, tmp_path, change, words):
        for split in ('train', 'test'):
            self.write(tmp_path, split, [[0] * 6])
        path = self.list(tmp_path, 'test')
        path.write_text(change(path.read_text().strip()))
        line = refused('wflw_to_spiga', tmp_path)
        assert f'{path}' in line and words in line

    def test_no_text(self, refused, tmp_path):
        for split in ('train', 'test'):
            self.write(tmp_path, split, [[0] * 6])
        self.list(tmp_path).write_bytes(b'\xff\xfe\x00')
        assert 'train.txt is no text file' in refused('wflw_to_spiga',
                                                      tmp_path)

    def test_blank_lines_are_passed_over(self, tool, tmp_path):
        for split in ('train', 'test'):
            self.write(tmp_path, split, [[0] * 6] * 2)
            path = self.list(tmp_path, split)
            path.write_text(path.read_text().replace('\n', '\n \n') + '\n')
        tool('wflw_to_spiga', tmp_path)
        assert len(read(tmp_path, 'train.json')) == 2

    def test_not_there(self, refused, tmp_path):
        assert 'WFLW_annotations' in refused('wflw_to_spiga', tmp_path)
        assert 'none is not there' in refused('wflw_to_spiga',
                                              tmp_path / 'none')

    def test_what_is_there_stays_unless_forced(self, tool, refused, tmp_path,
                                               capsys):
        (tmp_path / 'annotations').mkdir()
        authors = tmp_path / 'annotations/test.json'
        authors.write_text('[]')
        for split in ('train', 'test'):
            self.write(tmp_path, split, [[0] * 6])
        line = refused('wflw_to_spiga', tmp_path)
        assert '1 of 3 files' in line and str(authors) in line
        assert '--force' in line
        tool('wflw_to_spiga', tmp_path, '--force')
        lines = capsys.readouterr().out.splitlines()
        assert f'{authors}: 1 faces, written over the old' in lines
        assert sum('written over' in line for line in lines) == 1
        assert len(read(tmp_path, 'test.json')) == 1
        assert len(written(tmp_path)) == 3

    def test_a_full_disk_leaves_all_as_it_was(self, tool, refused, tmp_path):
        """A limit on the size of files stands for the disk."""
        for split in ('train', 'test'):
            self.write(tmp_path, split, [[0] * 6])
        tool('wflw_to_spiga', tmp_path)
        self.write(tmp_path, 'test', [[0] * 6] * 2)
        enough = (tmp_path / 'annotations' / 'train.json').stat().st_size
        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (enough + 99, old[1]))
        try:
            line = refused('wflw_to_spiga', tmp_path, '--force')
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
            signal.signal(signal.SIGXFSZ, handler)
        assert 'File too large' in line and 'test.json' in line


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
        (b'no points', 'braces'),
        (b'', 'braces'),
        (b'\xff\xfe{\x80}', 'no text file'),
        (b'n_points: 68\n{\n1 2\n}', '68 points'),
        (b'n_points: 68\n{\n' + b'nan 1\n' * 68 + b'}', 'finite'),
        (b'n_points: 68\n{\n' + b'a b\n' * 68 + b'}', 'braces'),
        (b'n_points: 68\n{\n' + b'5 5\n' * 68 + b'}', '0 x 0 px'),
    ])
    def test_bad_file(self, refused, tmp_path, text, words):
        self.write(tmp_path, private=False)
        path = tmp_path / 'ibug/image 1.pts'  # the last that is read
        path.write_bytes(text)
        line = refused('300w_to_spiga', tmp_path)
        assert str(path) in line and words in line

    def test_missing_image_and_folder(self, refused, tmp_path):
        self.write(tmp_path, private=False)
        (tmp_path / 'ibug/image 1.png').unlink()
        assert 'no image beside' in refused('300w_to_spiga', tmp_path)
        (tmp_path / 'ibug/image 1.pts').unlink()
        assert 'no .pts file in' in refused('300w_to_spiga', tmp_path)
        (tmp_path / 'ibug').rename(tmp_path / 'other')
        assert 'ibug is not there' in refused('300w_to_spiga', tmp_path)

    def test_what_is_left_out_is_told(self, tool, tmp_path, capsys):
        self.write(tmp_path, private=False)
        tool('300w_to_spiga', tmp_path)
        out = capsys.readouterr().out
        assert f'{tmp_path}/afw: 1 mirrored copies left out' in out
        assert '300W private is left out' in out


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

    @pytest.mark.parametrize('points, words', [
        (np.full((68, 2), -1), 'no landmark is labelled'),
        (np.array([[5, 5]] + [[-1, -1]] * 67), 'found 1 in a box of 0 x 0'),
    ])
    def test_bad_points(self, refused, tmp_path, points, words):
        self.write(tmp_path)
        folder = tmp_path / 'merl_rav_organized/righthalf/testset'
        pts(folder / 'bad.pts', points, ending='.jpg')
        line = refused('merlrav_to_spiga', tmp_path)
        assert f'{folder}/bad.pts: ' in line and words in line

    def test_bad_folder(self, refused, tmp_path):
        self.write(tmp_path)
        folder = tmp_path / 'merl_rav_organized/left/trainset'
        (folder / 'image00070_2.jpg').unlink()
        assert 'no image beside' in refused('merlrav_to_spiga', tmp_path)
        (folder / 'image00070_2.pts').unlink()
        assert f'no .pts file in {folder}' in refused('merlrav_to_spiga',
                                                      tmp_path)


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

    @pytest.fixture
    def counted(self, tool, monkeypatch):
        """Let the tiny data set have the right number of faces."""
        import check
        monkeypatch.setitem(check.SETS, 'merlrav',
                            ('spiga_merlrav.py', dict(train=5, test=5)))

        def run(root, *args):
            monkeypatch.setattr(sys, 'argv',
                                ['check', 'merlrav', str(root), *args])
            check.main()

        return run

    def test_counts_are_compared(self, tool, root, capsys):
        assert self.run(tool, root) == 1
        out = capsys.readouterr().out
        assert '5 faces (published: 15449), 5 images, 0 missing' in out
        assert '5 faces, published are 3865' in out
        assert 'frontal 1, half_profile 2' in out
        assert 'merlrav: problems found: 2; docs/data.md' in out

    def test_what_is_missing_is_named(self, counted, root, capsys):
        (root / 'annotations/train.json').unlink()
        image = root / 'merl_rav_organized/left/testset/image00070_2.jpg'
        image.unlink()
        with pytest.raises(SystemExit):
            counted(root)
        out = capsys.readouterr().out
        assert 'train.json is missing' in out
        assert f'{image} is missing' in out
        assert 'problems found: 2' in out

    def test_decode(self, counted, root, capsys):
        image = root / 'merl_rav_organized/left/testset/image00070_2.jpg'
        image.write_bytes(b'no image')
        counted(root)  # it is there
        with pytest.raises(SystemExit):
            counted(root, '--decode')
        assert f'{image} is not an image' in capsys.readouterr().out

    @pytest.mark.parametrize('content, words', [
        ('{"left": [5]}', "'left' holds the face 5"),
        ('[]', 'name -> indices'),
        ('{]', 'not a JSON file'),
        (None, 'cannot read'),
    ])
    def test_subsets_must_fit(self, counted, root, capsys, content, words):
        path = root / 'annotations/test_subsets.json'
        path.unlink()
        if content is not None:
            path.write_text(content)
        with pytest.raises(SystemExit):
            counted(root)
        out = capsys.readouterr().out
        assert str(path) in out and words in out
        assert 'problems found: 1' in out

    def test_complete(self, counted, root, capsys):
        counted(root)
        assert ('merlrav: complete, for tools/train.py '
                'configs/spiga_merlrav.py') in capsys.readouterr().out

    def test_no_root(self, tool, tmp_path, capsys):
        with pytest.raises(SystemExit) as stop:
            tool('check', 'wflw', tmp_path / 'none')
        assert stop.value.code == 2
        line, = capsys.readouterr().err.splitlines()
        assert f'the data root {tmp_path}/none is not there' in line

    def test_every_data_set_has_a_config(self, tool, tmp_path, capsys):
        """That is read, and looks for the files that the docs name."""
        import check
        for name, (_, counts) in check.SETS.items():
            assert check.check(name, str(tmp_path), False) == len(counts)
        out = capsys.readouterr().out
        for path in ('train', 'face_landmarks_wflw_test',
                     '300wpublic_train', '300wprivate_test',
                     'face_landmarks_300w_valid', 'cofw_train'):
            assert f'annotations/{path}.json is missing' in out

    def test_mmpose_layout(self, tool, tmp_path, sample_data, capsys):
        import os
        import shutil
        os.makedirs(tmp_path / 'annotations')
        subsets = [f'test_{name}' for name in (
            'largepose', 'expression', 'illumination', 'makeup', 'occlusion',
            'blur')]
        for split in ('train', 'test', *subsets):
            shutil.copy(
                f'{sample_data}/wflw/test_wflw.json', tmp_path /
                f'annotations/face_landmarks_wflw_{split}.json')
        os.symlink(f'{sample_data}/wflw', tmp_path / 'images')
        with pytest.raises(SystemExit):
            tool('check', 'wflw-mmpose', tmp_path)
        out = capsys.readouterr().out
        assert '4 faces (published: 2500), 2 images, 0 missing' in out
        assert 'blur 4, expression 4, illumination 4' in out
        (tmp_path / 'annotations/face_landmarks_wflw_test_blur.json').unlink()
        with pytest.raises(SystemExit):
            tool('check', 'wflw-mmpose', tmp_path)
        assert "of the subset 'blur' is not there" in capsys.readouterr().out
