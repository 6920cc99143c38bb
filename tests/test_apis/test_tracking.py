"""Faces followed from frame to frame, in a world of boxes."""
import pickle

import numpy as np
import pytest
import torch
from mmdet.models.trackers import byte_tracker
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from mmpose.structures.bbox import bbox_overlaps

from spiga_mmpose.apis.estimation import landmark_boxes
from spiga_mmpose.apis.tracking import FaceFollower, FaceIds

pytest.importorskip('lap', reason='needs requirements/video.txt')

IMAGE = np.zeros((200, 300, 3), np.uint8)


def box(x, y=50., side=40.):
    return np.array([x, y, x + side, y + side], np.float32)


def landmarks_of(face):
    """Four corners and the centre of a box, (5, 2)."""
    x1, y1, x2, y2 = face
    return np.array([[x1, y1], [x2, y1], [x1, y2], [x2, y2],
                     [(x1 + x2) / 2, (y1 + y2) / 2]], np.float32)


def overlaps(box_, others):
    return bbox_overlaps(
        torch.as_tensor(box_)[None], torch.as_tensor(np.array(others)))[0]


class World:
    """A detector and a network that see the faces of a frame.

    Args:
        seen (list[list]): Boxes (4,) to be seen in each frame.
        detected (list[list], optional): Those that the detector finds.
    """

    def __init__(self, seen, detected=None):
        self.seen = seen
        self.detected = seen if detected is None else detected
        self.frame = -1
        self.runs = []  # frames on which the detector ran
        self.asked = []  # boxes of each frame

    def detect(self, image):
        self.runs.append(self.frame)
        found = np.array(self.detected[self.frame], np.float32).reshape(-1, 4)
        return found, np.full(len(found), 0.9, np.float32)

    def estimate(self, items):
        [(image, boxes, scores)] = items
        self.asked[-1] += list(boxes)
        answers = [self.answer(asked) for asked in boxes]
        return [
            PoseDataSample(
                pred_instances=InstanceData(
                    bboxes=np.asarray(boxes),
                    bbox_scores=np.asarray(scores),
                    keypoints=np.array([points for points, _ in answers],
                                       np.float32).reshape(-1, 5, 2),
                    keypoint_scores=np.array([[score] * 5
                                              for _, score in answers],
                                             np.float32).reshape(-1, 5)))
        ]

    def answer(self, asked):
        """Landmarks of the nearest face; a guess where there is none."""
        faces = self.seen[self.frame]
        if faces:
            found = overlaps(asked, faces)
            if found.max() > 0.2:
                return landmarks_of(faces[found.argmax()]), 0.9
        return landmarks_of(asked), 0.5

    def watch(self, det_every=10):
        """Follower, and what it gives of each frame."""
        follower = FaceFollower(self.detect, self.estimate, det_every)
        results = []
        for self.frame in range(len(self.seen)):
            self.asked.append([])
            results.append(follower(IMAGE).pred_instances)
        return follower, results


def ids_of(faces, results):
    """Identity of a face in each frame by its true boxes, None: not found."""
    ids = []
    for true, found in zip(faces, results):
        near = np.abs(found.bboxes - true).max(1) < 1
        ids.append(int(found.track_ids[near][0]) if near.any() else None)
    return ids


def crossing(count=60, step=3.):
    """Two faces that pass each other, one a little lower."""
    return ([box(10 + step * i) for i in range(count)],
            [box(10 + step * (count - 1 - i), 58.) for i in range(count)])


class TestLandmarkBoxes:

    def test_tight(self):
        points = np.array([[[3, 9], [1, 5], [2, 7]]], np.float32)
        assert landmark_boxes(points).tolist() == [[1, 5, 3, 9]]

    def test_no_face(self):
        assert landmark_boxes(np.zeros((0, 98, 2))).shape == (0, 4)
        assert landmark_boxes(np.zeros((0, 0, 2))).shape == (0, 4)


