"""Files that cannot be written whole leave what was there."""
import os
import resource
import signal

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.runner import save_checkpoint

WHOLE = dict(backend='whole_file')


@pytest.fixture
def backend():
    return get_file_backend(backend_args=WHOLE)


def test_round_trip_with_the_usual_mode(tmp_path, backend):
    path = tmp_path / 'new' / 'file.bin'
    backend.put(b'content', path)
    assert path.read_bytes() == b'content'
    (tmp_path / 'plain').write_bytes(b'')
    assert path.stat().st_mode == (tmp_path / 'plain').stat().st_mode
    assert os.listdir(tmp_path / 'new') == ['file.bin']


def test_a_file_that_is_there_keeps_its_mode_and_its_links(tmp_path, backend):
    path, link = tmp_path / 'file.bin', tmp_path / 'link.bin'
    path.write_bytes(b'old')
    path.chmod(0o640)
    link.symlink_to(path)
    backend.put(b'new', link)
    assert link.is_symlink() and path.read_bytes() == b'new'
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path):
    """A limit on the size of files stands for the disk."""
    path = tmp_path / 'last.pth'
    save_checkpoint(
        dict(state_dict=dict(w=torch.ones(3))), str(path), backend_args=WHOLE)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, old[1]))
    try:
        with pytest.raises(OSError, match='File too large.*--resume') as error:
            save_checkpoint(
                dict(state_dict=dict(w=torch.zeros(3))),
                str(path),
                backend_args=WHOLE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert str(path) in str(error.value)
    kept = torch.load(path, weights_only=True)
    assert torch.equal(kept['state_dict']['w'], torch.ones(3))
    assert os.listdir(tmp_path) == ['last.pth']
