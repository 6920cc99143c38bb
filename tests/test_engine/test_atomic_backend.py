"""Files that cannot be written whole leave what was there."""
import errno
import os
import tempfile

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.runner import save_checkpoint

from spiga_mmpose.engine.atomic_backend import AtomicLocalBackend


def test_mmengine_uses_it(tmp_path):
    assert isinstance(get_file_backend(str(tmp_path)), AtomicLocalBackend)


def test_round_trip_with_the_usual_mode(tmp_path):
    path = tmp_path / 'new' / 'file.bin'
    AtomicLocalBackend().put(b'content', path)
    assert path.read_bytes() == b'content'
    (tmp_path / 'plain').write_bytes(b'')
    assert path.stat().st_mode == (tmp_path / 'plain').stat().st_mode
    assert os.listdir(tmp_path / 'new') == ['file.bin']


def test_a_file_that_is_there_keeps_its_mode_and_its_links(tmp_path):
    path, link = tmp_path / 'file.bin', tmp_path / 'link.bin'
    path.write_bytes(b'old')
    path.chmod(0o640)
    link.symlink_to(path)
    AtomicLocalBackend().put(b'new', link)
    assert link.is_symlink() and path.read_bytes() == b'new'
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / 'last.pth'
    save_checkpoint(dict(state_dict=dict(w=torch.ones(3))), str(path))
    real = tempfile.NamedTemporaryFile

    def full_disk(*args, **kwargs):
        file = real(*args, **kwargs)

        def write(content):
            file.file.write(content[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        file.write = write
        return file

    monkeypatch.setattr(tempfile, 'NamedTemporaryFile', full_disk)
    with pytest.raises(OSError, match='No space left.*--resume') as error:
        save_checkpoint(dict(state_dict=dict(w=torch.zeros(3))), str(path))
    assert str(path) in str(error.value)
    kept = torch.load(path, weights_only=True)
    assert torch.equal(kept['state_dict']['w'], torch.ones(3))
    assert os.listdir(tmp_path) == ['last.pth']
