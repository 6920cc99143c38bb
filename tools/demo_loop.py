"""From files to files: what ``tools/demo.py`` does with each that it gets."""
import os.path as osp
import sys
from collections import Counter
from itertools import groupby
from typing import Optional, Sequence

import numpy as np
from tqdm import tqdm

from spiga_mmpose.apis import (VIEWS, ResultWriter, SPIGAInferencer, is_camera,
                               is_video, process_video, read_frames,
                               write_jpeg)
from spiga_mmpose.apis.formats import wflw_to_300w
from spiga_mmpose.apis.inputs import counted
from spiga_mmpose.apis.library_lines import caught_stderr
from spiga_mmpose.apis.pipeline import ERRORS, describe_error
from spiga_mmpose.apis.tracking import DET_EVERY
from spiga_mmpose.visualization import WINDOWS_NOTE, make_grid

# In the image itself, and in grids of their own.
ON_IMAGE = ('landmarks', 'pose')
DRAWINGS = ON_IMAGE + VIEWS
# Faces below this many px are enlarged in the drawn image.
MIN_FACE = 96
# Faces of an image of which there are grids.
MAX_VIEWED = 32
# Counts that are faults.
FAULTS = ('skipped', 'broken', 'dropped')


class Demo:
    """Takes images and videos in their order and writes what it finds."""

    def __init__(self, inferencer: SPIGAInferencer, writer: ResultWriter,
                 boxes: Optional[Sequence[np.ndarray]] = None,
                 landmark: Optional[int] = None, to_68: bool = False,
                 det_every: int = DET_EVERY, smooth: str = 'light'):
        self.inferencer = inferencer
        self.writer = writer
        self.boxes = boxes
        self.landmark = landmark
        self.to_68 = to_68
        self.video_options = dict(det_every=det_every, smooth=smooth)
        self.visualizer = inferencer.make_visualizer(MIN_FACE)
        self.views = [view for view in VIEWS if view in inferencer.draw]
        self.names = {}  # of the files of each image
        # Of the image whose faces come: RGB, and the rows of its steps.
        self.image, self.rows = None, []
        # faces, images, empty, dropped, videos, broken, skipped
        self.count = Counter()
        self.notes = set()  # about the model, told once
        self.left = []  # paths that are still to be done

    def run(self, paths):
        self.left = list(paths)
        with self.writer, tqdm(total=len(paths), unit='file',
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
        self.left.remove(path)
        self.progress.update()

    def skip(self, path, error):
        self.count['skipped'] += 1
        tqdm.write(f'skipped: {error}', file=sys.stderr)
        self.finished(path)

    def run_images(self, paths):
        for result in self.inferencer.find_faces(
                map(self.read, paths),
                bboxes=self.boxes,
                steps='steps' in self.views,
                see_face=self.draw_views):
            path, error = result.frame.name, result.error
            if not error:
                try:
                    self.write(path, result)
                except ERRORS as fault:
                    error = describe_error(path, fault)
            if error:
                self.skip(path, error)
            else:
                self.finished(path)
            self.rows = []

    def read(self, path):
        """The frame of an image; says so if the file is damaged."""
        with caught_stderr() as lines:
            [frame] = read_frames(path)
        if lines and not frame.error:  # it was decoded nevertheless
            tqdm.write(f'{path} is damaged: {lines[0]}', file=sys.stderr)
        return frame

    def name_of(self, path):
        """Name of the files of an image, the same at every call."""
        if path not in self.names:
            self.names[path] = self.writer.name_of(path)
        return self.names[path]

    def write(self, path, result):
        number, name = len(result.boxes), self.name_of(path)
        for fault in result.dropped:
            self.count['dropped'] += 1
            tqdm.write(f'dropped a box of {path}: {fault}', file=sys.stderr)
        if self.views and number > MAX_VIEWED:
            self.notes.add(f'{", ".join(self.views)}: of the first '
                           f'{MAX_VIEWED} faces of an image')
        if self.rows:
            write_jpeg(self.writer.folder, f'{name}_steps.jpg',
                       make_grid(self.rows, note=WINDOWS_NOTE))
        if (number and 'pose' in self.inferencer.draw
                and 'head_poses' not in result.faces.pred_instances):
            self.notes.add('this model estimates no head pose')
        record = result.record
        if self.to_68:
            record = wflw_to_300w(record)
        write_jpeg(self.writer.folder, f'{name}_faces.jpg',
                   result.draw(self.visualizer))
        self.writer.add(name, record)
        self.count['faces'] += number
        self.count['images'] += 1
        if not number:
            self.count['empty'] += 1
            tqdm.write(
                f'no face found in {path}; give its box by --bbox, or another '
                'detector by --det', file=sys.stderr)

    def draw_views(self, frame, number, face):
        """Write the grids of a face, keep its row of steps."""
        if self.views and not number:
            self.rows = []
            self.image = np.ascontiguousarray(frame.image[..., ::-1])
        for view in self.views if number < MAX_VIEWED else ():
            try:
                grids = self.inferencer.draw_view(view, self.image, face,
                                                  self.landmark)
                if view == 'steps':
                    self.rows.append(grids['steps'])
                    continue
                for name, grid in grids.items():
                    write_jpeg(
                        self.writer.folder,
                        f'{self.name_of(frame.name)}_{name}_{number + 1}.jpg',
                        grid)
            except ValueError as error:  # so it will be of every face
                self.notes.add(f'{view} cannot be drawn: {error}')
        face.pred_instances.pop('attention', None)  # 2 MB each

    def run_videos(self, sources):
        if self.views:
            self.notes.add(f'{", ".join(self.views)}: not drawn of videos')
        for source in sources:
            try:
                done = process_video(
                    self.inferencer, source, self.writer.folder,
                    name=self.writer.name_of(source), **self.video_options)
            except ERRORS as error:
                self.skip(source, describe_error(source, error))
                continue
            self.report_video(source, done)
            self.finished(source)
            # That is how a camera ends.
            if done.interrupted and not is_camera(source):
                raise KeyboardInterrupt

    def report_video(self, source, done):
        self.count['videos'] += 1
        parts = [
            counted(done.frames, 'frame'), f'{done.empty} without a face',
            f'{counted(done.faces, "face")} over all frames, '
            f'{done.identities} different'
        ]
        if done.missing:
            parts.append(f'{counted(done.missing, "frame")} missing')
        if done.interrupted:
            parts.append('ended by Ctrl-C')
        written = 'nothing written'
        if done.files:
            video, *tables = map(osp.basename, done.files)
            written = f'written {video} ({done.codec}), {", ".join(tables)}'
        tqdm.write(f'{source}: {"; ".join(parts)}; {written}')
        if done.lost_sound:
            tqdm.write(
                f'{source}: its sound is not in the drawn video: '
                f'{done.lost_sound}', file=sys.stderr)
        if done.error:
            self.count['broken'] += 1
            tqdm.write(f'broken off: {done.error}', file=sys.stderr)

    def summary(self):
        count, done = self.count, []
        if count['images'] or not count['videos']:
            done.append(f'{counted(count["faces"], "face")} in '
                        f'{counted(count["images"], "image")}')
        if count['videos']:
            done.append(counted(count['videos'], 'video'))
        rest = [
            f'{counted(count[key], thing)} {what}' for key, thing, what in (
                ('empty', 'image',
                 'without a face'), ('broken', 'video', 'broken off'),
                ('skipped', 'input', 'skipped'), ('dropped', 'box', 'dropped'))
            if count[key]
        ]
        line = f'{" and ".join(done)}, written to {self.writer.folder}'
        return '; '.join([line, ', '.join(rest)] if rest else [line])
