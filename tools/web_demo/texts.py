"""Texts of the page, as HTML. Names and errors from outside are escaped.
"""
import html
from typing import List, Optional

from .analysis import Analysis

TITLE = '''<h1>Face landmarks and head pose</h1>
<p>SPIGA: a network finds the landmarks of each face and the angles of its
head.</p>'''
# What is offered, in words; other names are those of files.
LABELS = dict(yunet='any face (yunet)', haar='upright, frontal faces (haar)',
              whole_image='the image is one face (whole_image)',
              synthetic='of synthetic faces (synthetic)')
_ANGLES = ('Degrees. Yaw above 0: the face turns to the right of the image; '
           'pitch: it looks up; roll: it leans clockwise.')


def _note(kind: str, text: str) -> str:
    """A framed paragraph. What went wrong is read out at once."""
    role = 'alert' if kind == 'bad' else 'status'
    return f'<div class="note {kind}" role="{role}"><p>{text}</p></div>'


START = _note(
    'info', '<b>1.</b> Drop a photograph into the field, or take one with the '
    'camera.<br><b>2.</b> The faces appear here, with their angles.<br>'
    '<b>3.</b> Click near a landmark to see what the network looks at to '
    'place it.')
DRAWN_FACES_ONLY = _note(
    'warn', '<b>This model has seen synthetic faces only.</b> It shows that '
    'the parts work together; on photographs of people expect wrong landmarks '
    'and angles. For a model of photographs start the page with '
    '<code>--weights photo</code>.')
CLICK_HERE = _note(
    'info', '<b>Click near a landmark</b> in the image: below appears what it '
    'attends to in each step of the cascade.')


def failure(error: Exception) -> str:
    return _note('bad', f'<b>This did not work.</b> {_escape(error)}')


def summary(found: Analysis) -> str:
    count = len(found.record['faces'])
    notes, name = _escape(' '.join(found.notes)), _escape(found.name)
    if not count:
        return _note(
            'warn', f'<b>No face found</b> in {name}. Try another detector: '
            f'whole_image takes all of it for a face. {notes}')
    faces = '1 face' if count == 1 else f'{count} faces'
    size = f'{found.record["width"]} x {found.record["height"]} pixels'
    return _note('good', f'<b>{faces}</b> in {name}, {size}. {notes}')


def clicked(face: int, landmark: int) -> str:
    return _note(
        'info', f'<b>Face {face + 1}, landmark {landmark}</b>: below is what '
        'it attends to in each step (rows) and layer (columns).')


def hint(text: str) -> str:
    return _note('info', _escape(text))


def pose_table(faces: List[dict]) -> str:
    head = ''.join(
        f'<th scope="col">{name}</th>'
        for name in ('face', 'yaw', 'pitch', 'roll', 'landmark score'))
    rows = []
    for number, face in enumerate(faces, 1):
        pose = face.get('pose', {})
        angles = [_angle(pose.get(name)) for name in ('yaw', 'pitch', 'roll')]
        scores = [s for s in face['landmark_scores'] if s is not None]
        score = f'{sum(scores) / len(scores):.2f}' if scores else ''
        cells = ''.join(f'<td>{text}</td>' for text in [*angles, score])
        rows.append(f'<tr><td>{number}</td>{cells}</tr>')
    return (f'<table><caption>{_ANGLES}</caption><tr>{head}</tr>'
            f'{"".join(rows)}</table>')


def _escape(text) -> str:
    return html.escape(str(text))


def _angle(degrees: Optional[float]) -> str:
    text = '' if degrees is None else f'{degrees:+.1f}'
    return text.replace('-', '\N{MINUS SIGN}')
