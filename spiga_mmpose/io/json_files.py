"""JSON files: one reader that says what is wrong, one writer."""
import json
import math
from typing import Any, Callable, Optional

from .text_files import read_text
from .whole_files import write_whole


def read_json(path: str, object_hook: Optional[Callable] = None) -> Any:
    """The content of a JSON file; of ``object_hook``, see :func:`json.load`.

    Raises:
        ValueError: If it cannot be read, is no JSON, is nested too deeply or
            has a key twice in one object; the message names the file.
    """

    def unique(pairs):
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(f'the key {twice!r} occurs twice in one object')
        return object_hook(found) if object_hook else found

    text = read_text(path)
    try:
        return json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: not a JSON file: {error}') from None


def to_json(content: Any) -> str:
    """JSON by the standard, which knows no NaN: null stands for it."""

    def clean(value):
        if isinstance(value, dict):
            return {key: clean(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [clean(item) for item in value]
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value

    return json.dumps(clean(content), indent=2, allow_nan=False) + '\n'


def write_json(content: Any, path: str) -> None:
    """Write a file of :func:`to_json` whole or not at all."""
    write_whole(path, to_json(content))
