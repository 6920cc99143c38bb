"""Lists of the faces of an annotation file that belong to named subsets."""
import reprlib
from typing import Any, Dict, Sequence

from .json_files import read_json


def read_subsets(path: str, num_faces: int) -> Dict[str, Sequence[int]]:
    """Read subset lists, name -> indices into ``num_faces`` annotations, of a
    JSON file: a dict of lists, or such a dict under ``test_subsets``, as the
    ``db_info.json`` of the release has it. Errors: :func:`check_subsets`."""
    content = read_json(path)
    if isinstance(content, dict):
        content = content.get('test_subsets', content)
    check_subsets(path, content, num_faces)
    return content


def check_subsets(where: str, subsets: Any, num_faces: int) -> None:
    """Raise ``ValueError``, which begins with ``where``, unless subsets are a
    dict of lists of faces, each face once and below ``num_faces``."""
    if not isinstance(subsets, dict):
        raise ValueError(f'{where}: expected a dict of name -> indices of '
                         f'faces, found {reprlib.repr(subsets)}')
    for name, indices in subsets.items():
        if not isinstance(indices, (list, tuple, range)):
            raise ValueError(f'{where}: expected a list of indices in the '
                             f'subset {name!r}, found {reprlib.repr(indices)}')
        for index in indices:
            if type(index) is not int or not 0 <= index < num_faces:
                raise ValueError(
                    f'{where}: the subset {name!r} holds the face '
                    f'{reprlib.repr(index)}; there are {num_faces} faces, '
                    'numbered from 0')
        if len(set(indices)) < len(indices):
            raise ValueError(f'{where}: a face occurs twice in the subset '
                             f'{name!r}')
