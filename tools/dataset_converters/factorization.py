"""A rigid head from 2D landmarks alone: factorisation, then refinement.

1. Under weak perspective the landmarks of all faces are one matrix of rank 3
   (C. Tomasi, T. Kanade, "Shape and Motion from Image Streams under
   Orthography", IJCV 1992, with a scale for each face). Missing landmarks
   are left out of the sums, so the two factors are found in turn.
2. The factors are turned until the two image axes of every face are
   perpendicular and of equal length.
3. Landmarks look the same from a head and from its mirror image in depth.
   The one whose nose is nearer to the camera than the rest is taken.
4. Head and poses are refined together under the package's own camera,
   :func:`project_head`.
5. The head is put into the world of
   :mod:`spiga_mmpose.geometry.euler`, see :func:`fit_head`.

Shape alphabet: N faces, L landmarks.
"""
from typing import NamedTuple, Tuple

import numpy as np
from scipy.optimize import least_squares
from scipy.sparse import coo_matrix
from scipy.spatial.transform import Rotation

from spiga_mmpose.geometry import (FOCAL_RATIO, FRONTAL_POSE, euler_to_matrix,
                                   matrix_to_euler, project_head)

# Head units between the outer eye corners, and of the longer side of the
# front, in the SPIGA authors' heads of 68 and 98 points.
EYE_DISTANCE = 0.84
FRONT_SIDE = 1.42

# Three faces bring more equations than the metric has unknowns, two do not.
MIN_FACES = 3
MIN_LANDMARKS = 4  # for a pose

# Rounds, until one lowers the mean squared error by less than this share of
# the landmarks' mean square.
_MAX_ROUNDS, _CONVERGED = 2000, 1e-16


class HeadFit(NamedTuple):
    """A rigid head and how it lies in every face."""
    head_model: np.ndarray  # (L, 3) head units
    poses: np.ndarray  # (N, 6) degrees and head units
    errors: np.ndarray  # (N, L) unit of the crop; NaN where not labelled


def fit_head(points: np.ndarray, labelled: np.ndarray,
             landmark_set) -> HeadFit:
    """Fit one rigid head to landmarks (N, L, 2) in [0, 1] of the crop, where
    they are labelled (N, L).

    The head is where the authors' heads are: its foremost landmark is the
    origin; the outer eye corners are ``EYE_DISTANCE`` apart (or, in a set
    that names none, the longer side of the front is ``FRONT_SIDE``); mirror
    pairs lie left and right; and pitch 0 is the mean pitch of the faces
    (without mirror pairs, so are yaw and roll), for nothing else in the
    landmarks of any set says what upright is.
    """
    nose = landmark_set.parts.get('nose')
    if not nose:
        raise ValueError(
            f"landmark set {landmark_set.name!r} has no part 'nose': name "
            'the landmarks that stick out of the face in parts.nose, they '
            'tell the head from its mirror image in depth')
    points, labelled = _checked(points, labelled, landmark_set)
    head, axes = factorize(points, labelled)
    rotations = _complete(axes)
    depth = rotations[:, 2].mean(0) @ (head[nose].mean(0) - head.mean(0))
    if depth > 0:
        head, axes = head * [1, 1, -1], axes * [1, 1, -1]
        rotations = _complete(axes)
    poses = _perspective_poses(head, axes, rotations, points, labelled)
    head, poses = _into_world(head, rotations, poses[:, 3:], landmark_set)
    head, poses = _refine(head, poses, points, labelled)
    head, poses = _into_world(head, euler_to_matrix(poses[:, :3]),
                              poses[:, 3:], landmark_set)
    errors = np.linalg.norm(project_head(head, poses) - points, axis=-1)
    return HeadFit(head, poses, np.where(labelled, errors, np.nan))


