"""Telling by the landmarks which data set annotations are of."""
from reprlib import repr as short
from typing import List

from spiga_mmpose.io.face_json import landmarks_of
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.landmark_sets.landmark_set import available_landmark_sets
from . import samples
from .protocols import PROTOCOLS


def guess_dataset(records: List[dict], path: str) -> str:
    """The data set whose landmarks these annotations have.

    The first benchmark that fits, so that 68 landmarks are 300W's; else the
    one landmark set that fits.

    Args:
        records (list[dict]): Of :func:`.face_files.load_records`.
        path (str): For messages.

    Returns:
        str: A key of ``PROTOCOLS`` or the name of a landmark set.

    Raises:
        ValueError: If none or several fit, or the landmarks are damaged; the
            message names the file.
    """
    ids, count = _ids_in(records), None
    if not ids:
        count = _count_in(records, path)
    for name, protocol in PROTOCOLS.items():
        if _fits(protocol.landmark_set, ids, count):
            return name
    scored = {protocol.landmark_set for protocol in PROTOCOLS.values()}
    names = [name for name in available_landmark_sets()
             if name not in scored and _fits(name, ids, count)]
    same = [name for name in names if ids == _ids(name)]
    names = same or names
    if len(names) == 1:
        return names[0]
    found = (f'{len(ids)} different landmark ids {short(sorted(ids))}'
             if ids else f'{count or "no"} landmarks')
    if names:
        raise ValueError(f'{path}: {found} may be of {" or ".join(names)}; '
                         'name one of them as the data set (--dataset)')
    raise ValueError(
        f'{path}: {found} are of no known data set; name one of '
        f'{list(PROTOCOLS)} or a landmark set (--dataset)')


def _ids_in(records):
    """All ids that occur; none in data samples."""
    if samples.is_sample(records[0]):
        return set()
    found = {face['ids'] for face in records
             if isinstance(face.get('ids'), tuple)}
    return set().union(*found)


def _count_in(records, path):
    """Landmarks of the first face that has any, or None."""
    sampled = samples.is_sample(records[0])
    for index, record in enumerate(records):
        try:
            if sampled:
                count = samples.num_landmarks(record)
            else:
                count = len(landmarks_of(record))
        except ValueError as error:
            raise ValueError(f'{path}: face {index}: {error}') from None
        if count:
            return count
    return None


def _fits(name, ids, count):
    if ids:
        return ids <= _ids(name)
    return count == load_landmark_set(name).num_landmarks


def _ids(name):
    return set(load_landmark_set(name).annotation_ids)
