"""Results in the formats that other programs read; pure functions.

A **record** is what is known of one image, as ``tools/demo.py`` writes it and
:class:`~spiga_mmpose.apis.SPIGAInferencer` gives it: ``image`` (its name),
``width`` and ``height`` (px), ``landmark_set`` (name or None), ``frame`` and
``time`` (its number and time, s, in a video, where it is of one) and ``faces``
(of :func:`~spiga_mmpose.apis.faces_to_dicts`). Coordinates in a record, and in
all formats but ``.pts``, count the first pixel as 0. docs/inference.md has a
table of the formats.
"""
import csv
import io
from typing import List, Optional, Sequence

import numpy as np

from spiga_mmpose.io.face_json import face_row
from spiga_mmpose.landmark_sets import (LandmarkSet, find_landmark_set,
                                        load_landmark_set)

# Place among the 98 landmarks of WFLW of each of the 68 of 300W: of the cheek
# every second, of the brows the upper edge, of each lid of an eye the corner
# and the outer two of three, of the rest all. The rigid heads of both sets
# coincide at these places.
WFLW_TO_300W = tuple(
    load_landmark_set('300w_68').ids_in(load_landmark_set('wflw_98')).tolist())

_POSE = ('yaw', 'pitch', 'roll')


def make_record(name: str, image: np.ndarray, landmark_set: Optional[str],
                faces: List[dict], frame: Optional[int] = None,
                time: Optional[float] = None) -> dict:
    """The record of an image (H, W, 3) of which only the size is kept.

    ``name`` is its path, URL or other name, ``landmark_set`` that of the
    ``faces`` (of :func:`~spiga_mmpose.apis.faces_to_dicts`); ``frame`` and
    ``time`` (s) are its place in its video.
    """
    height, width = image.shape[:2]
    record = dict(image=name, width=width, height=height,
                  landmark_set=landmark_set, faces=faces)
    if frame is not None:
        record['frame'] = frame
    if time is not None:
        record['time'] = round(time, 6)
    return record


def wflw_to_300w(record: dict) -> dict:
    """Record of 98 landmarks as a new one of the 68 of 300W.

    The two data sets were labelled by different people with somewhat
    different habits (of the brows and the cheek above all), so that this is
    an approximation, if the one that everybody uses. Boxes and poses stay;
    a face with another number of landmarks is a ``ValueError``.
    """
    places = list(WFLW_TO_300W)

    def convert(face):
        if len(face['landmarks']) != 98:
            raise ValueError(
                'expected the 98 landmarks of WFLW, found '
                f'{len(face["landmarks"])}: only these can become the 68')
        face = dict(face)
        for key in ('landmarks', 'landmark_scores'):
            face[key] = [face[key][i] for i in places]
        if 'landmark_steps' in face:
            face['landmark_steps'] = [[step[i] for i in places]
                                      for step in face['landmark_steps']]
        return face

    return dict(record, landmark_set='300w_68',
                faces=[convert(face) for face in record['faces']])


def to_mmpose(record: dict) -> List[dict]:
    """Instances as MMPose's inferencers give and write them, and more.

    Returns:
        list[dict]: Of each face ``keypoints`` [[x, y], ...],
        ``keypoint_scores``, ``bbox`` [[x1, y1, x2, y2]] (nested, as MMPose
        does it) and ``bbox_score``; beyond MMPose's, where there is one,
        ``head_pose`` (yaw, pitch, roll, tx, ty, tz), ``landmark_steps`` and
        ``track_id``.
    """
    instances = []
    for face in record['faces']:
        x, y, width, height = face['box']
        instances.append(dict(
            keypoints=face['landmarks'],
            keypoint_scores=face['landmark_scores'],
            bbox=[[x, y, x + width, y + height]], bbox_score=face['box_score'],
            **_pose_of(face), **_known(face, 'landmark_steps', 'track_id')))
    return instances


