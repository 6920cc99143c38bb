"""SPIGAInferencer: landmarks and poses from any source, in one call."""
import logging
import os.path as osp
from contextlib import nullcontext
from copy import copy
from typing import (Dict, Iterable, Iterator, List, Optional, Sequence, Tuple,
                    Union)

import numpy as np
from mmengine.device import get_device
from mmengine.logging import print_log
from mmpose.structures import PoseDataSample

from spiga_mmpose.visualization import SPIGAVisualizer
from .calibration import BoxCalibration, load_calibration
from .detection import AUTO, make_finder
from .estimation import (BATCH_SIZE, check_refine, estimate_images,
                         landmark_set_of)
from .formats import to_mmpose
from .inputs import is_camera
from .library_lines import without_expected_warnings
from .loading import load_estimator
from .pipeline import FrameResult, find_faces
from .sources import Frame, read_frames
from .views import VIEWS, ask_for_views, steps_row, view_grids
from .writing import ResultWriter, make_folder, write_jpeg

_RESULTS, _IMAGES = 'predictions', 'visualizations'  # as of MMPose's
Boxes = Union[np.ndarray, Sequence[Sequence[float]]]


class SPIGAInferencer:
    """Faces, landmarks and poses of images, folders, videos and cameras.

    It is called as MMPose's inferencers are, and ``predictions`` have their
    form. It is no subclass of ``Pose2DInferencer``, which ignores given boxes,
    takes the whole image for a face where it finds none, starts with random
    weights where some are missing, and stops at the first broken file.

    Args:
        weights (str, optional): Name, path or URL; see
            :func:`~spiga_mmpose.apis.find_weights`. Defaults to
            ``'photo_98'``; an exported file holds its own.
        model (str, optional): Path of the model's config; only weights that
            are not published need it. Or a file of
            ``tools/deployment/export.py``, ``.onnx`` or ``.xml``.
        device (str, optional): E.g. ``'cpu'``, of torch: the model, and MMDet
            detectors with any backend. Defaults to a GPU if there is one.
        det_model, det_weights, box_calibration: What finds the faces; see
            :func:`~spiga_mmpose.apis.make_finder`. The calibration may also be
            the file of one (docs/boxes.md).
        backend (str, optional): What runs the network: ``'torch'``, or on the
            CPU ``'onnxruntime'`` or ``'openvino'``, for which weights are
            exported once and kept in the user's cache. Defaults to what runs
            the exported file, to torch for a config.
        threads (int, optional): Threads of the backend (torch: of the whole
            process). None: as many as it takes by itself.
        refine (int): Passes after the first, each on the landmark box of the
            pass before it; see :func:`~spiga_mmpose.apis.estimate_each`.
        draw (list[str]): What is drawn: ``'landmarks'``, ``'pose'`` and the
            views of :meth:`draw_view`.

    Attributes:
        detect (Callable): Of :func:`~spiga_mmpose.apis.make_finder`.

    Raises:
        ValueError: If weights, a config, an exported file or a detector are
            missing or do not fit together.
        ImportError: If the backend is not installed. It says what to type.

    Examples:
        >>> inferencer = SPIGAInferencer()
        >>> result = next(inferencer('photo.jpg'))
        >>> result['predictions'][0][0]['head_pose']
        >>> for result in inferencer('folder', out_dir='faces'):
        ...     print(result['record']['image'], result['error'])
        >>> fast = SPIGAInferencer(model='spiga.xml', threads=2)
    """

    def __init__(self, weights: Optional[str] = None,
                 model: Optional[str] = None, device: Optional[str] = None,
                 det_model: str = AUTO, det_weights: Optional[str] = None,
                 box_calibration: Union[str, BoxCalibration, None] = None,
                 backend: Optional[str] = None, threads: Optional[int] = None,
                 refine: int = 0,
                 draw: Sequence[str] = ('landmarks', 'pose')) -> None:
        self.refine = check_refine(refine)
        self.draw = draw
        self.device = device = device or get_device()
        if isinstance(box_calibration, str):
            box_calibration = load_calibration(box_calibration)
        with without_expected_warnings():
            self.model = load_estimator(weights, model, device, backend,
                                        threads)
            if set(VIEWS) & set(draw):
                ask_for_views(self.model, draw)
            self._landmark_set = self.make_visualizer().landmark_set
            self.detect = make_finder(det_model, det_weights, device,
                                      box_calibration)

    def with_detector(self, det_model: str,
                      det_weights: Optional[str] = None) -> 'SPIGAInferencer':
        """Another inferencer, with the same network and another detector."""
        other = copy(self)
        with without_expected_warnings():
            other.detect = make_finder(det_model, det_weights, self.device)
        return other

    @property
    def num_landmarks(self) -> Optional[int]:
        """Landmarks of a face; None if the model does not tell."""
        return self.model.dataset_meta.get('num_keypoints')

    @property
    def only_synthetic(self) -> bool:
        """Whether the network was trained on synthetic faces alone."""
        return self.model.cfg.get('dataset_type') == 'SyntheticFaceDataset'

    def estimate(self,
                 items: Sequence[Tuple[np.ndarray, np.ndarray, np.ndarray]],
                 batch_size: int = BATCH_SIZE) -> List[PoseDataSample]:
        """Faces in known boxes; see
        :func:`~spiga_mmpose.apis.estimate_images`."""
        return estimate_images(self.model, items, batch_size, self.refine)

    def find_faces(self, frames: Iterable[Frame],
                   **options) -> Iterator[FrameResult]:
        """Yield one result for each frame, in order; see
        :func:`~spiga_mmpose.apis.find_faces`."""
        return find_faces(
            self.model, self.detect, frames, refine=self.refine, **options)

    def make_visualizer(self, min_face: int = 0) -> SPIGAVisualizer:
        """A visualizer for the landmark set of the model's config or head,
        which is None if unknown; ``min_face``: see :class:`SPIGAVisualizer`.
        """
        config = self.model.cfg.get('visualizer') or {}
        known = config.get('landmark_set') or landmark_set_of(self.model)
        visualizer = SPIGAVisualizer(name='faces', landmark_set=known,
                                     draw=self.draw, min_face=min_face)
        visualizer.set_dataset_meta(self.model.dataset_meta)
        return visualizer

    def draw_view(self, view: str, image: np.ndarray, face: PoseDataSample,
                  landmark: Optional[int] = None,
                  size: int = 256) -> Dict[str, np.ndarray]:
        """What the network does with one face, in images by name.

        Args:
            view (str): Of :data:`~spiga_mmpose.apis.VIEWS`, and of ``draw`` in
                the constructor.
            image (np.ndarray): (H, W, 3) RGB, uint8.
            face (:obj:`PoseDataSample`): What ``see_face`` of
                :meth:`find_faces` is called with.
            landmark (int, optional): Whose windows and attention. Defaults to
                one at the left pupil.
            size (int): Side of a panel of the steps, px.

        Returns:
            dict: The grids of :func:`~spiga_mmpose.apis.view_grids`; for
            ``'steps'`` the panels of :func:`~spiga_mmpose.apis.steps_row`.

        Raises:
            ValueError: If the model gives no such thing, or there is no such
                landmark.
        """
        known = self._landmark_set
        if known is None:
            raise ValueError('its config names no visualizer.landmark_set')
        if view == 'steps':
            return dict(steps=steps_row(self.model, image, face, known,
                                        landmark, size))
        return dict(view_grids(view, image, face, known, landmark))

    def __call__(self, inputs,
                 bboxes: Union[Boxes, Sequence[Boxes], None] = None,
                 batch_size: int = BATCH_SIZE, steps: bool = False,
                 return_datasamples: bool = False, return_vis: bool = False,
                 out_dir: Optional[str] = None,
                 formats: Sequence[str] = ('mmpose', )) -> Iterator[dict]:
        """Yield a result for each image, in order.

        An image that cannot be read or processed, or in which no box is valid,
        does not end the run: its result holds no face and says why
        (``error``), and a warning is logged.

        Args:
            inputs: A source; see :func:`~spiga_mmpose.apis.read_frames`.
            bboxes (optional): Face boxes instead of a detector's: (N, 4) x1,
                y1, x2, y2 in px for every image, or a list with such an array
                for each image. They are not calibrated.
            batch_size (int): Faces, of one or several images, that go through
                the network at once. A camera's images go one by one.
            steps (bool): With the landmarks of each step of the cascade.
            return_datasamples (bool): ``predictions`` as data samples.
            return_vis (bool): With the drawn images.
            out_dir (str, optional): Write ``predictions/`` and
                ``visualizations/`` there.
            formats (list[str]): Of the predictions that are written; see
                :mod:`~spiga_mmpose.apis.writing`.

        Yields:
            dict: As MMPose's: ``predictions``, a list of one: the faces (see
            :func:`~spiga_mmpose.apis.formats.to_mmpose`) or the
            :obj:`PoseDataSample`; ``visualization``, a list of one RGB image
            or empty. Beyond MMPose's: ``record``
            (:mod:`~spiga_mmpose.apis.formats`), ``error`` (str or None) and
            ``dropped``, a sentence for each box that is not valid.

        Raises:
            ValueError: If ``bboxes`` are no boxes or of another number of
                images, a format is unknown, or ``out_dir`` is no folder to
                write into.
            OSError: If a result cannot be written.
        """
        writer = nullcontext()
        if out_dir is not None:
            make_folder(osp.join(out_dir, _IMAGES))
            writer = ResultWriter(osp.join(out_dir, _RESULTS), formats)
        if is_camera(inputs):
            batch_size = 1
        visualizer = self.make_visualizer()
        with writer:
            for found in self.find_faces(read_frames(inputs), bboxes=bboxes,
                                         batch_size=batch_size, steps=steps):
                faults = [f'skipped: {found.error}'] if found.error else [
                    f'dropped a box of {found.frame.name}: {fault}'
                    for fault in found.dropped
                ]
                for line in faults:
                    print_log(line, logger='current', level=logging.WARNING)
                drawn = []
                if return_vis or out_dir is not None:
                    drawn = [found.draw(visualizer)]
                if out_dir is not None and not found.error:
                    name = writer.name_of(found.frame.name, found.frame.index)
                    writer.add(name, found.record)
                    write_jpeg(osp.join(out_dir, _IMAGES), f'{name}.jpg',
                               drawn[0])
                yield dict(
                    predictions=[found.faces if return_datasamples else
                                 to_mmpose(found.record)],
                    visualization=drawn if return_vis else [],
                    record=found.record, error=found.error or None,
                    dropped=found.dropped)
