"""wflw_to_spiga.py, and what all converters have in common."""
import json
import resource
import signal

import numpy as np
import pytest

from .conftest import dataset, image, points_of, read, written


def test_box_and_pose_are_the_authors(tool, repo, sample_data):
    """From their landmarks come their boxes and poses."""
    from converter import annotate

    from spiga_mmpose.landmark_sets import load_landmark_set
    with open(f'{sample_data}/spiga_annotation_sample.json') as file:
        faces = json.load(file)
    assert len(faces) == 3
    for face in faces:
        row = annotate(
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
        assert 'train.txt: no text file' in refused('wflw_to_spiga', tmp_path)

    def test_blank_lines_are_passed_over(self, tool, tmp_path):
        for split in ('train', 'test'):
            self.write(tmp_path, split, [[0] * 6] * 2)
            path = self.list(tmp_path, split)
            path.write_text(path.read_text().replace('\n', '\n \n') + '\n')
        tool('wflw_to_spiga', tmp_path)
        assert len(read(tmp_path, 'train.json')) == 2

    def test_a_list_from_windows(self, tool, tmp_path):
        for split in ('train', 'test'):
            self.write(tmp_path, split, [[0] * 6] * 2)
        tool('wflw_to_spiga', tmp_path)
        expected = read(tmp_path, 'train.json')
        path = self.list(tmp_path)
        text = path.read_text().replace('/', '\\').replace('\n', '\r\n')
        path.write_bytes(text.encode('utf-8-sig'))
        tool('wflw_to_spiga', tmp_path, '--force')
        assert read(tmp_path, 'train.json') == expected

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
