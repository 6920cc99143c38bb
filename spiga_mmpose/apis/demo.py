"""From files to files: what ``tools/demo.py`` does with each that it gets."""
import os.path as osp
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Optional, Sequence

import cv2
import numpy as np
from tqdm import tqdm

from spiga_mmpose.visualization import WINDOWS_NOTE, make_sheet
from .estimation import (estimate_each, faces_to_dicts, fill_batches,
                         landmark_set_name, merge_faces)
from .formats import make_record, wflw_to_300w
from .inferencer import SPIGAInferencer, make_visualizer
from .inputs import counted, is_camera, is_video, usable_boxes
from .library_lines import caught_stderr
from .sources import read_image
from .tracking import DET_EVERY
from .video import process_video
from .views import VIEWS, ask_for_views, steps_row, view_sheets
from .writing import ResultWriter, write_picture

# In the picture itself, and in sheets of their own.
ON_PICTURE = ('landmarks', 'pose')
DRAWINGS = ON_PICTURE + VIEWS
# Faces below this many px are enlarged in the drawn picture.
MIN_FACE = 96
# Faces of an image of which there are sheets.
MAX_VIEWED = 32
# What may be wrong with one image or video, and ends that one alone.
ERRORS = (ValueError, OSError, ImportError, cv2.error)
# Counts that are faults.
FAULTS = ('skipped', 'broken', 'dropped')


@dataclass
class Picture:
    """An image that waits for its batch."""
    path: str
    name: str  # of its files
    image: np.ndarray  # (H, W, 3) BGR
    boxes: np.ndarray  # (N, 4) x1, y1, x2, y2
    scores: np.ndarray  # (N,)


