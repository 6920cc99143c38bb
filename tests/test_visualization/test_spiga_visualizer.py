"""SPIGAVisualizer in the place of MMPose's."""
import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample, merge_data_samples

from spiga_mmpose.geometry import project_head
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.visualization import SPIGAVisualizer, labels
from spiga_mmpose.visualization.drawing import FRONT_COLOR, text_extent

POSES = np.array([[0., 0, 0, 0, 0, 3], [25, 10, -5, 0.1, 0, 3.2]])
CORNERS, SIDES = np.array([[10., 20], [150, 60]]), np.array([120., 140])


@pytest.fixture
def image():
    return np.full((220, 320, 3), 128, np.uint8)


@pytest.fixture
def landmark_set():
    return load_landmark_set('wflw_98')


def one_face(landmark_set, i, score=1., **extra):
    """Sample of face i as the estimator leaves it."""
    landmarks = CORNERS[i] + SIDES[i] * project_head(landmark_set.head_model,
                                                     POSES[i])
    box = np.concatenate([landmarks.min(0), landmarks.max(0)])
    scores = np.full((1, 98), score, np.float32)
    sample = PoseDataSample(
        metainfo=dict(
            img_path='a.jpg',
            input_center=CORNERS[i] + SIDES[i] / 2,
            input_scale=np.full(2, SIDES[i])))
    sample.gt_instances = InstanceData(
        bboxes=box[None], bbox_scores=np.ones(1))
    sample.pred_instances = InstanceData(
        keypoints=landmarks[None].astype(np.float32),
        keypoint_scores=scores,
        keypoints_visible=scores,
        head_poses=POSES[i:i + 1],
        landmark_steps=np.stack([landmarks, landmarks])[None],
        bboxes=box[None],
        bbox_scores=np.ones(1),
        **extra)
    return sample


@pytest.fixture
def sample(landmark_set):
    """Two faces of one image, merged as MMPose's inferencer does it."""
    return merge_data_samples(
        [one_face(landmark_set, 0),
         one_face(landmark_set, 1)])


@pytest.fixture
def visualizer():
    return SPIGAVisualizer(landmark_set='wflw_98')


def paint(visualizer, image, sample, **kwargs):
    """What is drawn, and (H, W) bool where."""
    drawn = visualizer.add_datasample('a', image, sample, **kwargs)
    return drawn, (drawn != image).any(-1)


