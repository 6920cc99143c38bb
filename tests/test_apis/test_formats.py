"""Results in the formats of others, read back as others read them."""
import csv
import io
import json

import numpy as np
import pytest

from spiga_mmpose.apis.formats import (WFLW_TO_300W, make_record, to_benchmark,
                                       to_coco, to_csv, to_mmpose, to_pts,
                                       wflw_to_300w)
from spiga_mmpose.datasets import CocoFaceDataset
from spiga_mmpose.evaluation import face_files
from spiga_mmpose.landmark_sets import load_landmark_set

SETS = {98: 'wflw_98', 68: '300w_68'}


def make_face(count=98, seed=0, **extra):
    points = np.random.default_rng(seed).uniform(5, 90, (count, 2)).round(3)
    low, high = points.min(0), points.max(0)
    return dict(
        box=[*low.tolist(), *(high - low).round(3).tolist()],
        box_score=0.9,
        landmarks=points.tolist(),
        landmark_scores=[0.5] * count,
        pose=dict(yaw=1., pitch=-2., roll=3., translation=[4., 5., 6.]),
        **extra)


def record_of(*faces, name='a.jpg', frame=None, count=98):
    return make_record(name, np.zeros((100, 120, 3), np.uint8), SETS[count],
                       list(faces), frame)


class TestTo68:

    def test_the_rigid_heads_coincide(self):
        """The mapped model of 98 points is the model of 68."""
        wflw, ibug = (load_landmark_set(name) for name in SETS.values())
        places = list(WFLW_TO_300W)
        np.testing.assert_allclose(
            wflw.head_model[places], ibug.head_model, atol=1e-9)

    def test_what_is_known_of_the_sets_is_kept(self):
        wflw, ibug = (load_landmark_set(name) for name in SETS.values())
        places = np.array(WFLW_TO_300W)
        assert len(set(WFLW_TO_300W)) == 68
        # Mirror partners stay partners, corners and parts what they are.
        partner = {p: i for i, p in enumerate(WFLW_TO_300W)}
        mirrored = [partner[p] for p in wflw.flip_indices[places]]
        np.testing.assert_array_equal(mirrored, ibug.flip_indices)
        assert tuple(places[list(ibug.eye_corners)]) == wflw.eye_corners
        for part, points in ibug.parts.items():
            assert set(places[points]) <= set(wflw.parts[part]), part

    def test_a_record(self):
        face = make_face(landmark_steps=np.zeros((4, 98, 2)).tolist())
        record = record_of(face)
        found = wflw_to_300w(record)
        assert found['landmark_set'] == '300w_68' and found['width'] == 120
        [mapped] = found['faces']
        assert mapped['landmarks'][36] == face['landmarks'][60]
        assert mapped['landmarks'][57] == face['landmarks'][85]
        assert np.shape(mapped['landmark_steps']) == (4, 68, 2)
        assert len(mapped['landmark_scores']) == 68
        assert mapped['pose'] == face['pose'] and mapped['box'] == face['box']
        # The record itself is left alone.
        assert len(record['faces'][0]['landmarks']) == 98

    def test_other_landmarks(self):
        with pytest.raises(ValueError, match='98 landmarks of WFLW, found 68'):
            wflw_to_300w(record_of(make_face(68), count=68))


class TestMMPose:

    def test_as_mmpose_splits_instances(self):
        from mmengine.structures import InstanceData
        from mmpose.structures import split_instances
        face = make_face()
        x, y, width, height = face['box']
        [theirs] = split_instances(
            InstanceData(
                keypoints=np.array([face['landmarks']]),
                keypoint_scores=np.array([face['landmark_scores']]),
                bboxes=np.array([[x, y, x + width, y + height]]),
                bbox_scores=np.array([0.9])))
        [ours] = to_mmpose(record_of(face))
        assert set(theirs) <= set(ours)
        for key, value in theirs.items():
            np.testing.assert_allclose(ours[key], value)

    def test_more_than_mmpose(self):
        face = make_face(landmark_steps=[[[1, 2]]], track_id=3)
        [instance] = to_mmpose(record_of(face))
        assert instance['head_pose'] == [1, -2, 3, 4, 5, 6]
        assert instance['landmark_steps'] == [[[1, 2]]]
        assert instance['track_id'] == 3
        plain = make_face()
        del plain['pose']
        assert set(to_mmpose(record_of(plain))[0]) == {
            'keypoints', 'keypoint_scores', 'bbox', 'bbox_score'
        }


