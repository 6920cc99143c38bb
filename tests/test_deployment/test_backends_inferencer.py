"""SPIGAInferencer by an exported graph: what it gives by torch."""
import shutil
import warnings

import cv2
import numpy as np
import pytest
from test_apis.test_sources import write_video

from spiga_mmpose.apis import (SPIGAInferencer, ask_for_views, estimate_each,
                               loading, process_video, steps_row)
from spiga_mmpose.datasets import SyntheticFaceDataset
from spiga_mmpose.landmark_sets import load_landmark_set

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')

FIELDS = {
    'keypoints', 'keypoint_scores', 'keypoints_visible', 'head_poses',
    'landmark_steps', 'bboxes', 'bbox_scores'
}


@pytest.fixture(scope='module')
def faces():
    """Three drawn images, BGR, and the box of the face in each."""
    drawn = SyntheticFaceDataset(3, seed=3, image_size=128)
    samples = [drawn[i] for i in range(3)]
    return ([sample['img'] for sample in samples],
            [sample['bbox'].reshape(1, 4) for sample in samples])


@pytest.fixture(scope='module')
def by_torch(files):
    return SPIGAInferencer(files[1], files[0], 'cpu', 'whole_image')


@pytest.fixture(scope='module')
def by_file(onnx_file):
    return SPIGAInferencer(
        model=onnx_file, device='cpu', det_model='whole_image', threads=1)


def samples_of(inferencer, source, boxes=None, **options):
    results = list(
        inferencer(source, boxes, return_datasamples=True, **options))
    return [result['predictions'][0] for result in results]


def same(found, wanted, bound=1e-2):
    """Whether samples are those of torch, to so many px of the image."""
    assert len(found) == len(wanted) > 0
    for one, other in zip(found, wanted):
        assert one.img_path == other.img_path
        one, other = one.pred_instances, other.pred_instances
        assert set(one.keys()) == set(other.keys())
        assert set(other.keys()) == FIELDS or not len(other)
        for name in other.keys():
            np.testing.assert_allclose(
                one[name], other[name], atol=bound, err_msg=name)


class TestByFile:

    def test_arrays(self, by_file, by_torch, faces):
        images, boxes = faces
        wanted = samples_of(by_torch, images, boxes)
        # The network tells the faces apart, so equality says something.
        shapes = [
            sample.pred_instances.keypoints[0] -
            sample.pred_instances.keypoints[0, 0] for sample in wanted
        ]
        assert np.abs(shapes[0] - shapes[1]).max() > 0.1
        same(samples_of(by_file, images, boxes), wanted)
        same(samples_of(by_file, images, boxes, batch_size=2), wanted)

    def test_a_folder_with_a_broken_file(self, by_file, by_torch, faces,
                                         tmp_path):
        for name, image in zip('acd', faces[0]):
            cv2.imwrite(str(tmp_path / f'{name}.png'), image)
        (tmp_path / 'b.png').write_bytes(b'')
        found = samples_of(by_file, str(tmp_path))
        same(found, samples_of(by_torch, str(tmp_path)))
        counts = [len(sample.pred_instances) for sample in found]
        assert counts == [1, 0, 1, 1]

    def test_records(self, by_file, by_torch, faces):
        [found], [wanted] = (list(infer(faces[0][0], steps=True))
                             for infer in (by_file, by_torch))
        assert found['record'].keys() == wanted['record'].keys()
        assert found['record']['landmark_set'] == 'wflw_98'
        for face in (found, wanted):
            [face] = face['record']['faces']
            assert np.shape(face['landmark_steps']) == (4, 98, 2)

    def test_frames_of_a_video(self, by_file, by_torch, tmp_path):
        path = str(tmp_path / 'v.avi')
        write_video(path, 3)
        boxes = [[5, 5, 40, 40], [10, 0, 45, 30]]
        found = samples_of(by_file, path, boxes)
        same(found, samples_of(by_torch, path, boxes))
        assert [len(sample.pred_instances) for sample in found] == [2] * 3

    def test_a_video_that_is_followed(self, by_file, tmp_path):
        path = str(tmp_path / 'v.avi')
        write_video(path, 3)
        done = process_video(by_file, path, str(tmp_path / 'out'))
        assert (done.frames, done.faces, done.error) == (3, 3, '')

    def test_drawn(self, by_file, faces):
        result = next(by_file(faces[0][0], faces[1][0], return_vis=True))
        assert (result['visualization'][0] != faces[0][0][..., ::-1]).any()

    def test_attention_on_demand(self, by_file, by_torch, faces):
        item = [(faces[0][0], faces[1][0], np.ones(1, np.float32))]
        found = []
        for inferencer in (by_file, by_torch):
            ask_for_views(inferencer.model, ['attention'])
            [sample] = inferencer.estimate(item)
            found.append(sample.pred_instances.attention)
            ask_for_views(inferencer.model, [])
            [sample] = inferencer.estimate(item)
            assert 'attention' not in sample.pred_instances
        np.testing.assert_allclose(*found, atol=1e-4)


class TestByWeights:

    def test_as_torch(self, files, onnx_file, by_torch, faces, monkeypatch,
                      tmp_path):
        """The file of the cache is one that is there already."""
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))

        def export_model(model, path):
            (tmp_path / 'spiga_mmpose' / 'exported').mkdir(parents=True)
            shutil.copy(onnx_file, path)

        monkeypatch.setattr(loading, 'export_model', export_model)
        infer = SPIGAInferencer(
            files[1],
            files[0],
            'cpu',
            'whole_image',
            backend='onnxruntime',
            threads=1)
        images, boxes = faces
        found = samples_of(infer, images, boxes)
        same(found, samples_of(by_torch, images, boxes))
        # The windows of the cascade are the model's.
        item = (images[0], boxes[0], np.ones(1))
        [face] = estimate_each(infer.model, [item])
        rows = [
            steps_row(inferencer.model, images[0], face,
                      load_landmark_set('wflw_98'))
            for inferencer in (infer, by_torch)
        ]
        np.testing.assert_array_equal(*rows)

    @pytest.mark.slow
    @pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
    def test_exported_once(self, files, by_torch, faces, monkeypatch,
                           tmp_path, backend):
        pytest.importorskip(backend)
        pytest.importorskip('onnxscript')
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
        images, boxes = faces
        wanted = samples_of(by_torch, images, boxes)
        for _ in range(2):
            infer = SPIGAInferencer(
                files[1],
                files[0],
                'cpu',
                'whole_image',
                backend=backend,
                threads=1)
            same(samples_of(infer, images, boxes), wanted)
            monkeypatch.setattr(loading, 'export_model', None)


class TestOpenVINO:

    @pytest.mark.slow
    def test_more_faces_than_a_fixed_batch(self, fixed_file, by_torch, faces):
        infer = SPIGAInferencer(model=fixed_file, device='cpu', threads=1)
        images, boxes = faces
        same(
            samples_of(infer, images, boxes),
            samples_of(by_torch, images, boxes))

    @pytest.mark.slow
    def test_no_bf16_is_said(self, bf16_file, monkeypatch):
        import openvino
        monkeypatch.setattr(openvino.Core, 'get_property',
                            lambda *args: ['FP32'])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            SPIGAInferencer(model=bf16_file, device='cpu')
        assert any('no bfloat16' in str(w.message) for w in caught)

    @pytest.mark.slow
    def test_no_attention_in_the_file(self, bf16_file):
        infer = SPIGAInferencer(model=bf16_file, device='cpu')
        with pytest.raises(ValueError, match='small.xml gives no attention'):
            ask_for_views(infer.model, ['attention'])