class TestFaceIds:

    def test_crossing_faces(self):
        ids, rng = FaceIds(), np.random.default_rng(0)
        for pair in zip(*crossing()):
            order = rng.permutation(2)
            found = ids(np.stack(pair)[order])
            assert found.tolist() == order.tolist()
        assert ids.count == 2

    @pytest.mark.parametrize('away, identity', [(20, 0), (40, 1)])
    def test_comes_back(self, away, identity):
        ids = FaceIds()
        for _ in range(5):
            ids(box(100)[None])
        for _ in range(away):
            assert ids(np.zeros((0, 4))).shape == (0, )
        assert ids(box(102)[None]).tolist() == [identity]

    def test_a_second_face(self):
        ids = FaceIds()
        for _ in range(3):
            assert ids(box(10)[None]).tolist() == [0]
        for _ in range(3):
            assert ids(np.stack([box(200), box(10)])).tolist() == [1, 0]

    def test_equal_boxes(self):
        assert sorted(FaceIds()(np.stack([box(10)] * 3))) == [0, 1, 2]

    def test_starts_without_a_face(self):
        ids = FaceIds()
        for _ in range(3):
            assert ids(np.zeros((0, 4))).tolist() == []
        assert [ids(box(10)[None]).tolist() for _ in range(3)] == [[0]] * 3

    def test_remembers_no_more_with_time(self):
        ids = FaceIds()
        sizes = []
        for i in range(50):
            ids(np.stack([box(10 + i), box(200 - i)]))
            sizes.append(len(pickle.dumps(ids)))
        assert max(sizes[10:]) <= 1.02 * sizes[10]

    def test_lap_is_missing(self, monkeypatch):
        monkeypatch.setattr(byte_tracker, 'lap', None)
        with pytest.raises(ImportError, match='requirements/video.txt'):
            FaceIds()


class TestFollowing:

    def test_detector_runs_every_nth_frame(self):
        world = World([[box(50)]] * 11)
        follower, results = world.watch(det_every=4)
        assert world.runs == [0, 4, 8]
        assert (follower.detections, follower.losses) == (3, 0)
        assert follower.identities == 1
        assert [len(found) for found in results] == [1] * 11

    def test_looks_in_the_last_landmarks(self):
        moving = [box(50 + 5 * i) for i in range(6)]
        world = World([[face] for face in moving],
                      [[box(55, 60, 30)]] + [[]] * 5)
        _, results = world.watch()
        # First where the detector found it, then where it last was.
        np.testing.assert_allclose(world.asked[0], [box(55, 60, 30)])
        for asked, last in zip(world.asked[1:], moving[:-1]):
            np.testing.assert_allclose(asked, [last])
        for found, true in zip(results, moving):
            np.testing.assert_allclose(found.bboxes, [true])
            np.testing.assert_allclose(found.bbox_scores, 0.9)

    def test_what_is_told_of_a_face(self):
        world = World([[box(50)]] * 5, [[box(50)], [], [], [box(52)], []])
        _, results = world.watch(det_every=3)
        assert [found.undetected.tolist()
                for found in results] == [[0], [1], [2], [0], [1]]
        np.testing.assert_allclose(results[-1].best_scores, 0.9)

    def test_the_caller_may_change_what_it_gets(self):
        world = World([[box(50)]] * 3)
        follower = FaceFollower(world.detect, world.estimate)
        for world.frame in range(3):
            world.asked.append([])
            found = follower(IMAGE).pred_instances
            np.testing.assert_allclose(world.asked[-1], [box(50)])
            found.bboxes += 100
            found.keypoints += 100

    def test_a_new_face_waits_for_the_detector(self):
        old, new = box(50), box(200)
        world = World([[old]] * 2 + [[old, new]] * 10)
        _, results = world.watch(det_every=5)
        assert [len(found) for found in results] == [1] * 5 + [2] * 7
        assert world.runs == [0, 5, 10]
        assert ids_of([new] * 12, results)[5:] == [1] * 7

    def test_nobody(self):
        world = World([[]] * 7)
        follower, results = world.watch(det_every=3)
        assert world.runs == [0, 3, 6] and follower.identities == 0
        assert all(len(found) == 0 for found in results)
        assert results[-1].track_ids.shape == (0, )

    def test_bad_interval(self):
        with pytest.raises(ValueError, match='at least 1 frame, found 0'):
            FaceFollower(None, None, 0)