class TestDrawing:

    def test_registered(self):
        built = VISUALIZERS.build(
            dict(type='SPIGAVisualizer', name='v', landmark_set='300w_68'))
        assert isinstance(built, SPIGAVisualizer)

    def test_draws_every_face_and_returns_rgb(self, visualizer, image, sample):
        before = image.copy()
        drawn, painted = paint(visualizer, image, sample)
        assert drawn.shape == image.shape and drawn.dtype == np.uint8
        assert (drawn == visualizer.get_image()).all()
        assert (image == before).all()
        for points in sample.pred_instances.keypoints:
            x, y = points.round().astype(int).T
            assert painted[y, x].mean() > 0.95
        contour = sample.pred_instances.keypoints[0, 3].round().astype(int)
        red, _, blue = drawn[contour[1], contour[0]].astype(int)
        assert blue > red + 50  # the contour is blue in RGB

    def test_axes_of_each_face_start_at_its_nose(self, image, sample,
                                                 visualizer):
        """Merged samples know the crop of the first face only."""
        visualizer.draw = ('pose', )
        drawn, _ = paint(visualizer, image, sample)
        blue = np.abs(drawn.astype(int) - FRONT_COLOR).max(-1) < 40
        for nose in sample.pred_instances.keypoints[:, 54]:
            x, y = nose.round().astype(int)
            assert blue[y - 4:y + 5, x - 4:x + 5].any()

    def test_what_to_draw(self, image, sample):
        shares = {}
        for draw in (('landmarks', ), ('pose', ), ('landmarks', 'pose'), ()):
            visualizer = SPIGAVisualizer(landmark_set='wflw_98', draw=draw)
            shares[draw] = paint(visualizer, image, sample)[1].sum()
        assert shares[()] == 0
        both = shares[('landmarks', 'pose')]
        assert 0 < shares[('landmarks', )] < both > shares[('pose', )] > 0

    def test_boxes(self, visualizer, image, sample):
        bare = paint(visualizer, image, sample)[0]
        boxed = paint(visualizer, image, sample, draw_bbox=True)[0]
        sample.pred_instances.bbox_scores = np.array([0.5, 1])
        scored = paint(visualizer, image, sample, draw_bbox=True)[0]
        assert (bare != boxed).any() and (boxed != scored).any()
        # Only the first face's score is below 1.
        assert (boxed != scored).any(-1)[:, 160:].sum() == 0

    def test_track_ids(self, visualizer, image, sample):
        visualizer.draw = ('landmarks', )  # angles would give way to them
        bare = paint(visualizer, image, sample, draw_bbox=True)[0]
        sample.pred_instances.track_ids = np.array([-1, -1])
        none = paint(visualizer, image, sample, draw_bbox=True)[0]
        sample.pred_instances.track_ids = np.array([-1, 7])
        seventh = paint(visualizer, image, sample, draw_bbox=True)[0]
        sample.pred_instances.track_ids = torch.tensor([-1, 12])
        twelfth = paint(visualizer, image, sample, draw_bbox=True)[0]
        assert (bare == none).all() and (seventh != twelfth).any()
        # Above the box of the second face, and nowhere else.
        painted = (bare != seventh).any(-1)
        top = int(sample.pred_instances.bboxes[1, 1])
        assert painted[:top + 2, 160:].any()
        painted[:top + 2, 160:] = False
        assert not painted.any()

    def test_boxes_are_below_the_texts(self, visualizer, image, sample):
        """Where boxes overlap, a text is the same with and without them."""
        faces = sample.pred_instances
        faces.bboxes = np.array([[10., 20, 200, 180], [20, 30, 210, 190]])
        faces.track_ids = np.array([1, 2])
        written = []
        draw_text = labels.draw_text

        def note(canvas, lines, corner, *args):
            draw_text(canvas, lines, corner, *args)
            x, y = map(int, corner)
            width, height = text_extent(lines, args[0])
            written.append((slice(y, y + height), slice(x, x + width),
                            canvas[y:y + height, x:x + width].copy()))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(labels, 'draw_text', note)
            drawn = paint(visualizer, image, sample, draw_bbox=True)[0]
        assert len(written) == 4  # two labels, two poses
        rows, columns, text = written[-1]
        assert (drawn[rows, columns] == text).all()

    def test_opacity_is_the_score(self, visualizer, image, landmark_set):
        strength = []
        for score in (1., 0.6, 0.35):
            drawn = paint(visualizer, image, one_face(landmark_set, 0,
                                                      score))[0]
            strength.append(np.abs(drawn.astype(int) - image).sum())
        assert strength[0] > strength[1] > strength[2] > 0

    def test_threshold(self, visualizer, image, landmark_set):
        visualizer.draw = ('landmarks', )
        low = one_face(landmark_set, 0, 0.2)
        assert not paint(visualizer, image, low)[1].any()
        assert paint(visualizer, image, low, kpt_thr=0.1)[1].any()

    def test_indices(self, visualizer, image, sample):
        bare = paint(visualizer, image, sample)[0]
        numbered = paint(visualizer, image, sample, show_kpt_idx=True)[0]
        assert (bare != numbered).any()

    def test_tensors(self, visualizer, image, sample):
        expected = paint(visualizer, image, sample, draw_bbox=True)[0]
        faces = sample.pred_instances
        for key, value in list(faces.items()):
            faces.set_field(torch.from_numpy(value), key)
        drawn = paint(visualizer, image, sample, draw_bbox=True)[0]
        assert (drawn == expected).all()

    @pytest.mark.parametrize('field', ['head_poses', 'landmark_steps'])
    def test_a_model_without(self, visualizer, image, sample, field):
        sample.pred_instances.pop(field)
        assert paint(visualizer, image, sample)[1].any()

    def test_numbers_that_are_not_finite(self, visualizer, image, sample):
        faces = sample.pred_instances
        faces.keypoints[0] = np.nan
        faces.head_poses[0] = np.nan
        faces.landmark_steps[:, 0] = np.inf
        faces.keypoint_scores[1, 5] = np.nan
        assert paint(visualizer, image, sample, draw_bbox=True)[1].any()


