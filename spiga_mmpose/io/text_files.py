"""Text files as people hand them over."""
import codecs

_MARKS = {
    codecs.BOM_UTF8: 'utf-8-sig',
    codecs.BOM_UTF16_LE: 'utf-16',
    codecs.BOM_UTF16_BE: 'utf-16'
}


def read_text(path: str) -> str:
    """Content of a text file: UTF-8, or UTF-16 with a byte-order mark.

    Lines, which may end as on Windows, end with a line feed. What cannot be
    read or is no text is a ``ValueError`` that names file and line.
    """
    try:
        with open(path, 'rb') as file:
            content = file.read()
    except OSError as error:
        raise ValueError(f'cannot read {path}: {error.strerror}') from None
    encoding = next((name for mark, name in _MARKS.items()
                     if content.startswith(mark)), 'utf-8')
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b'\n', 0, error.start) + 1
        raise ValueError(
            f'{path}: no text file (UTF-8): line {line}, byte '
            f'{error.start} is {content[error.start]:#x}') from None
    return text.replace('\r\n', '\n').replace('\r', '\n')


def image_path(text: str) -> str:
    """An image's path of an annotation file, which may be from Windows: with
    slashes."""
    return text.replace('\\', '/')
