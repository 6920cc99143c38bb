"""Files that are whole or not there."""
import json
import os
import stat

import pytest
import torch
from small_disk import small_disk

from spiga_mmpose.io import (GrowingFile, staging_folder, write_all,
                             write_json, write_tensors, write_whole)


def test_text_and_bytes(tmp_path):
    write_whole(tmp_path / 'a.txt', 'ä\n')
    assert (tmp_path / 'a.txt').read_bytes() == 'ä\n'.encode()
    write_whole(tmp_path / 'a.txt', b'\x00')
    assert (tmp_path / 'a.txt').read_bytes() == b'\x00'
    assert os.listdir(tmp_path) == ['a.txt']


def test_mode_of_a_new_file_is_that_of_open(tmp_path):
    write_whole(tmp_path / 'a', b'')
    with open(tmp_path / 'b', 'w'):
        pass
    assert (tmp_path / 'a').stat().st_mode == (tmp_path / 'b').stat().st_mode


def test_mode_and_link_of_an_old_file_stay(tmp_path):
    target, link = tmp_path / 'target', tmp_path / 'link'
    target.write_text('old')
    target.chmod(0o640)
    link.symlink_to(target)
    write_whole(link, 'new')
    assert link.is_symlink() and target.read_text() == 'new'
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_full_disk_leaves_the_old_file(tmp_path):
    """A limit on the size of files stands for the disk."""
    path = tmp_path / 'a.json'
    write_json(dict(x=1), str(path))
    before = path.read_bytes()
    with small_disk(1000):
        with pytest.raises(OSError, match='a.json'):
            write_json(dict(x=list(range(10000))), str(path))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ['a.json']


def test_a_growing_file(tmp_path):
    """Whole after every addition, and after one that the disk refuses."""
    path = tmp_path / 'a.json'
    file = GrowingFile(path, '[]')
    file.add('[1', ']')
    file.add(',\n2', ', "index"]')
    assert json.loads(path.read_text()) == [1, 2, 'index']
    with small_disk(1000):
        with pytest.raises(OSError, match='a.json'):
            file.add(',3' * 1000, ']')
    assert json.loads(path.read_text()) == [1, 2, 'index']
    file.add(',4', ']')
    file.close()
    assert json.loads(path.read_text()) == [1, 2, 4]


def test_tensors(tmp_path):
    path = tmp_path / 'a.pth'
    write_tensors(dict(x=torch.ones(2)), path)
    with small_disk(1000), pytest.raises(OSError, match='a.pth'):
        write_tensors(dict(x=torch.zeros(2000)), path)
    loaded = torch.load(path, weights_only=True)
    assert loaded['x'].tolist() == [1, 1] and os.listdir(tmp_path) == ['a.pth']


def test_a_staging_folder_names_the_file_as_it_will_be(tmp_path):
    with small_disk(1000), pytest.raises(OSError) as caught:
        with staging_folder(str(tmp_path)) as staging:
            write_whole(os.path.join(staging, 'a'), 'new')
            write_whole(os.path.join(staging, 'b'), 'new' * 1000)
    assert caught.value.filename == str(tmp_path / 'b')
    assert os.listdir(tmp_path) == []


def test_all_or_none(tmp_path):
    (tmp_path / 'a').write_text('old')
    names = ('a', 'b', 'nowhere/c')
    with pytest.raises(OSError, match='nowhere/c'):
        write_all({tmp_path / name: 'new' for name in names})
    assert (tmp_path / 'a').read_text() == 'old'
    assert os.listdir(tmp_path) == ['a']
    write_all({tmp_path / name: 'new' for name in names[:2]})
    assert [(tmp_path / name).read_text() for name in 'ab'] == ['new'] * 2


def test_no_folder(tmp_path):
    with pytest.raises(OSError, match='nowhere'):
        write_whole(tmp_path / 'nowhere' / 'a', b'')


def test_deeply_nested_json_is_one_line(tmp_path):
    from spiga_mmpose.io import read_json
    path = tmp_path / 'deep.json'
    path.write_text('[' * 100_000)
    with pytest.raises(ValueError, match='deep.json: not a JSON file'):
        read_json(str(path))
