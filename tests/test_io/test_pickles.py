"""Dumped results are read, and nothing in them is run."""
import os
import pickle
import resource

import numpy as np
import pytest
import torch
from mmengine.evaluator import DumpResults
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from spiga_mmpose.io import load_dump


def make_dump(path, count=2):
    """What MMEngine's ``DumpResults`` writes of PoseDataSamples."""
    samples = []
    for i in range(count):
        sample = PoseDataSample(
            metainfo=dict(
                img_path=f'faces/{i}.jpg',
                input_size=(256, 256),
                input_center=np.array([3., 4]),
                flip_indices=list(range(98)),
                subsets=('pose', )))
        sample.gt_instances = InstanceData(
            keypoints=np.full((1, 98, 2), i, np.float32),
            keypoints_visible=np.ones((1, 98), np.float32),
            bboxes=np.zeros((1, 4)))
        sample.pred_instances = InstanceData(
            keypoints=np.zeros((1, 98, 2)),
            head_poses=torch.ones(1, 6),
            keypoint_scores=np.ones((1, 98), np.float32))
        samples.append(sample.to_dict())
    metric = DumpResults(out_file_path=str(path))
    metric.process(None, samples)
    metric.evaluate(count)
    return samples


def test_round_trip(tmp_path):
    path = tmp_path / 'results.pkl'
    samples = make_dump(path)
    for expected, found in zip(samples, load_dump(str(path))):
        assert found['img_path'] == expected['img_path']
        assert found['subsets'] == ('pose', )
        for part in ('gt_instances', 'pred_instances'):
            for key, values in expected[part].items():
                assert np.array_equal(found[part][key], values)
                assert type(found[part][key]) is type(values)


@pytest.mark.parametrize('protocol', range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('value', [
    np.float32(2.5), np.arange(6, dtype=np.int64).reshape(2, 3).T,
    np.array(['a', 'bc']), np.zeros((0, 4)), np.array([True]),
    torch.arange(3), torch.ones(2, 2).half(), torch.Size([2]), b'', b'x',
    'text', None, (1, 2.5)
], ids=str)  # yapf: disable
def test_what_may_be_in_it(tmp_path, protocol, value):
    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps([dict(value=value)], protocol))
    found = load_dump(str(path))[0]['value']
    assert type(found) is type(value)
    if isinstance(value, (np.ndarray, torch.Tensor)):
        assert found.dtype == value.dtype and found.shape == value.shape
        assert (np.asarray(found) == np.asarray(value)).all()
    else:
        assert found == value


class Evil:
    """A pickle that makes a folder when loaded carelessly."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path, )


class EvilStorage:
    """The same, hidden in the bytes of a torch storage."""

    def __init__(self, path):
        self.data = pickle.dumps(Evil(path))

    def __reduce__(self):
        return torch.storage._load_from_bytes, (self.data, )


@pytest.mark.parametrize('kind', [Evil, EvilStorage])
def test_code_is_not_run(tmp_path, kind):
    path, trace = tmp_path / 'results.pkl', tmp_path / 'trace'
    path.write_bytes(pickle.dumps([dict(x=kind(trace))]))
    with pytest.raises(ValueError, match='results.pkl: not a readable'):
        load_dump(str(path))
    assert not trace.exists()
    with pytest.raises(Exception):  # the trap does work
        pickle.loads(path.read_bytes())
        pickle.loads(path.read_bytes())
    assert trace.exists()


def test_message_names_what_is_not_allowed(tmp_path):
    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps([dict(x=Evil('x'))]))
    with pytest.raises(ValueError, match=r'holds (posix|nt)\.mkdir; only'):
        load_dump(str(path))


def test_arrays_of_objects_are_refused(tmp_path):
    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps([dict(x=np.array([None, 'a']))]))
    with pytest.raises(ValueError, match='arrays of object'):
        load_dump(str(path))


@pytest.mark.parametrize('content', [
    b'\x80', b'\x80\x04', pickle.dumps([{}])[:-3],
    pickle.dumps([dict(a=np.ones(50))])[:-40], b'\x80\x02cposix\n'
], ids=range(5))  # yapf: disable
def test_damaged_files(tmp_path, content):
    path = tmp_path / 'results.pkl'
    path.write_bytes(content)
    with pytest.raises(ValueError, match='results.pkl: not a readable'):
        load_dump(str(path))


@pytest.mark.parametrize('content', [{}, [1], 'text', None])
def test_other_content(tmp_path, content):
    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match='list of data samples'):
        load_dump(str(path))


def _scalar_without_data():
    call = np.float64(0).__reduce__()[0]
    return Reduced(call, (np.dtype('S2000000000'), ))


class Reduced:
    """Is pickled as a call."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize('content', [
    b'\x80\x02]r\x00\x00\x00\x10.',
    b'\x80\x02]p268435456\n.',
    b'\x80\x04B\xff\xff\xff\x7fx.',
    b'\x80\x05\x96' + b'\0\0\0\0\1\0\0\0.',
    pickle.dumps([dict(a=_scalar_without_data())]),
    pickle.dumps([dict(a=torch.zeros(1).expand(1 << 31))]),
    pickle.dumps([
        dict(a=Reduced(np.zeros(1).__reduce__()[0], (np.ndarray, (1 << 40, ),
                                                     b'd'))), 1
    ]),
], ids=range(7))  # yapf: disable
def test_memory_is_bounded_by_the_file(tmp_path, content):
    """A few bytes do not ask for gigabytes."""
    path = tmp_path / 'results.pkl'
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match='results.pkl: '):
        load_dump(str(path))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 50_000  # KB


def test_an_expanded_tensor(tmp_path):
    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps([dict(a=torch.ones(1).expand(3, 2))]))
    assert load_dump(str(path))[0]['a'].tolist() == [[1, 1]] * 3


def test_an_empty_file(tmp_path):
    (tmp_path / 'results.pkl').write_bytes(b'')
    with pytest.raises(ValueError, match='results.pkl: not a readable'):
        load_dump(str(tmp_path / 'results.pkl'))
