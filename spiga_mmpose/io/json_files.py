"""JSON files: one reader that says what is wrong, one writer."""
import json
import math
from typing import Any, Callable, Optional

from .whole_files import write_whole


def read_json(path: str, object_hook: Optional[Callable] = None) -> Any:
    """The content of a JSON file.

    Args:
        path (str): The file; a byte-order mark does not matter.
        object_hook (Callable | None): See :func:`json.load`.

    Raises:
        ValueError: If it cannot be read, is no JSON or is nested too deeply;
            the message names the file.
    """
    try:
        with open(path, encoding='utf-8-sig') as file:
            return json.load(file, object_hook=object_hook)
    except OSError as error:
        raise ValueError(f'cannot read {path}: {error.strerror}') from None
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
    """Write a file of :func:`to_json` that is whole, or not there.

    Args:
        content (Any): What is to be written.
        path (str): The ``.json`` file.

    Raises:
        OSError: If it cannot be written; the message names the file.
    """
    write_whole(path, to_json(content))