class TestLoss:
    """On a loss the detector runs on the same frame."""

    def test_face_jumps(self):
        places = [box(20)] * 3 + [box(220)] * 3
        world = World([[place] for place in places])
        follower, results = world.watch(det_every=100)
        assert world.runs == [0, 3]
        assert (follower.detections, follower.losses) == (2, 1)
        # Too far for the same face, and shown on every frame.
        assert ids_of(places, results) == [0, 0, 0, 1, 1, 1]

    def test_face_vanishes_and_comes_back(self):
        place = box(100)
        seen = [[place]] * 5 + [[]] * 8 + [[place]] * 7
        world = World(seen)
        follower, results = world.watch(det_every=10)
        # Lost on frame 5, looked for there, and then every 10th frame.
        assert world.runs == [0, 5, 15]
        assert ids_of([place] * 20,
                      results) == [0] * 5 + [None] * 10 + [0] * 5
        assert follower.losses == 1

    def test_scores_fall(self):
        world = World([[box(100)]] * 4, [[box(100)]] + [[]] * 3)
        good = world.answer
        world.answer = lambda asked: (good(asked)[0],
                                      [0.6, 0.8, 0.61, 0.59][world.frame])
        _, results = world.watch()
        # Below 0.75 of the best, 0.8.
        assert [len(found) for found in results] == [1, 1, 1, 0]
        assert world.runs == [0, 3]

    @pytest.mark.parametrize('wrong', [
        pytest.param(box(125, 75), id='beside'),
        pytest.param(box(100, 50, 80), id='too large'),
        pytest.param(box(110, 60, 20), id='too small'),
        pytest.param(np.full(4, np.nan), id='no number'),
        pytest.param(box(100) - 150, id='outside'),
    ])
    def test_landmarks_leave_the_box(self, wrong):
        world = World([[box(100)]] * 3, [[box(100)], [], []])
        world.answer = lambda asked: (landmarks_of(
            wrong if world.frame == 1 else box(100)), 0.9)
        _, results = world.watch()
        assert [len(found) for found in results] == [1, 0, 0]
        assert world.runs == [0, 1]

    def test_leaves_the_image(self):
        places = [box(270 + 4 * i) for i in range(12)]
        world = World([[place] for place in places],
                      [[places[0]]] + [[]] * 11)
        _, results = world.watch(det_every=100)
        # IMAGE is 300 px wide: from frame 8 on it is outside.
        assert [len(found) for found in results] == [1] * 8 + [0] * 4
        assert world.runs == [0, 8]

    def test_detector_denies_it(self):
        world = World([[box(100)]] * 25, [[box(100)]] + [[]] * 24)
        _, results = world.watch(det_every=2)
        assert [len(found) for found in results] == [1] * 20 + [0] * 5

    def test_two_on_one_face(self):
        """When one covers the other, one set of landmarks stays."""
        world = World([[box(100), box(115)], [box(100)], [box(100)]])
        world.answer = lambda asked: (
            landmarks_of(box(100) if world.frame else asked),
            0.8 if asked[0] > 110 else 0.9)
        follower, results = world.watch()
        assert [len(found) for found in results] == [2, 1, 1]
        np.testing.assert_allclose(results[1].keypoint_scores, 0.9)
        assert follower.losses == 1

    @pytest.mark.parametrize('det_every', [1, 3, 10])
    def test_crossing_faces(self, det_every):
        """The one behind is lost, found again, and is who it was."""
        front, behind = crossing()
        covered = [float(overlaps(a, [b])[0]) > 0.2
                   for a, b in zip(front, behind)]
        assert 3 <= sum(covered) <= 12
        world = World([[a] if hidden else [a, b]
                       for a, b, hidden in zip(front, behind, covered)])
        follower, results = world.watch(det_every)
        assert set(ids_of(front, results)) == {0}
        of_behind = ids_of(behind, results)
        assert set(of_behind[:covered.index(True)]) == {1}
        assert of_behind[-1] == 1 and set(of_behind) <= {1, None}
        assert follower.identities == 2