class TestCoco:

    @pytest.mark.parametrize('count', [98, 68])
    def test_mmposes_face_data_sets_read_it(self, tmp_path, count):
        faces = [make_face(count, seed) for seed in range(3)]
        records = [
            record_of(*faces[:2], count=count),
            record_of(name='none.jpg', count=count),
            record_of(faces[2], name='b.jpg', count=count)
        ]
        path = tmp_path / 'faces.json'
        path.write_text(json.dumps(to_coco(records)))
        for name in ('a.jpg', 'b.jpg'):
            (tmp_path / name).write_bytes(b'x')
        dataset = CocoFaceDataset(
            ann_file=str(path),
            data_prefix=dict(img=f'{tmp_path}/'),
            landmark_set=SETS[count])
        assert len(dataset) == 3
        for i, face in enumerate(faces):
            info = dataset.get_data_info(i)
            np.testing.assert_allclose(
                info['keypoints'][0], face['landmarks'], atol=1e-4)
            assert info['img_path'].endswith('b.jpg' if i == 2 else 'a.jpg')
            x, y, width, height = face['box']
            longer = max(width, height)
            center = np.array([x + width / 2, y + height / 2])
            np.testing.assert_allclose(
                info['bbox'][0],
                [*(center - longer / 2), *(center + longer / 2)])

    def test_fields(self):
        face = make_face(track_id=4)
        face['landmarks'][1] = [None, None]
        content = to_coco([record_of(face, frame=7)])
        [image] = content['images']
        assert image == dict(
            id=1, file_name='a.jpg', width=120, height=100, frame_id=7)
        [found] = content['annotations']
        assert found['keypoints'][3:6] == [0, 0, 0]
        assert found['keypoints'][2] == 2 and found['num_keypoints'] == 97
        assert (found['id'], found['image_id'], found['category_id'],
                found['track_id']) == (1, 1, 1, 4)
        assert found['head_pose'] == [1, -2, 3, 4, 5, 6]
        [category] = content['categories']
        assert len(category['keypoints']) == 98
        assert [1, 2] in category['skeleton']
        assert np.max(category['skeleton']) == 96  # the pupils hang on none

    def test_nothing(self):
        content = to_coco([])
        assert content['images'] == content['annotations'] == []


class TestPts:

    def test_by_hand(self):
        text = to_pts(dict(landmarks=[[0, 1.5], [None, 2]]))
        assert text.splitlines() == [
            'version: 1', 'n_points: 2', '{', '1.000 2.500', 'nan 3.000', '}'
        ]

    def test_our_converter_reads_it(self, repo, tmp_path, monkeypatch):
        """Its points are those of the record again."""
        monkeypatch.syspath_prepend(f'{repo}/tools/dataset_converters')
        from converter import read_pts
        face = make_face(68)
        path = tmp_path / 'a.pts'
        path.write_text(to_pts(face))
        points = read_pts(str(path), 68)
        np.testing.assert_allclose(points - 1, face['landmarks'])


class TestCsv:

    def test_round_trip(self):
        plain = make_face(seed=1)
        del plain['pose']
        records = [
            record_of(make_face(track_id=2), plain, name='a,"b".jpg'),
            record_of(name='none.jpg'),
            record_of(make_face(seed=2), name='v.mp4', frame=12)
        ]
        rows = list(csv.DictReader(io.StringIO(to_csv(records))))
        assert [row['image'] for row in rows
                ] == ['a,"b".jpg', 'a,"b".jpg', 'v.mp4']
        assert [row['face'] for row in rows] == ['0', '1', '0']
        assert [row['frame'] for row in rows] == ['', '', '12']
        assert [row['track_id'] for row in rows] == ['2', '', '']
        assert [row['yaw'] for row in rows] == ['1.0', '', '1.0']
        face = records[2]['faces'][0]
        points = [[float(rows[2][f'{name}{i}']) for name in 'xy']
                  for i in range(98)]
        np.testing.assert_allclose(points, face['landmarks'])
        assert rows[0]['score97'] == '0.5'
        assert None not in rows[0] and None not in rows[0].values()

    def test_only_a_heading(self):
        assert len(to_csv([record_of()]).splitlines()) == 1


class TestBenchmark:

    @pytest.mark.parametrize('count', [98, 68])
    def test_evaluation_reads_it(self, tmp_path, count):
        faces = [make_face(count, seed) for seed in range(2)]
        faces[1]['landmarks'][5] = [None, 3.]
        path = str(tmp_path / 'faces.json')
        with open(path, 'w') as file:
            json.dump(to_benchmark([record_of(*faces, count=count)]), file)
        read = face_files.read_faces(
            path, face_files.load_records(path),
            load_landmark_set(SETS[count]), 'predictions')
        assert read.names == ['a.jpg', 'a.jpg']
        np.testing.assert_allclose(read.landmarks[0], faces[0]['landmarks'])
        np.testing.assert_allclose(read.angles, [[1, -2, 3]] * 2)
        x, y, width, height = faces[0]['box']
        np.testing.assert_allclose(read.boxes[0],
                                   [x, y, x + width, y + height])
        assert read.labelled[0].all()
        assert np.flatnonzero(~read.labelled[1]).tolist() == [5]

    def test_without_a_pose_or_a_known_set(self):
        face = make_face(29)
        face['pose']['yaw'] = None
        record = dict(record_of(face), landmark_set='dogs')
        [found] = to_benchmark([record])
        assert found['headpose'] is None and 'ids' not in found
        del face['pose']
        assert to_benchmark([record])[0]['headpose'] is None

    def test_mmposes_name_of_the_set(self):
        record = dict(record_of(make_face(68), count=68), landmark_set='300w')
        assert to_benchmark([record])[0]['ids'] == list(
            load_landmark_set('300w_68').annotation_ids)