def mean_shape(points: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """(L, 2) mean place in the crop of points (N, L, 2), where labelled."""
    counts = labelled.sum(0)
    if not counts.all():
        raise ValueError(f'landmark {int(counts.argmin())} is labelled in no '
                         'face')
    return points.mean(0, where=labelled[..., None])


def factorize(points: np.ndarray,
              labelled: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Head (L, 3), its mean at 0, and image axes (N, 2, 3) of points (N, L, 2)
    under weak perspective.

    ``points[n, l] = axes[n] @ head[l]`` and a shift for each face. Both are
    known up to one rotation or reflection and one scale.
    """
    weights = np.asarray(labelled, np.float64)
    points = np.where(labelled[..., None], points, 0.)
    scale = np.sqrt((points**2).sum() / weights.sum())
    points = points / scale
    # A landmark is found from the 2N image coordinates of the faces.
    twice = np.repeat(weights.T, 2, axis=1)
    head = _first_head(points, weights)
    affine = _image_axes(head, points, weights)
    previous = np.inf
    for _ in range(_MAX_ROUNDS):
        motion = affine[:, :3].transpose(1, 0, 2).reshape(3, -1).T
        rest = (points - affine[:, None, 3]).transpose(1, 0, 2)
        head = _least_squares(motion[None], rest.reshape(len(head), -1, 1),
                              twice)[..., 0]
        # A basis of unit columns keeps the sums well conditioned.
        head = np.linalg.qr(head - head.mean(0))[0] * np.sqrt(len(head))
        affine = _image_axes(head, points, weights)
        squares = ((points - _with_one(head) @ affine)**2).sum(-1)
        error = (squares * weights).sum() / weights.sum()
        if previous - error < _CONVERGED:
            break
        previous = error
    return _metric(head, affine[:, :3].transpose(0, 2, 1) * scale)


def _checked(points, labelled, landmark_set):
    points = np.asarray(points, np.float64)
    labelled = np.asarray(labelled, bool)
    count = landmark_set.num_landmarks
    if points.shape != (len(points), count, 2) or (
            labelled.shape != points.shape[:2]):
        raise ValueError(
            f'landmark set {landmark_set.name!r}: expected points (N, '
            f'{count}, 2) and labelled (N, {count}), found {points.shape} '
            f'and {labelled.shape}')
    if not np.isfinite(points[labelled]).all():
        raise ValueError('a labelled landmark is not finite')
    few = labelled.sum(1)
    if few.min() < MIN_LANDMARKS:
        raise ValueError(f'face {few.argmin()} has {few.min()} labelled '
                         f'landmarks, expected at least {MIN_LANDMARKS}')
    few = labelled.sum(0)
    if few.min() < MIN_FACES:
        raise ValueError(
            f'landmark {few.argmin()} is labelled in {few.min()} faces, '
            f'expected at least {MIN_FACES} (and some hundred for a good '
            'head)')
    return np.where(labelled[..., None], points, 0.), labelled


def _with_one(head):
    return np.column_stack([head, np.ones(len(head))])


def _least_squares(columns, values, weights):
    """Weighted least squares, many at once: of columns (1 or K, M, P), values
    (K, M, Q) and weights (K, M) the factors (K, P, Q)."""
    weighted = (columns * weights[..., None]).swapaxes(1, 2)
    return np.linalg.pinv(weighted @ columns, hermitian=True) @ (
        weighted @ values)


def _image_axes(head, points, weights):
    """(N, 4, 2): the image of each axis of the head in a face, its shift."""
    return _least_squares(_with_one(head)[None], points, weights)


def _first_head(points, weights):
    """(L, 3) start: the three main directions of the mean-filled matrix."""
    counts = weights.sum(1)
    middle = points.sum(1) / counts[:, None]
    centred = (points - middle[:, None]) * weights[..., None]
    mean = centred.sum(0) / weights.sum(0)[:, None]
    filled = centred + (1 - weights)[..., None] * mean
    matrix = filled.transpose(0, 2, 1).reshape(-1, points.shape[1])
    matrix = matrix - matrix.mean(1, keepdims=True)
    return np.linalg.svd(matrix, full_matrices=False)[2][:3].T


def _metric(head, axes):
    """Turn an affine head into one whose image axes are those of a camera.

    With Q = A A^T, the axes a, b of every face satisfy a Q a = b Q b and
    a Q b = 0, which is linear in the six numbers of Q.
    """
    first, second = axes[:, 0], axes[:, 1]
    # Every face counts the same, whatever its size.
    size = (first**2).sum(1) + (second**2).sum(1)
    rows = np.concatenate(
        [(_outer(first, first) - _outer(second, second)) / size[:, None],
         _outer(first, second) / size[:, None]])
    values, vectors = np.linalg.eigh(rows.T @ rows)
    metric = np.zeros((3, 3))
    metric[np.triu_indices(3)] = vectors[:, 0]
    metric = (metric + np.triu(metric, 1).T) * np.sign(np.trace(metric))
    lengths, directions = np.linalg.eigh(metric)
    if lengths[0] < 1e-6 * lengths[2] or values[1] < 1e-9 * values[-1]:
        raise ValueError('the faces do not turn enough to tell the depth of '
                         'the landmarks; add faces with other yaw and pitch')
    root = directions * np.sqrt(lengths)
    return head @ np.linalg.inv(root).T, axes @ root


def _outer(a, b):
    """(N, 6) coefficients of the numbers of a symmetric Q in a Q b."""
    products = a[:, :, None] * b[:, None]
    row, column = np.triu_indices(3)
    return np.where(row == column, products[:, row, column],
                    products[:, row, column] + products[:, column, row])


def _complete(axes):
    """(N, 3, 3) nearest rotations with these image axes, head to camera."""
    u, _, vt = np.linalg.svd(axes, full_matrices=False)
    rows = u @ vt
    third = np.cross(rows[:, 0], rows[:, 1])
    return np.concatenate([rows, third[:, None]], 1)


def _perspective_poses(head, axes, rotations, points, labelled):
    """(N, 6) poses at which the camera sees the landmarks about as they are.

    A head unit at the depth tz is FOCAL_RATIO / tz wide.
    """
    depth = FOCAL_RATIO * np.sqrt(2) / np.linalg.norm(axes, axis=(1, 2))
    flat = head @ axes.swapaxes(1, 2)
    shift = (points - flat).mean(1, where=labelled[..., None]) - 0.5
    return np.column_stack([matrix_to_euler(rotations),
                            shift * depth[:, None] / FOCAL_RATIO, depth])


def _refine(head, poses, points, labelled):
    N, L = labelled.shape
    face, landmark = np.nonzero(labelled)

    def unpack(x):
        return x[:3 * L].reshape(L, 3), x[3 * L:].reshape(N, 6)

    def residuals(x):
        return (project_head(*unpack(x)) - points)[labelled].ravel()

    row = np.arange(2 * len(face))
    columns = np.concatenate([
        3 * landmark[:, None] + np.arange(3),
        3 * L + 6 * face[:, None] + np.arange(6)
    ], 1).repeat(2, axis=0)
    sparsity = coo_matrix((np.ones(columns.size),
                           (row.repeat(9), columns.ravel())),
                          shape=(len(row), 3 * L + 6 * N))
    found = least_squares(
        residuals, np.concatenate([head.ravel(), poses.ravel()]),
        jac_sparsity=sparsity, x_scale='jac', max_nfev=100)
    return unpack(found.x)


def _into_world(head, rotations, translations, landmark_set):
    """The same head (L, 3) and faces (N, 6) as the authors' heads are."""
    # The mean face looks straight into the camera ...
    mean = Rotation.from_matrix(rotations).mean().as_matrix()
    turn = euler_to_matrix(np.array(FRONTAL_POSE[:3])).T @ mean
    pairs = np.array(landmark_set.flip_pairs, int).reshape(-1, 2)
    if len(pairs):
        # ... and then its mirror pairs lie along y.
        turned = head @ turn.T
        across = turned[pairs[:, 0]] - turned[pairs[:, 1]]
        across = (across * np.sign(across[:, 1:2])).sum(0)
        least, _ = Rotation.align_vectors([0., 1., 0.], across)
        turn = least.as_matrix() @ turn
    head = head @ turn.T
    rotations = rotations @ turn.T
    if landmark_set.eye_corners:
        left, right = head[list(landmark_set.eye_corners)]
        scale = EYE_DISTANCE / np.linalg.norm(left - right)
    else:
        scale = FRONT_SIDE / np.ptp(head[:, 1:], axis=0).max()
    origin = head[head[:, 0].argmax()]
    translations = (translations + rotations @ origin) * scale
    return (head - origin) * scale, np.column_stack(
        [matrix_to_euler(rotations), translations])
