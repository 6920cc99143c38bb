"""Configs and checkpoints that come with the package."""
import os.path as osp

import pytest
from mmengine.config import Config

from spiga_mmpose.apis import find_checkpoint, find_config


def test_of_a_checkout_they_are_its_own(repo):
    assert find_config('spiga_wflw.py') == osp.join(
        osp.realpath(repo), 'configs', 'spiga_wflw.py')
    assert find_checkpoint('spiga_photo.pth') == osp.join(
        osp.realpath(repo), 'checkpoints', 'spiga_photo.pth')


@pytest.mark.parametrize('find', [find_config, find_checkpoint])
@pytest.mark.parametrize('name', ['nothing.py', '.'])
def test_there_is_none(find, name):
    with pytest.raises(ValueError, match=r'no file .* of spiga_mmpose$'):
        find(name)


class TestBaseConfigs:

    def write(self, folder, base):
        path = folder / 'mine.py'
        path.write_text(f'_base_ = {base!r}\nmodel = dict(test_cfg=dict(a=1))')
        return str(path)

    @pytest.mark.parametrize('base', [
        'spiga_mmpose::spiga_wflw.py',
        ['spiga_mmpose::spiga_wflw.py'],
    ])
    def test_a_config_begins_with_one_of_the_package(self, tmp_path, base):
        mine = Config.fromfile(self.write(tmp_path, base))
        theirs = Config.fromfile(find_config('spiga_wflw.py'))
        assert mine.model.test_cfg.pop('a') == 1
        assert mine.to_dict() == theirs.to_dict()

    def test_one_that_is_not_there(self, tmp_path):
        with pytest.raises(ValueError, match='no file .*/nothing.py among'):
            Config.fromfile(
                self.write(tmp_path, 'spiga_mmpose::nothing.py'))

    def test_those_of_others_are_as_before(self, tmp_path):
        base = 'mmpose::_base_/default_runtime.py'
        mine = Config.fromfile(self.write(tmp_path, base))
        assert mine.default_scope == 'mmpose'
        with pytest.raises(AssertionError, match='does not support'):
            Config.fromfile(self.write(tmp_path, 'unknown::a/b.py'))
