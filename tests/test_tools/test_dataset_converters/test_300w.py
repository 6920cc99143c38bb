"""300w_to_spiga.py."""
import numpy as np
import pytest

from .conftest import dataset, points_of, pts, read


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

    def test_files_from_windows(self, tool, refused, tmp_path):
        self.write(tmp_path, private=False)
        tool('300w_to_spiga', tmp_path)
        expected = read(tmp_path, '300wpublic_train.json')
        first = tmp_path / 'afw' / 'image 1.pts'
        text = first.read_text().replace('\n', '\r\n')
        first.unlink()
        (tmp_path / 'afw' / 'image 1.PTS').write_bytes(
            text.encode('utf-8-sig'))
        (tmp_path / 'afw' / 'image 1.png').rename(
            tmp_path / 'afw' / 'image 1.PNG')
        tool('300w_to_spiga', tmp_path, '--force')
        found = read(tmp_path, '300wpublic_train.json')
        assert found[0].pop('imgpath') == 'afw/image 1.PNG'
        assert expected[0].pop('imgpath') == 'afw/image 1.png'
        assert found == expected
        first.write_text(text)
        line = refused('300w_to_spiga', tmp_path, '--force')
        assert 'image 1.PTS and image 1.pts: expected one' in line
