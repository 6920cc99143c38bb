"""Text and JSON files as people hand them over."""
import json

import pytest

from spiga_mmpose.io import read_json, read_subsets, read_text


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
@pytest.mark.parametrize('end', ['\n', '\r\n', '\r'])
def test_encodings_and_line_ends(tmp_path, encoding, end):
    path = tmp_path / 'a.txt'
    path.write_bytes(f'Gesicht ä{end}{{"b": 1}}{end}'.encode(encoding))
    assert read_text(str(path)) == 'Gesicht ä\n{"b": 1}\n'
    path.write_bytes(f'{{"ä":{end}1}}'.encode(encoding))
    assert read_json(str(path)) == {'ä': 1}


@pytest.mark.parametrize('content, line, byte', [
    (b'a\nb\n\xff', 3, 4),
    (b'\xe4', 1, 0),
    (b'\xff\xfea', 1, 2),
])
def test_no_text_is_told_with_its_line(tmp_path, content, line, byte):
    path = tmp_path / 'a.txt'
    path.write_bytes(content)
    for read in (read_text, read_json):
        with pytest.raises(ValueError, match=f'line {line}, byte {byte}') as e:
            read(str(path))
        assert str(path) in str(e.value)


def test_a_key_that_is_given_twice(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('[{"id": 1, "box": [], "id": 2}]')
    for hook in (None, dict):
        with pytest.raises(ValueError, match="a.json.*'id' occurs twice"):
            read_json(str(path), hook)


def test_a_face_twice_in_a_subset(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(dict(blur=[0, 2, 0])))
    with pytest.raises(ValueError, match="twice in the subset 'blur'"):
        read_subsets(str(path), 3)
