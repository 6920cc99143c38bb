"""merlrav_to_spiga.py."""
import numpy as np
import pytest

from .conftest import dataset, points_of, pts


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
