"""Folders that results are written into."""
import os


def make_folder(path: str) -> None:
    """Make a folder unless it is there, and see that it can be written into.

    Raises:
        ValueError: If something is in the way. It says what to do.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ValueError(f'cannot write results into {path}: expected a '
                         'folder, found a file there or above it; name '
                         'another folder') from None
    except OSError as error:
        raise ValueError(f'cannot make the folder {path} for the results: '
                         f'{error.strerror}; name another folder') from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ValueError(f'cannot write into the folder {path}: no '
                         'permission; name another folder')
