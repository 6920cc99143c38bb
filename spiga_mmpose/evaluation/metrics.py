"""The registered metrics, thin shells around ``functional``."""
import logging
from typing import Optional, Sequence, Union

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpose.registry import METRICS

from spiga_mmpose.landmark_sets import load_landmark_set
from .functional import (BOX_NORMS, alignment_summary, face_nme, norm_lengths,
                         normalized_errors, pose_summary)
from .protocols import checked_norm, checked_threshold, protocol_of
from .samples import (face_name, labelled_of, landmarks_of, predicted_angles,
                      steps_of, subsets_of, true_angles, true_box)

__all__ = ['FaceAlignmentMetric', 'HeadPoseMetric']


class _FaceMetric(BaseMetric):
    """Scores of all faces that have one, and of those of every subset."""

    # Not None, or MMEngine warns; empty, so that keys stay bare.
    default_prefix = ''
    count_key: str
    skipped_key: str

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """One small result for each face of a batch, see the class."""
        for sample in data_samples:
            self.results.append(
                dict(
                    self.score(sample),
                    subsets=subsets_of(sample),
                    name=face_name(sample)))

    def compute_metrics(self, results: list) -> dict:
        """Reduce the results of all faces, from all ranks, see the class; NaN
        where no face was scored."""
        scored = [r for r in results if self.is_scored(r)]
        skipped = [r['name'] for r in results if not self.is_scored(r)]
        metrics = self.summary(scored)
        metrics[self.count_key] = len(scored)
        # Also 0: MMEngine's log repeats the last value of a key that is gone.
        metrics[self.skipped_key] = len(skipped)
        if skipped:
            print_log(
                f'{type(self).__name__}: {len(skipped)} of {len(results)} '
                f'faces have {self.reason()} and are not scored, e.g. '
                f'{", ".join(skipped[:5])}',
                logger='current',
                level=logging.WARNING)
        for name in sorted({name for r in scored for name in r['subsets']}):
            members = [r for r in scored if name in r['subsets']]
            for key, value in self.summary(members).items():
                metrics[f'{name}/{key}'] = value
        return metrics


