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

ON_IMAGE = ('landmarks', 'pose')  # the others are grids of their own
DRAWINGS = ON_IMAGE + VIEWS
MIN_FACE = 96  # px; smaller faces are enlarged in the drawn image
MAX_VIEWED = 32  # faces of an image of which there are grids
FAULTS = ('skipped', 'broken', 'dropped')  # counts


def warn(line):
    tqdm.write(line, file=sys.stderr)


class Demo:

    def __init__(self, inferencer: SPIGAInferencer, writer: ResultWriter,
                 boxes: Optional[Sequence[np.ndarray]] = None,
                 landmark: Optional[int] = None, to_68: bool = False,
                 det_every: int = DET_EVERY, smooth: str = 'light'):
        self.inferencer, self.writer, self.boxes = inferencer, writer, boxes
        self.landmark, self.to_68 = landmark, to_68
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
        """Do all paths; False: ended by Ctrl-C."""
        self.left = list(paths)
        with self.writer, tqdm(total=len(paths), unit='file',
                               disable=len(paths) < 2) as self.progress:
            try:
                for videos, some in groupby(paths, is_video):
                    (self.run_videos if videos else self.run_images)(some)
            except KeyboardInterrupt:
                return False
        return True

    def finished(self, path):
        self.left.remove(path)
        self.progress.update()

    def skip(self, path, error):
        self.count['skipped'] += 1
        warn(f'skipped: {error}')
        self.finished(path)

    def run_images(self, paths):
        for result in self.inferencer.find_faces(
                map(self.read, paths), bboxes=self.boxes,
                steps='steps' in self.views, see_face=self.draw_views):
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
            warn(f'{path} is damaged: {lines[0]}')
        return frame

    def name_of(self, path):
        if path not in self.names:
            self.names[path] = self.writer.name_of(path)
        return self.names[path]

    def write(self, path, result):
        number, name = len(result.boxes), self.name_of(path)
        for fault in result.dropped:
            self.count['dropped'] += 1
            warn(f'dropped a box of {path}: {fault}')
        if self.views and number > MAX_VIEWED:
            self.notes.add(f'{", ".join(self.views)}: of the first '
                           f'{MAX_VIEWED} faces of an image')
        if self.rows:
            write_jpeg(self.writer.folder, f'{name}_steps.jpg',
                       make_grid(self.rows, note=WINDOWS_NOTE))
        if (number and 'pose' in self.inferencer.draw
                and 'head_poses' not in result.faces.pred_instances):
            self.notes.add('this model estimates no head pose')
        record = wflw_to_300w(result.record) if self.to_68 else result.record
        write_jpeg(self.writer.folder, f'{name}_faces.jpg',
                   result.draw(self.visualizer))
        self.writer.add(name, record)
        self.count.update(faces=number, images=1)
        if not number:
            self.count['empty'] += 1
            warn(f'no face found in {path}; give its box by --bbox, or '
                 'another detector by --det')

    def draw_views(self, frame, number, face):
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
        parts = [counted(done.frames, 'frame'), f'{done.empty} without a face',
                 f'{counted(done.faces, "face")} over all frames, '
                 f'{done.identities} different']
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
            warn(f'{source}: its sound is not in the drawn video: '
                 f'{done.lost_sound}')
        if done.error:
            self.count['broken'] += 1
            warn(f'broken off: {done.error}')

    def summary(self):
        """In one line; zero counts are left out."""
        count, done = self.count, []
        if count['images'] or not count['videos']:
            done.append(f'{counted(count["faces"], "face")} in '
                        f'{counted(count["images"], "image")}')
        if count['videos']:
            done.append(counted(count['videos'], 'video'))
        line = f'{" and ".join(done)}, written to {self.writer.folder}'
        kinds = (('empty', 'image', 'without a face'),
                 ('broken', 'video', 'broken off'),
                 ('skipped', 'input', 'skipped'),
                 ('dropped', 'box', 'dropped'))
        rest = [f'{counted(count[key], thing)} {what}'
                for key, thing, what in kinds if count[key]]
        return '; '.join([line, ', '.join(rest)] if rest else [line])
