"""Files of strangers and our own: reading that is safe, writing that is whole.

Stands below everything else of the package.
"""
from .json_files import read_json, to_json, write_json
from .pickles import RestrictedUnpickler, load_dump
from .whole_files import write_whole

__all__ = [
    'RestrictedUnpickler', 'load_dump', 'read_json', 'to_json', 'write_json',
    'write_whole'
]