class TestTruth:

    def test_beside_the_prediction(self, visualizer, image, sample):
        faces = sample.gt_instances
        faces.keypoints = sample.pred_instances.keypoints + 5
        faces.keypoints_visible = np.ones((2, 98))
        drawn = visualizer.add_datasample('a', image, sample)
        assert drawn.shape[0] > 220 and drawn.shape[1] == 640
        left, right = drawn[:220, :320], drawn[:220, 320:]
        assert (left != image).any() and (left != right).any()
        alone = visualizer.add_datasample('a', image, sample, draw_gt=False)
        assert (alone == right).all()
        # Below stands which is which.
        names = (drawn[220:] < 100).all(-1)
        assert names[:, :320].any() and names[:, 320:].any()
        assert names[:, 320:].sum() > names[:, :320].sum()
        assert 'heading' not in sample.gt_instances

    def test_unlabelled_landmarks_are_not_drawn(self, image, sample):
        visualizer = SPIGAVisualizer(landmark_set='wflw_98')
        sample.gt_instances.keypoints = sample.pred_instances.keypoints
        sample.gt_instances.keypoints_visible = np.zeros((2, 98))
        drawn = visualizer.add_datasample('a', image, sample)
        assert (drawn[:220, :320] == image).all()

    def test_no_empty_image_where_there_is_no_truth(self, visualizer, image,
                                                    sample):
        drawn = visualizer.add_datasample('a', image, sample, draw_gt=True)
        assert drawn.shape == image.shape


class TestSize:

    @pytest.mark.parametrize('size', [64, 256, 2000])
    def test_sizes_follow_the_face(self, landmark_set, size):
        """Landmarks, axes, box and text cover their share of the image."""
        side = int(1.6 * size)
        landmarks = side * project_head(landmark_set.head_model, POSES[0])
        sample = PoseDataSample()
        sample.pred_instances = InstanceData(
            keypoints=landmarks[None],
            head_poses=POSES[:1],
            bboxes=np.array([[*landmarks.min(0), *landmarks.max(0)]]),
            track_ids=np.array([3]))
        image = np.full((side, side, 3), 128, np.uint8)
        painted = paint(
            SPIGAVisualizer(landmark_set='wflw_98'),
            image,
            sample,
            draw_bbox=True)[1]
        # No line is thinner than a pixel and no letter lower than 11 px: on
        # a tiny face they take more room.
        low, high = (0.08, 0.16) if size > 100 else (0.3, 0.6)
        assert low < painted.mean() < high

    def test_small_faces_are_enlarged(self, image, sample):
        visualizer = SPIGAVisualizer(landmark_set='wflw_98', min_face=120)
        drawn = visualizer.add_datasample('a', image, sample)
        points = sample.pred_instances.keypoints
        smallest = min(np.sqrt(np.ptp(p, axis=0).prod()) for p in points)
        factor = 120 / smallest
        assert factor > 1
        np.testing.assert_allclose(
            drawn.shape[:2], np.array([220, 320]) * factor, atol=1)
        x, y = ((points[1, 16] + 0.5) * factor - 0.5).round().astype(int)
        assert (np.abs(drawn[y, x].astype(int) - 128) > 30).any()

    def test_the_sample_stays_as_it_is(self, image, sample):
        before = sample.pred_instances.clone()
        steps = before.landmark_steps.copy()
        visualizer = SPIGAVisualizer(landmark_set='wflw_98', min_face=120)
        visualizer.add_datasample('a', image, sample)
        assert (sample.pred_instances.keypoints == before.keypoints).all()
        assert (sample.pred_instances.landmark_steps == steps).all()

    def test_large_faces_are_not(self, image, sample):
        visualizer = SPIGAVisualizer(landmark_set='wflw_98', min_face=20)
        assert visualizer.add_datasample('a', image,
                                         sample).shape == image.shape

    def test_not_beyond_bounds(self, sample):
        # Nothing of an absurdly small face makes a huge image.
        faces = sample.pred_instances
        faces.keypoints = faces.keypoints / 1000
        visualizer = SPIGAVisualizer(landmark_set='wflw_98', min_face=96)
        image = np.zeros((1000, 1200, 3), np.uint8)
        drawn = visualizer.add_datasample('a', image, sample)
        assert max(drawn.shape) <= 4097


