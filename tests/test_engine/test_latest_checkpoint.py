"""The checkpoint that ``--resume`` takes."""
import os

import pytest
import torch

from spiga_mmpose.engine import find_latest_checkpoint


@pytest.fixture
def folder(tmp_path):
    """Epochs 2, 9 and 10, saved in this order."""
    for time, epoch in enumerate((2, 9, 10)):
        path = tmp_path / f'epoch_{epoch}.pth'
        torch.save(dict(state_dict=dict(a=torch.ones(99))), path)
        os.utime(path, (time, time))
    (tmp_path / 'last_checkpoint').write_text('epoch_10.pth')
    return tmp_path


@pytest.mark.parametrize(
    'content', ['', 'epoch_9.pth', '/elsewhere/epoch_9.pth', 'gone.pth', None])
def test_the_newest_whatever_last_checkpoint_says(folder, content):
    if content is None:
        (folder / 'last_checkpoint').unlink()
    else:
        (folder / 'last_checkpoint').write_text(content)
    assert find_latest_checkpoint(folder) == str(folder / 'epoch_10.pth')


def test_what_is_not_whole_is_left_out(folder):
    cut, turned = folder / 'epoch_10.pth', folder / 'epoch_9.pth'
    cut.write_bytes(cut.read_bytes()[:-9])
    content = bytearray(turned.read_bytes())
    content[content.index(torch.ones(9).numpy().tobytes())] ^= 1
    turned.write_bytes(content)
    assert find_latest_checkpoint(folder) == str(folder / 'epoch_2.pth')


def test_an_earlier_run_had_come_further(folder):
    (folder / 'last_checkpoint').write_text('epoch_2.pth')
    os.utime(folder / 'epoch_2.pth', (9, 9))
    assert find_latest_checkpoint(folder) == str(folder / 'epoch_2.pth')


def test_another_name(folder):
    (folder / 'epoch_10.pth').rename(folder / 'mine.pth')
    for path in folder.glob('epoch_*'):
        path.unlink()
    (folder / 'last_checkpoint').write_text('mine.pth')
    assert find_latest_checkpoint(folder) == str(folder / 'mine.pth')


def test_none(tmp_path):
    assert find_latest_checkpoint(tmp_path) is None
    assert find_latest_checkpoint(tmp_path / 'nothing') is None
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/epoch_1.pth')
    assert find_latest_checkpoint(tmp_path) is None
