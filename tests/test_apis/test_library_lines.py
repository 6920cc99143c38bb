"""What C libraries print is caught; what Python prints later is not."""
import os

import pytest

from spiga_mmpose.apis.library_lines import caught_stderr


def test_caught(capfd):
    with caught_stderr() as lines:
        os.write(2, b'of a library\nsecond line\n')
    os.write(2, b'later\n')
    assert lines == ['of a library', 'second line']
    assert capfd.readouterr().err == 'later\n'


def test_restored_after_an_error(capfd):
    with pytest.raises(ValueError), caught_stderr():
        os.write(2, b'hidden\n')
        raise ValueError
    os.write(2, b'later\n')
    assert capfd.readouterr().err == 'later\n'