class TestSets:

    def test_another_number_of_landmarks(self, image, sample):
        visualizer = SPIGAVisualizer(landmark_set='300w_68')
        with pytest.raises(ValueError, match="'300w_68' has 68.*has 98"):
            visualizer.add_datasample('a', image, sample)

    def test_unknown_set(self):
        with pytest.raises(ValueError, match='no landmark set'):
            SPIGAVisualizer(landmark_set='wflw')

    def test_set_of_the_dataset(self, image, sample, landmark_set, visualizer):
        """By its name in the metainfo; the image is the same."""
        found = SPIGAVisualizer()
        found.set_dataset_meta(parse_pose_metainfo(landmark_set.metainfo()))
        assert found.landmark_set is landmark_set
        assert (paint(found, image,
                      sample)[0] == paint(visualizer, image, sample)[0]).all()

    def test_the_config_goes_before_the_dataset(self):
        visualizer = SPIGAVisualizer(landmark_set='300w_68')
        visualizer.set_dataset_meta(dict(dataset_name='wflw_98'))
        assert visualizer.landmark_set.name == '300w_68'

    def test_colours_of_the_dataset_without_a_set(self, image, sample,
                                                  landmark_set):
        """Its metainfo has the same colours and links: the same image."""
        named = SPIGAVisualizer(landmark_set='wflw_98', draw=('landmarks', ))
        plain = SPIGAVisualizer(draw=('landmarks', ))
        info = dict(landmark_set.metainfo(), dataset_name='a dog')
        plain.set_dataset_meta(parse_pose_metainfo(info))
        assert plain.landmark_set is None
        assert (paint(plain, image, sample)[0] == paint(named, image,
                                                        sample)[0]).all()

    def test_white_without_anything(self, image, sample):
        drawn, painted = paint(SPIGAVisualizer(), image, sample)
        contour = sample.pred_instances.keypoints[0, 16].round().astype(int)
        pixel = drawn[contour[1], contour[0]].astype(int)
        assert np.ptp(pixel) < 10 and pixel.min() > 180


def test_heatmaps_as_mmpose_draws_them(visualizer, image, landmark_set):
    """Below the faces, brought to the image by merge_data_samples."""
    sample = one_face(landmark_set, 0)
    sample.set_metainfo(dict(ori_shape=image.shape[:2]))
    sample.pred_fields = PixelData(
        heatmaps=torch.rand(98, 16, 16), edges=torch.rand(15, 16, 16))
    drawn = visualizer.add_datasample(
        'a', image, merge_data_samples([sample]), draw_heatmap=True)
    assert drawn.shape == (440, 320, 3)
    assert (drawn[220:] != image).any()


def test_writes_a_file(visualizer, image, sample, tmp_path):
    path = tmp_path / 'drawn.png'
    drawn = visualizer.add_datasample('a', image, sample, out_file=str(path))
    assert (cv2.imread(str(path))[..., ::-1] == drawn).all()


def test_in_the_hook_of_the_runner(tmp_path, image, landmark_set):
    """PoseVisualizationHook merges, draws and writes test images."""
    from types import SimpleNamespace

    from mmpose.engine.hooks import PoseVisualizationHook
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), image)
    sample = one_face(landmark_set, 0)
    sample.set_metainfo(dict(img_path=str(path)))
    SPIGAVisualizer.get_instance('hooked', landmark_set='wflw_98')
    hook = PoseVisualizationHook(enable=True, out_dir='seen')
    hook._visualizer = SPIGAVisualizer.get_instance('hooked')
    runner = SimpleNamespace(
        work_dir=str(tmp_path),
        timestamp='now',
        test_evaluator=SimpleNamespace(dataset_meta=dict()))
    hook.after_test_iter(runner, 0, None, [sample])
    written = list(tmp_path.rglob('seen/*'))
    assert len(written) == 1
    assert (cv2.imread(str(written[0])) != image).any()