class Demo:
    """Takes images and videos in their order and writes what it finds.

    Args:
        inferencer (SPIGAInferencer): Finds faces and estimates them.
        writer (ResultWriter): Of the files of results.
        boxes (Sequence[np.ndarray], optional): (4,) x1, y1, x2, y2, px, of
            each face of every image, in place of what is found.
        draw (Sequence[str]): Some of ``DRAWINGS``.
        landmark (int, optional): Whose window and attention to draw.
        to_68 (bool): Write the 98 landmarks of WFLW as 300W's 68.
        det_every (int): See :func:`~spiga_mmpose.apis.process_video`.
        smooth (str): See there.
    """

    def __init__(self,
                 inferencer: SPIGAInferencer,
                 writer: ResultWriter,
                 boxes: Optional[Sequence[np.ndarray]] = None,
                 draw: Sequence[str] = ON_PICTURE,
                 landmark: Optional[int] = None,
                 to_68: bool = False,
                 det_every: int = DET_EVERY,
                 smooth: str = 'light'):
        self.inferencer = inferencer
        self.model = inferencer.model
        self.finder = inferencer.detect
        if boxes is not None:
            boxes = np.stack(boxes)
            scores = np.ones(len(boxes), np.float32)
            self.finder = lambda image: (boxes, scores)
        self.writer = writer
        self.draw = draw
        self.landmark = landmark
        self.to_68 = to_68
        self.video_options = dict(det_every=det_every, smooth=smooth)
        self.visualizer = make_visualizer(self.model, draw, MIN_FACE)
        inferencer.visualizer.draw = draw
        self.views = [view for view in VIEWS if view in draw]
        ask_for_views(self.model, self.views)
        # faces, images, empty, dropped, videos, broken, skipped
        self.count = Counter()
        self.notes = set()  # about the model, told once
        self.left = []  # paths that are still to be done

    def run(self, paths):
        """Read, estimate, draw and write; False: ended by Ctrl-C.

        Raises:
            OSError: If files of all images cannot be written.
        """
        self.left = list(paths)
        with self.writer, tqdm(
                total=len(paths), unit='file',
                disable=len(paths) < 2) as self.progress:
            try:
                for videos, some in groupby(paths, is_video):
                    if videos:
                        self.run_videos(some)
                    else:
                        self.run_images(some)
            except KeyboardInterrupt:
                return False
        return True

    def finished(self, path):
        """Count a path as done, or as given up."""
        self.left.remove(path)
        self.progress.update()

    def skip(self, path, error):
        """Say why a path is given up."""
        self.count['skipped'] += 1
        if isinstance(error, cv2.error):
            error = f'OpenCV cannot process it: {error.err}'
        name = '' if path in str(error) else f'{path}: '
        tqdm.write(f'skipped: {name}{error}', file=sys.stderr)
        self.finished(path)

    def run_images(self, paths):
        """Images whose faces go through the network in common batches."""
        pictures = filter(None, map(self.read, paths))
        for group in fill_batches(pictures):
            self.run_group(group)

    def read(self, path):
        """A ``Picture`` with its boxes, or None where it is of no use."""
        try:
            with caught_stderr() as lines:
                image = read_image(path)
            if lines:  # it was decoded nevertheless
                tqdm.write(f'{path} is damaged: {lines[0]}', file=sys.stderr)
            boxes, scores = self.usable(path, image, *self.finder(image))
            return Picture(path, self.writer.name_of(path), image, boxes,
                           scores)
        except ERRORS as error:
            self.skip(path, error)

    def usable(self, path, image, boxes, scores):
        """Boxes and scores without the boxes that are of no use.

        Raises:
            ValueError: If there are boxes, and none is of use.
        """
        good, faults = usable_boxes(boxes, *image.shape[1::-1])
        if faults and not good.any():
            raise ValueError(faults[0])
        for fault in faults:
            self.count['dropped'] += 1
            tqdm.write(f'dropped a box of {path}: {fault}', file=sys.stderr)
        return boxes[good], scores[good]

    def run_group(self, group):
        """Estimate and write pictures that fill a batch."""
        faces = estimate_each(
            self.model,
            [(picture.image, picture.boxes, picture.scores)
             for picture in group],
            refine=self.inferencer.refine)
        for number, picture in enumerate(group):
            try:
                self.write(picture, islice(faces, len(picture.boxes)))
            except ERRORS as error:
                if len(group) == 1:
                    self.skip(picture.path, error)
                    return
                # It may be of a later picture in the batch, and the batch is
                # lost: each by itself.
                for alone in group[number:]:
                    self.run_group([alone])
                return
            self.finished(picture.path)

    def write(self, picture, faces):
        """Write what was found in a picture.

        Raises:
            ValueError: If a face cannot be estimated or a picture written.
            OSError: If a file cannot be written.
        """
        drawn = np.ascontiguousarray(picture.image[..., ::-1])
        sample = self.gather(picture, drawn, faces)
        if len(picture.boxes):
            if 'pose' in self.draw and (
                    'head_poses' not in sample.pred_instances):
                self.notes.add('this model estimates no head pose')
            drawn = self.visualizer.draw_faces(picture.path, drawn, sample)
        record = make_record(
            picture.path, picture.image,
            landmark_set_name(self.model),
            faces_to_dicts(sample, steps='steps' in self.views))
        if self.to_68:
            record = wflw_to_300w(record)
        write_picture(self.writer.folder, f'{picture.name}_faces.jpg', drawn)
        self.writer.add(picture.name, record)
        self.count['faces'] += len(picture.boxes)
        self.count['images'] += 1
        if not len(picture.boxes):
            self.count['empty'] += 1
            tqdm.write(
                f'no face found in {picture.path}; give its box by --bbox, '
                'or another detector by --det',
                file=sys.stderr)

    def gather(self, picture, image, faces):
        """The faces of a picture as one sample; the views are drawn."""
        gathered, rows = [], []
        for face in faces:
            if len(gathered) < MAX_VIEWED:
                file = f'{picture.name}_{{}}_{len(gathered) + 1}.jpg'
                rows += self.draw_views(file, image, face)
            face.pred_instances.pop('attention', None)  # 2 MB each
            gathered.append(face)
        if self.views and len(gathered) > MAX_VIEWED:
            self.notes.add(f'{", ".join(self.views)}: of the first '
                           f'{MAX_VIEWED} faces of an image')
        if rows:
            write_picture(self.writer.folder, f'{picture.name}_steps.jpg',
                          make_sheet(rows, note=WINDOWS_NOTE))
        return merge_faces(self.model, picture.image, gathered)

    def draw_views(self, file, picture, face):
        """Write the sheets of a face; returns its rows of steps, 0 or 1."""
        landmark_set, rows = self.visualizer.landmark_set, []
        for view in self.views:
            try:
                if landmark_set is None:
                    raise ValueError('its config names no '
                                     'visualizer.landmark_set')
                if view == 'steps':
                    rows.append(
                        steps_row(self.model, picture, face, landmark_set,
                                  self.landmark))
                    continue
                for name, sheet in view_sheets(view, picture, face,
                                               landmark_set,
                                               self.landmark):
                    write_picture(self.writer.folder, file.format(name), sheet)
            except ValueError as error:  # so it will be of every face
                self.notes.add(f'{view} cannot be drawn: {error}')
        return rows

    def run_videos(self, sources):
        """Videos and cameras, one after the other.

        Raises:
            KeyboardInterrupt: If a video was ended by Ctrl-C.
        """
        if self.views:
            self.notes.add(f'{", ".join(self.views)}: not drawn of videos')
        for source in sources:
            try:
                done = process_video(
                    self.inferencer,
                    source,
                    self.writer.folder,
                    name=self.writer.name_of(source),
                    **self.video_options)
            except ERRORS as error:
                self.skip(source, error)
                continue
            self.report_video(source, done)
            self.finished(source)
            # That is how a camera ends.
            if done.interrupted and not is_camera(source):
                raise KeyboardInterrupt

    def report_video(self, source, done):
        """Say in a line what became of a video."""
        self.count['videos'] += 1
        video, *tables = map(osp.basename, done.files)
        parts = [
            counted(done.frames, 'frame'), f'{done.empty} without a face',
            f'{counted(done.faces, "face")} over all frames, '
            f'{done.identities} different'
        ]
        if done.missing:
            parts.append(f'{counted(done.missing, "frame")} missing')
        if done.interrupted:
            parts.append('ended by Ctrl-C')
        tqdm.write(f'{source}: {"; ".join(parts)}; written '
                   f'{", ".join([f"{video} ({done.codec})", *tables])}')
        if done.error:
            self.count['broken'] += 1
            tqdm.write(f'broken off: {done.error}', file=sys.stderr)

    def summary(self):
        """What was done, in a line; what did not occur is not in it."""
        count, done = self.count, []
        if count['images'] or not count['videos']:
            done.append(f'{counted(count["faces"], "face")} in '
                        f'{counted(count["images"], "image")}')
        if count['videos']:
            done.append(counted(count['videos'], 'video'))
        rest = [
            f'{counted(count[key], thing)} {what}'
            for key, thing, what in (('empty', 'image', 'without a face'),
                                     ('broken', 'video', 'broken off'),
                                     ('skipped', 'input', 'skipped'),
                                     ('dropped', 'box', 'dropped'))
            if count[key]
        ]
        line = f'{" and ".join(done)}, written to {self.writer.folder}'
        return '; '.join([line, ', '.join(rest)] if rest else [line])