@METRICS.register_module()
class FaceAlignmentMetric(_FaceMetric):
    """NME, AUC, FR and NPE of a face-landmark model.

    Keys, all in per cent: ``NME`` (mean over the faces of the per-face mean
    error), ``AUC<t>`` and ``FR<t>`` (t the threshold, e.g. ``AUC10``),
    ``NPE90``, ``NPE95``, ``NPE99``; ``step0/NME`` (projected head model) to
    ``stepS/NME`` where every prediction has ``landmark_steps``; the same
    below the name of every subset found in the samples' metainfo ``subsets``
    (``pose/NME``, ``pose/step0/NME``, ...). Beside them ``num_faces``, the
    faces that were scored, and ``skipped``, those without a labelled landmark
    or without a normaliser, which a warning names. The formulas are those of
    :mod:`spiga_mmpose.evaluation.functional`.

    MMPose's ``NME`` differs: it pools the landmarks of all faces and is a
    fraction.

    Data samples have ``pred_instances.keypoints`` (1, L, 2),
    ``gt_instances.keypoints`` (1, L, 2), ``.keypoints_visible`` (1, L) and
    ``.bboxes`` (1, 4) for the norms of the annotated box, all image px.
    Optional: ``pred_instances.landmark_steps`` (1, S+1, L, 2), ``subsets``,
    ``img_path``.

    A second normaliser is a second metric with a prefix::

        val_evaluator = [
            dict(type='FaceAlignmentMetric', landmark_set='300w_68'),
            dict(type='FaceAlignmentMetric', landmark_set='300w_68',
                 norm='lnd_bbox', threshold=7, prefix='box'),
        ]

    Args:
        landmark_set (str): Name or path of the landmark set, L landmarks.
        norm (str | float | None): Normaliser: ``'corners'``, ``'pupils'``,
            ``'lnd_bbox'``, ``'bbox'``, ``'height'``, ``'diagonal'`` or a
            number of px. None: that of the landmark set's file (WFLW and
            300W: ``'corners'``).
        threshold (float | None): Of AUC and FR, per cent. None: that of the
            landmark set's file (WFLW: 10), or with another normaliser the one
            common for it.
        divide_by (str): ``'labelled'``, or ``'all'`` for MERL-RAV's rule (sum
            of the errors over L); then ``NME_labelled`` is the mean over
            the labelled landmarks.
        per_step (bool): Report the steps of the cascade.
        collect_device, prefix: ``'cpu'`` or ``'gpu'``; put before every key.

    Raises:
        ValueError: On a wrong argument; in :meth:`process`, naming the image,
            on a missing or misshapen input or a prediction that is not
            finite.
    """

    count_key, skipped_key = 'num_faces', 'skipped'

    def __init__(self, landmark_set: str = 'wflw_98',
                 norm: Optional[Union[str, float]] = None,
                 threshold: Optional[float] = None,
                 divide_by: str = 'labelled', per_step: bool = True,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.landmark_set = load_landmark_set(landmark_set)
        protocol = protocol_of(landmark_set)
        self.norm = checked_norm(protocol.norm if norm is None else norm)
        self.threshold = checked_threshold(
            protocol.threshold(self.norm) if threshold is None else threshold)
        self.divide_by = divide_by
        self.per_step = per_step
        # A wrong argument must not wait for the end of the first epoch.
        alignment_summary(np.zeros(0), self.threshold)
        points = np.zeros((0, self.landmark_set.num_landmarks, 2))
        nothing = points, points, points[..., 0] > 0, np.zeros((0, 4))
        face_nme(self._errors(*nothing), divide_by)

    def _errors(self, predicted, true, labelled, boxes):
        lengths = norm_lengths(self.norm, true, labelled, boxes,
                               self.landmark_set)
        return normalized_errors(predicted, true, labelled, lengths)

    def score(self, sample: dict) -> dict:
        """NME of the face, by either rule, and of the steps."""
        count = self.landmark_set.num_landmarks
        predicted = landmarks_of(sample, 'pred_instances', count)[None]
        true = landmarks_of(sample, 'gt_instances', count)[None]
        labelled = labelled_of(sample, count)[None]
        box = true_box(sample)[None]
        if (self.norm in BOX_NORMS and labelled.any()
                and not np.isfinite(box).all()):
            raise ValueError(f'{face_name(sample)}: the normaliser '
                             f'{self.norm!r} needs gt_instances.bboxes')
        steps = steps_of(sample, count) if self.per_step else None
        if steps is not None:
            predicted = np.concatenate([predicted, steps])
        for name, points in (('predicted', predicted),
                             ('true', true[labelled])):
            if not np.isfinite(points).all():
                raise ValueError(f'{face_name(sample)}: {name} landmarks are '
                                 'not all finite')

        # One row for the result and for each step of the cascade.
        errors = self._errors(predicted, *(
            values.repeat(len(predicted), 0)
            for values in (true, labelled, box)))
        scores = face_nme(errors, self.divide_by)
        return dict(
            nme=scores[0],
            nme_labelled=face_nme(errors[:1])[0],
            steps=scores[1:].tolist())

    def is_scored(self, result: dict) -> bool:
        return np.isfinite(result['nme'])

    def reason(self) -> str:
        return f'no labelled landmark or no normaliser ({self.norm!r})'

    def summary(self, results: list) -> dict:
        summary = alignment_summary(
            np.array([r['nme'] for r in results]), self.threshold)
        if self.divide_by == 'all':
            values = [r['nme_labelled'] for r in results]
            summary['NME_labelled'] = (
                float(np.mean(values)) if values else float('nan'))
        if len({len(r['steps']) for r in results}) == 1:
            means = np.mean([r['steps'] for r in results], axis=0)
            for step, value in enumerate(means):
                summary[f'step{step}/NME'] = float(value)
        return summary


@METRICS.register_module()
class HeadPoseMetric(_FaceMetric):
    """Mean absolute error of yaw, pitch and roll, and geodesic error.

    Keys, in degrees: ``MAE_yaw``, ``MAE_pitch``, ``MAE_roll``, ``MAE`` (their
    mean) and ``geodesic``, for all faces and below the name of every subset
    found in the samples' metainfo ``subsets`` (``pose/MAE``, ...). Beside
    them ``num_poses``, the faces that were scored, and ``skipped_poses``, the
    faces without a predicted or a true pose. The formulas are those of
    :mod:`spiga_mmpose.evaluation.functional.pose`.

    The true pose is ``gt_instances.head_poses`` where the data set brings it
    and otherwise the fit of the rigid head to the true landmarks in the
    network's crop. Such a fit depends on the crop, whose middle is the
    camera's principal point: errors compare between models that see the same
    crops.

    Data samples have ``pred_instances.head_poses`` (1, 6), and
    ``gt_instances.head_poses`` (1, 6) or ``.keypoints`` (1, L, 2),
    ``.keypoints_visible`` (1, L), image px, with ``input_center``,
    ``input_scale``, ``input_size``.

    Args:
        landmark_set (str): Name or path of the landmark set.
        rounded (bool): Fit to landmarks rounded to whole crop px, as for the
            poses that the authors publish.
        binned (bool): Report accuracy in bins of 15 degrees and success
            rates too, per cent: ``bin_acc_yaw``, ``adjacent_acc_yaw``,
            ``success5_yaw``, ...
        collect_device, prefix: ``'cpu'`` or ``'gpu'``; put before every key.

    Raises:
        ValueError: In :meth:`process`, naming the image, on a misshapen
            input or a prediction that is not finite.
    """

    count_key, skipped_key = 'num_poses', 'skipped_poses'

    def __init__(self, landmark_set: str = 'wflw_98', rounded: bool = False,
                 binned: bool = False, collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.landmark_set = load_landmark_set(landmark_set)
        self.rounded = rounded
        self.binned = binned

    def score(self, sample: dict) -> dict:
        """Predicted and true angles of the face."""
        return dict(
            predicted=predicted_angles(sample),
            true=true_angles(sample, self.landmark_set, self.rounded))

    def is_scored(self, result: dict) -> bool:
        return result['predicted'] is not None and result['true'] is not None

    def reason(self) -> str:
        return 'no predicted or no true pose'

    def summary(self, results: list) -> dict:
        predicted, true = (
            np.array([r[key] for r in results]).reshape(-1, 3)
            for key in ('predicted', 'true'))
        return pose_summary(predicted, true, self.binned)
