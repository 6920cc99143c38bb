"""Files of strangers and our own: reading that is safe, writing that is whole.
"""
from .arrays import LARGEST, as_array, is_valid
from .images import (MAX_PIXELS, ImageError, as_bgr, decode_image, from_pillow,
                     image_content, read_image, write_image)
from .json_files import read_json, to_json, write_json
from .pickles import RestrictedUnpickler, load_dump
from .subsets import check_subsets, read_subsets
from .text_files import image_path, read_text
from .whole_files import (GrowingFile, remove_parts, staging_folder, write_all,
                          write_tensors, write_whole)

__all__ = [
    'GrowingFile', 'ImageError', 'LARGEST', 'MAX_PIXELS',
    'RestrictedUnpickler', 'as_array', 'as_bgr', 'check_subsets',
    'decode_image', 'from_pillow', 'image_content', 'image_path', 'is_valid',
    'load_dump', 'read_image', 'read_json', 'read_subsets', 'read_text',
    'remove_parts', 'staging_folder', 'to_json', 'write_all', 'write_image',
    'write_json', 'write_tensors', 'write_whole'
]
