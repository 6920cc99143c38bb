"""Landmark accuracy as the face-alignment literature reports it."""
import logging
from typing import Optional, Sequence, Union

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpose.registry import METRICS

from spiga_mmpose.landmark_sets import load_landmark_set
from ..functional import (BOX_NORMS, alignment_summary, face_nme, norm_lengths,
                          normalized_errors)
from ..protocols import checked_norm, checked_threshold, protocol_of
from ..samples import (face_name, labelled_of, landmarks_of, steps_of,
                       subsets_of, true_box)


@METRICS.register_module()
class FaceAlignmentMetric(BaseMetric):
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

    A second normaliser is a second metric with a prefix::

        val_evaluator = [
            dict(type='FaceAlignmentMetric', landmark_set='300w_68'),
            dict(type='FaceAlignmentMetric', landmark_set='300w_68',
                 norm='lnd_bbox', threshold=7, prefix='box'),
        ]

    Args:
        landmark_set (str): Name or path of the landmark set, L landmarks.
            Defaults to ``'wflw_98'``.
        norm (str | float | None): Normaliser: ``'corners'``, ``'pupils'``,
            ``'lnd_bbox'``, ``'bbox'``, ``'height'``, ``'diagonal'`` or a
            number of px. Defaults to None: that of the landmark set's file
            (WFLW and 300W: ``'corners'``).
        threshold (float | None): Of AUC and FR, per cent. Defaults to None:
            that of the landmark set's file (WFLW: 10), or with another
            normaliser the one common for it.
        divide_by (str): ``'labelled'``, or ``'all'`` for MERL-RAV's rule (sum
            of the errors over L); then ``NME_labelled`` is the mean over
            the labelled landmarks. Defaults to ``'labelled'``.
        per_step (bool): Report the steps of the cascade. Defaults to True.
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str | None): Put before every key. Defaults to None.

    Raises:
        ValueError: On a wrong argument; in :meth:`process`, naming the image,
            on a missing or misshapen input or a prediction that is not
            finite.
    """

    # Not None, or MMEngine warns; empty, so that keys stay bare.
    default_prefix = ''

    def __init__(self,
                 landmark_set: str = 'wflw_98',
                 norm: Optional[Union[str, float]] = None,
                 threshold: Optional[float] = None,
                 divide_by: str = 'labelled',
                 per_step: bool = True,
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
        face_nme(self._errors(*self._empty()), divide_by)

    def _empty(self):
        points = np.zeros((0, self.landmark_set.num_landmarks, 2))
        return points, points, points[..., 0] > 0, np.zeros((0, 4))

    def _errors(self, predicted, true, labelled, boxes):
        lengths = norm_lengths(self.norm, true, labelled, boxes,
                               self.landmark_set)
        return normalized_errors(predicted, true, labelled, lengths)

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Score a batch of faces; one small result for each.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With ``pred_instances.keypoints``
                (1, L, 2), ``gt_instances.keypoints`` (1, L, 2),
                ``.keypoints_visible`` (1, L) and ``.bboxes`` (1, 4) for the
                norms of the annotated box, all image px. Optional:
                ``pred_instances.landmark_steps`` (1, S+1, L, 2),
                ``subsets``, ``img_path``.
        """
        for sample in data_samples:
            self.results.append(self._score(sample))

    def _score(self, sample: dict) -> dict:
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
        rows = len(predicted)
        errors = self._errors(predicted, true.repeat(rows, 0),
                              labelled.repeat(rows, 0), box.repeat(rows, 0))
        scores = face_nme(errors, self.divide_by)
        return dict(
            nme=scores[0],
            nme_labelled=face_nme(errors[:1])[0],
            steps=scores[1:].tolist(),
            subsets=subsets_of(sample),
            name=face_name(sample))

    def compute_metrics(self, results: list) -> dict:
        """Reduce the results of all faces.

        Args:
            results (list[dict]): Of :meth:`process`, from all ranks.

        Returns:
            dict[str, float]: See the class. NaN where no face was scored.
        """
        scored = [r for r in results if np.isfinite(r['nme'])]
        skipped = [r['name'] for r in results if not np.isfinite(r['nme'])]
        metrics = self._summary(scored)
        metrics['num_faces'] = len(scored)
        # Also 0: MMEngine's log repeats the last value of a key that is gone.
        metrics['skipped'] = len(skipped)
        if skipped:
            print_log(
                f'FaceAlignmentMetric: {len(skipped)} of {len(results)} faces '
                'have no labelled landmark or no normaliser '
                f'({self.norm!r}) and are not scored, e.g. '
                f'{", ".join(skipped[:5])}',
                logger='current',
                level=logging.WARNING)
        names = sorted({name for r in scored for name in r['subsets']})
        for name in names:
            members = [r for r in scored if name in r['subsets']]
            for key, value in self._summary(members).items():
                metrics[f'{name}/{key}'] = value
        return metrics

    def _summary(self, results: list) -> dict:
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
