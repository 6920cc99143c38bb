"""Landmarks by dlib's shape_predictor_68 of the faces of an annotation file.

    python tools/analysis_tools/peers/run_dlib.py annotations.json dlib.json \\
        --data-root images

The predictor gets a box like those of dlib's own detector, computed from the
tight box of the true landmarks. See docs/photographs.md.
"""
import importlib.util
import os.path as osp
import sys

from adapter import run

MODEL = 'models/shape_predictor_68_face_landmarks.dat'
# The boxes of dlib's frontal face detector, which the predictor expects, are
# squares. Their side, and what their centre lies below that of the tight box
# of the landmarks, in longer sides of that box: medians over the 310 of 337
# AFW faces that the detector finds (image upsampled once, IoU above 0.3).
SIDE, DOWN = 0.975, -0.097


def load():
    import dlib
    import numpy as np
    package = importlib.util.find_spec('face_recognition_models')
    if package is None:
        raise ImportError("No module named 'face_recognition_models'")
    predictor = dlib.shape_predictor(
        osp.join(package.submodule_search_locations[0], MODEL))

    def predict(image, box):
        longer = (box[2:] - box[:2]).max()
        center = (box[:2] + box[2:]) / 2 + (0, DOWN * longer)
        side = SIDE * longer
        left, top, right, bottom = np.rint(
            [*(center - side / 2), *(center + side / 2)]).astype(int).tolist()
        # The last pixel of a dlib rectangle belongs to it.
        found = predictor(image,
                          dlib.rectangle(left, top, right - 1, bottom - 1))
        return np.array([(point.x, point.y) for point in found.parts()])

    return predict


if __name__ == '__main__':
    sys.exit(run(__file__, __doc__, load))
