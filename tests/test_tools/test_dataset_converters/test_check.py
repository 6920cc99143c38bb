"""check.py."""
import sys

import pytest

from .test_merlrav import TestMERLRAV as MERLRAV


class TestCheck:

    @pytest.fixture
    def root(self, tool, tmp_path, monkeypatch):
        MERLRAV().write(tmp_path)
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
