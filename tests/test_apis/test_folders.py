"""A folder for results, or one clear line."""
import os

import pytest

from spiga_mmpose.apis.writing import make_folder


def test_made_with_those_above_it(tmp_path):
    make_folder(str(tmp_path / 'a' / 'b'))
    make_folder(str(tmp_path / 'a' / 'b'))
    assert (tmp_path / 'a' / 'b').is_dir()


@pytest.mark.parametrize('below', ['', 'b'])
def test_a_file_is_there(tmp_path, below):
    (tmp_path / 'a').write_text('')
    path = os.path.join(tmp_path, 'a', below).rstrip('/')
    with pytest.raises(ValueError, match='found a file.*another folder'):
        make_folder(path)


def test_not_to_be_written_into(tmp_path, monkeypatch):
    # To the superuser, as whom tests may run, every folder is open.
    monkeypatch.setattr(os, 'access', lambda *_: False)
    with pytest.raises(ValueError, match=f'{tmp_path}: no permission'):
        make_folder(str(tmp_path))


def test_not_to_be_made(tmp_path):
    path = str(tmp_path / ('a' * 300))
    with pytest.raises(ValueError, match='cannot make the folder .*too long'):
        make_folder(path)