def to_coco(records: Sequence[dict]) -> dict:
    """One COCO keypoint annotation file of images with the same landmarks.

    With the ``center`` and ``scale`` (longer side / 200) of MMPose's face
    data sets, so that it can be trained on (``CocoFaceDataset``). Visibility
    is 2 of every landmark, since it is not estimated, and 0 where the
    landmark is no number; ``score`` is that of the box.
    """
    images, annotations = [], []
    for image_id, record in enumerate(records, 1):
        image = dict(id=image_id, file_name=record['image'],
                     width=record['width'], height=record['height'])
        if 'frame' in record:
            image['frame_id'] = record['frame']
        images.append({**image, **_known(record, 'time')})
        annotations += [dict(id=number, image_id=image_id, **_coco(face))
                        for number, face in enumerate(record['faces'],
                                                      len(annotations) + 1)]
    count = next((len(face['landmarks']) for record in records
                  for face in record['faces']), 0)
    known = _landmark_set(records, count)
    # COCO counts the ends of its links from 1.
    links = [[a + 1, b + 1] for edge in (known.edges.values() if known else ())
             for a, b in zip(edge[:-1], edge[1:])]
    category = dict(id=1, name='face', supercategory='person',
                    keypoints=[str(i) for i in range(count)], skeleton=links)
    return dict(images=images, annotations=annotations, categories=[category])


def _coco(face: dict) -> dict:
    points = [(0, 0, 0) if None in point else (*point, 2)
              for point in face['landmarks']]
    x, y, width, height = face['box']
    return dict(
        category_id=1,
        keypoints=[number for point in points for number in point],
        num_keypoints=sum(point[2] > 0 for point in points), bbox=face['box'],
        area=width * height, iscrowd=0, score=face['box_score'],
        center=[x + width / 2, y + height / 2], scale=max(width, height) / 200,
        **_known(face, 'track_id'), **_pose_of(face))


def to_pts(face: dict) -> str:
    """Landmarks of one of a record's ``faces`` as a ``.pts`` file, as 300W's.

    The first pixel is 1, as the makers' library has it (docs/data.md); a
    landmark that is no number is ``nan nan``.
    """
    points = np.array(face['landmarks'], np.float64) + 1
    lines = [f'{x:.3f} {y:.3f}' for x, y in points]
    return '\n'.join(
        ['version: 1', f'n_points: {len(points)}', '{', *lines, '}', ''])


def to_csv(records: Sequence[dict]) -> str:
    """A table with a heading and a row a face of images with the same
    landmarks.

    Columns: ``image``, ``frame``, ``time`` (s), ``face`` (its place in the
    image), ``track_id``, box, pose, then x, y and score of each landmark
    (``x0, y0, score0, ...``). What is not known is empty.
    """
    text = io.StringIO()
    write = csv.writer(text, lineterminator='\n').writerow
    count = max((len(face['landmarks']) for record in records
                 for face in record['faces']), default=0)
    write([
        'image', 'frame', 'time', 'face', 'track_id', 'box_x', 'box_y',
        'box_width', 'box_height', 'box_score', *_POSE, 'tx', 'ty', 'tz',
        *[f'{name}{i}' for i in range(count) for name in ('x', 'y', 'score')]
    ])
    for record in records:
        for place, face in enumerate(record['faces']):
            pose = _pose(face) if 'pose' in face else [None] * 6
            points = zip(face['landmarks'], face['landmark_scores'])
            write([
                record['image'], record.get('frame'), record.get('time'),
                place, face.get('track_id'), *face['box'], face['box_score'],
                *pose, *[number for point, score in points
                         for number in (*point, score)]
            ])
    return text.getvalue()


def to_benchmark(records: Sequence[dict]) -> List[dict]:
    """Faces in the annotation JSON of SPIGA's authors
    (:mod:`spiga_mmpose.io.face_json`), of images with the same landmarks.

    ``tools/evaluate.py`` and the authors' own tools read it. ``visible`` is
    1, since occlusion is not estimated. A landmark that is no number is left
    out; without a known landmark set there are no ``ids`` then.
    """
    faces = []
    for record in records:
        for face in record['faces']:
            points = face['landmarks']
            good = [i for i, point in enumerate(points) if None not in point]
            known = _landmark_set([record], len(points))
            pose = _pose(face) if 'pose' in face else [None]
            faces.append(face_row(
                record['image'], face['box'], None if None in pose else pose,
                known and [known.annotation_ids[i] for i in good],
                [points[i] for i in good]))
    return faces


def _pose(face: dict) -> list:
    pose = face['pose']
    return [pose[name] for name in _POSE] + pose['translation']


def _pose_of(face: dict) -> dict:
    return dict(head_pose=_pose(face)) if 'pose' in face else {}


def _known(content: dict, *keys: str) -> dict:
    return {key: content[key] for key in keys if key in content}


def _landmark_set(records: Sequence[dict],
                  count: int) -> Optional[LandmarkSet]:
    """The set that the first record names, if it is one of this package."""
    name = records[0].get('landmark_set') if records else None
    found = find_landmark_set(name)
    return found if found and found.num_landmarks == count else None
