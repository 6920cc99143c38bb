"""Seeded damage to files."""
import numpy as np

_BYTES = [b'\0', b'\xff', b'\xff' * 4, b'\x7f\xff\xff\xff', b'\0' * 8]
_WORDS = [
    b'NaN', b'-1', b'0', b'1e999', b'null', b'""', b'[]', b'{}', b'true',
    b'99999999999999999999', b'[' * 2000, b'"\\ud800"', b'\xef\xbb\xbf', b'\\',
    b'../../../etc/passwd'
]
_SPECIAL = b'0123456789.-+eE'


def mutate(content: bytes, rng: np.random.Generator, text: bool) -> bytes:
    """A file with one to three kinds of damage.

    Args:
        content (bytes): A good file.
        rng (np.random.Generator): Decides.
        text (bool): Whether it is text: numbers are replaced as well.
    """
    for _ in range(rng.integers(1, 4)):
        if not content:
            break
        start, stop = sorted(rng.integers(0, len(content) + 1, 2).tolist())
        stop = min(stop, start + int(2**rng.integers(0, 12)))
        kind = rng.integers(0, 9 if text else 6)
        if kind == 0:  # some bits turned
            changed = np.frombuffer(content, np.uint8).copy()
            for place in rng.integers(0, len(changed), rng.integers(1, 9)):
                changed[place] ^= 1 << int(rng.integers(0, 8))
            content = changed.tobytes()
        elif kind == 1:  # cut short
            content = content[:start]
        elif kind == 2:  # a part missing
            content = content[:start] + content[stop:]
        elif kind == 3:  # a part twice
            content = content[:stop] + content[start:]
        elif kind == 4:  # overwritten
            new = _BYTES[rng.integers(0, len(_BYTES))]
            content = content[:start] + new + content[start + len(new):]
        elif kind == 5:  # noise put in
            content = content[:start] + rng.bytes(stop - start) + (
                content[start:])
        else:  # another word where there is a number
            begin = start
            while begin < len(content) and content[begin] not in _SPECIAL:
                begin += 1
            end = begin
            while end < len(content) and content[end] in _SPECIAL:
                end += 1
            word = _WORDS[rng.integers(0, len(_WORDS))]
            content = content[:begin] + word + content[end:]
    return content
