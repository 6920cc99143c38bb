"""Head-pose accuracy, in degrees."""
import logging
from typing import Optional, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpose.registry import METRICS

from spiga_mmpose.landmark_sets import load_landmark_set
from ..functional import pose_summary
from ..samples import face_name, predicted_angles, subsets_of, true_angles


@METRICS.register_module()
class HeadPoseMetric(BaseMetric):
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

    Args:
        landmark_set (str): Name or path of the landmark set. Defaults to
            ``'wflw_98'``.
        rounded (bool): Fit to landmarks rounded to whole crop px, as for the
            poses that the authors publish. Defaults to False.
        binned (bool): Report accuracy in bins of 15 degrees and success
            rates too, per cent: ``bin_acc_yaw``, ``adjacent_acc_yaw``,
            ``success5_yaw``, ... Defaults to False.
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str | None): Put before every key. Defaults to None.

    Raises:
        ValueError: In :meth:`process`, naming the image, on a misshapen
            input or a prediction that is not finite.
    """

    # Not None, or MMEngine warns; empty, so that keys stay bare.
    default_prefix = ''

    def __init__(self,
                 landmark_set: str = 'wflw_98',
                 rounded: bool = False,
                 binned: bool = False,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.landmark_set = load_landmark_set(landmark_set)
        self.rounded = rounded
        self.binned = binned

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Take the poses of a batch of faces; one small result for each.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With ``pred_instances.head_poses``
                (1, 6), and ``gt_instances.head_poses`` (1, 6) or
                ``.keypoints`` (1, L, 2), ``.keypoints_visible`` (1, L), image
                px, with ``input_center``, ``input_scale``, ``input_size``.
        """
        for sample in data_samples:
            self.results.append(
                dict(
                    predicted=predicted_angles(sample),
                    true=true_angles(sample, self.landmark_set, self.rounded),
                    subsets=subsets_of(sample),
                    name=face_name(sample)))

    def compute_metrics(self, results: list) -> dict:
        """Reduce the results of all faces.

        Args:
            results (list[dict]): Of :meth:`process`, from all ranks.

        Returns:
            dict[str, float]: See the class. NaN where no face was scored.
        """
        scored, skipped = [], []
        for r in results:
            missing = r['predicted'] is None or r['true'] is None
            (skipped if missing else scored).append(r)
        metrics = self._summary(scored)
        metrics['num_poses'] = len(scored)
        # Also 0: MMEngine's log repeats the last value of a key that is gone.
        metrics['skipped_poses'] = len(skipped)
        if skipped:
            print_log(
                f'HeadPoseMetric: {len(skipped)} of {len(results)} faces have '
                'no predicted or no true pose and are not scored, e.g. '
                f'{", ".join(r["name"] for r in skipped[:5])}',
                logger='current',
                level=logging.WARNING)
        names = sorted({name for r in scored for name in r['subsets']})
        for name in names:
            members = [r for r in scored if name in r['subsets']]
            for key, value in self._summary(members).items():
                metrics[f'{name}/{key}'] = value
        return metrics

    def _summary(self, results: list) -> dict:
        predicted, true = (
            np.array([r[key] for r in results]).reshape(-1, 3)
            for key in ('predicted', 'true'))
        return pose_summary(predicted, true, self.binned)
