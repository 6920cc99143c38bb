"""Every shipped config in each entry point that the documents name."""
import copy
import json
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import torch
import torch.nn as nn
from cartoon import HEAD, cartoon_face
from mmengine.config import Config
from mmengine.runner import Runner, load_checkpoint
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from spiga_mmpose.apis import SPIGAInferencer
from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')

CONFIGS = Path(__file__).parents[1] / 'configs'
HAAR = str(CONFIGS / 'detection' / 'haar_face.py')
# What the configs beside it share; it has no backbone for its head.
SHARED = CONFIGS / 'backbones' / 'base.py'
FILES = sorted({
    *CONFIGS.glob('*.py'), *CONFIGS.glob('backbones/*.py'),
    *CONFIGS.glob('experiments/*.py')
} - {SHARED})
# A comparison names the config that has the model, and inherits nothing.
MODELS = [path for path in FILES if '\n_base_ = ' in path.read_text()]

# What makes a network thin, by its backbone.
THIN = dict(
    HourglassPoseNet=dict(
        backbone=dict(num_stacks=1, channels=16, stem_channels=(8, 8)),
        head=dict(in_channels=16)),
    ResNet=dict(
        backbone=dict(base_channels=8),
        neck=dict(in_channels=(256, 128, 64, 32))),
    CSPNeXt=dict(
        backbone=dict(widen_factor=0.125),
        neck=dict(in_channels=(128, 64, 32, 16))))
THIN_CASCADE = dict(
    embed_channels=32,
    position_channels=(32, 32),
    gat_channels=32,
    num_gats=1,
    offset_channels=(16, ))
IMAGES = [cartoon_face(200), cartoon_face(160)]


class Shipped(NamedTuple):
    """A shipped config with random weights."""
    path: str
    weights: str
    config: Config
    landmark_set: LandmarkSet
    model: nn.Module  # of MMPose's init_model
    flipping: nn.Module  # the same with flip test

    def keypoints(self, *args):
        """(N, L, 2) of MMPose's inference_topdown."""
        return np.concatenate([
            face.pred_instances.keypoints
            for face in inference_topdown(self.model, *args)
        ])


@pytest.fixture(
    scope='module',
    params=MODELS,
    ids=lambda path: str(path.relative_to(CONFIGS)))
def shipped(request, tmp_path_factory):
    """To save time, of a config that inherits all but the width of the
    network. Its checkpoint is as the Runner saves one."""
    path = request.param
    if path.stem == 'vit_small':
        pytest.importorskip('mmpretrain', reason='see docs/mixing.md')
    config = Config.fromfile(path)
    changes = copy.deepcopy(THIN.get(config.model.backbone.type, {}))
    if config.model.head.type == 'GATCascadeHead':
        changes.setdefault('head', {}).update(THIN_CASCADE)
    child = tmp_path_factory.mktemp(path.stem) / path.name
    child.write_text(f'_base_ = [{str(path)!r}]\nmodel = {changes}\n')
    config.merge_from_dict(dict(model=changes))
    landmark_set = load_landmark_set(config.landmark_set)
    meta = dict(dataset_meta=parse_pose_metainfo(landmark_set.metainfo()))
    weights = str(child.with_suffix('.pth'))
    torch.manual_seed(0)
    flipping = init_model(
        copy.deepcopy(config),
        device='cpu',
        cfg_options={'model.test_cfg.flip_test': True})
    torch.save(dict(meta=meta, state_dict=flipping.state_dict()), weights)
    model = init_model(copy.deepcopy(config), weights, device='cpu')
    return Shipped(str(child), weights, config, landmark_set, model, flipping)


def has_pose(shipped):
    return shipped.config.model.head.type == 'GATCascadeHead'


def assert_close(found, expected):
    """Numbers of the JSON have three decimals."""
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=5e-3)


def assert_landmarks(face, shipped):
    count = shipped.landmark_set.num_landmarks
    assert face.keypoints.shape == (1, count, 2)
    assert np.isfinite(face.keypoints).all()


def test_comparisons_have_no_model():
    """So that no config is left out here."""
    for path in set(FILES) - set(MODELS):
        assert 'model' not in Config.fromfile(path), path


class TestMMPose:

    def test_inference_topdown(self, shipped):
        boxes = [[40, 24, 160, 176], [0, 0, 100, 90]]
        faces = inference_topdown(shipped.model, IMAGES[0], boxes)
        assert len(faces) == 2
        for face in faces:
            assert_landmarks(face.pred_instances, shipped)
            assert ('head_poses' in face.pred_instances) == has_pose(shipped)

    def test_flip_test(self, shipped):
        """A mirrored image gives mirrored landmarks, where the head mirrors
        pixels; the stock heads shift them."""
        rng = np.random.default_rng(0)
        image = rng.integers(0, 256, (200, 300, 3), np.uint8)
        # As large as the crop when padded: nothing is interpolated.
        half = shipped.config.input_size[0] / shipped.config.padding / 2
        boxes = [[x - half, 100 - half, x + half, 100 + half]
                 for x in (110, 190)]
        found, mirrored = (
            inference_topdown(shipped.flipping, pixels,
                              [box])[0].pred_instances.keypoints[0]
            for pixels, box in zip((image, image[:, ::-1].copy()), boxes))
        plain = shipped.keypoints(image, [boxes[0]])[0]
        assert np.abs(found - plain).max() > 0.1
        if has_pose(shipped):
            flip = shipped.landmark_set.flip_indices
            assert_close(mirrored[flip], [[299, 0]] + found * [[-1, 1]])

    def test_inferencer_without_a_detector(self, shipped):
        """MMPose would fetch one for its own data sets of faces; for ours
        the image is the box."""
        infer = MMPoseInferencer(
            pose2d=shipped.config,
            pose2d_weights=shipped.weights,
            device='cpu')
        result = next(infer(IMAGES[0]))
        [face] = result['predictions'][0]
        assert_close(face['bbox'][0], [0, 0, 200, 200])
        assert_close([face['keypoints']], shipped.keypoints(IMAGES[0]))

    def test_inferencer_with_a_detector(self, shipped, tmp_path):
        infer = MMPoseInferencer(
            pose2d=shipped.path,
            pose2d_weights=shipped.weights,
            det_model=HAAR,
            det_cat_ids=[0],
            device='cpu')
        for name, image in zip('ab', IMAGES):
            cv2.imwrite(str(tmp_path / f'{name}.png'), image)
        for image, result in zip(IMAGES, infer(str(tmp_path)), strict=True):
            [face] = result['predictions'][0]
            box = face['bbox'][0]
            np.testing.assert_allclose(box, len(image) * HEAD, atol=45)
            assert_close([face['keypoints']], shipped.keypoints(image, [box]))
        results = infer(IMAGES, return_datasamples=True, return_vis=True)
        for image, result in zip(IMAGES, results, strict=True):
            [sample], [drawn] = result['predictions'], result['visualization']
            assert_landmarks(sample.pred_instances, shipped)
            assert ('head_poses' in sample.pred_instances) == has_pose(shipped)
            assert drawn.shape == image.shape


def test_spiga_inferencer(shipped):
    infer = SPIGAInferencer(
        weights=shipped.weights, model=shipped.path, device='cpu')
    found = [len(result['predictions'][0]) for result in infer(IMAGES)]
    assert found == [1, 1]
    box = [40, 24, 160, 176]
    [face] = next(infer(IMAGES[0], bboxes=[box]))['predictions'][0]
    assert_close([face['keypoints']], shipped.keypoints(IMAGES[0], [box]))
    assert ('head_pose' in face) == has_pose(shipped)


def write_faces(dataset, landmark_set):
    """The files that the config of a data set names, with dummy faces."""
    for inner in dataset.get('datasets', [dataset.get('dataset')]):
        if inner is not None:
            write_faces(inner, landmark_set)
    if 'ann_file' not in dataset:
        return
    if 'annotated_set' in dataset:
        landmark_set = load_landmark_set(dataset.annotated_set)
    root = Path(dataset.data_root)
    images = root / dataset.get('data_prefix', {}).get('img', '')
    points = 20 + 80 * landmark_set.mean_shape
    corner, size = points.min(0), np.ptp(points, axis=0)
    box = [*corner, *size]
    count = len(points)
    in_view = np.concatenate([points, np.full((count, 1), 2)], 1)
    names = [f'{index}.png' for index in range(4)]
    files = {
        'CocoFaceDataset':
        dict(
            images=[dict(id=i, file_name=name)
                    for i, name in enumerate(names)],
            annotations=[
                dict(
                    id=i,
                    image_id=i,
                    bbox=box,
                    keypoints=in_view.ravel().tolist())
                for i in range(len(names))
            ]),
        'SPIGAJsonDataset': [
            dict(
                imgpath=name,
                bbox=box,
                headpose=[0.] * 6,
                ids=landmark_set.annotation_ids,
                landmarks=points.tolist(),
                visible=[1] * count) for name in names
        ]
    }
    content = {dataset.ann_file: files[dataset.type]}
    subsets = dataset.get('subsets', {})
    if isinstance(subsets, str):
        content[subsets] = dict(hard=[1, 2])
    else:
        content.update(
            {file: files[dataset.type]
             for file in subsets.values()})
    for file, value in content.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(json.dumps(value))
    images.mkdir(parents=True, exist_ok=True)
    for name in names:
        cv2.imwrite(str(images / name), cartoon_face(128))


@pytest.fixture
def runner(shipped, load_tool, tmp_path, monkeypatch):
    """Of the command line of tools/train.py, on dummy faces."""
    monkeypatch.chdir(tmp_path)
    options = ['log_level=ERROR']
    for key in ('train', 'val', 'test'):
        loader = shipped.config[f'{key}_dataloader']
        write_faces(loader.dataset, shipped.landmark_set)
        options += [
            f'{key}_dataloader.{option}'
            for option in ('batch_size=2', 'num_workers=0',
                           'persistent_workers=False')
        ]
    monkeypatch.setattr('sys.argv', ['train.py', shipped.path,
                                     '--cfg-options', *options])
    tool = load_tool('train.py')
    config = tool.make_config(tool.parse_args())
    # The Runner writes its config twice, and formatting takes a second.
    return Runner.from_cfg(
        Config(
            config.to_dict(),
            filename=config.filename,
            format_python_code=False))


def test_runner(shipped, runner):
    """Batches of each data loader go through the model."""
    model = runner.model
    batch = next(iter(runner.train_loop.dataloader))
    losses = model(**model.data_preprocessor(batch, True), mode='loss')
    assert torch.isfinite(model.parse_losses(losses)[0])
    load_checkpoint(model, shipped.weights, strict=True)
    model.eval()
    for loop in (runner.val_loop, runner.test_loop):
        with torch.no_grad():
            samples = model.test_step(next(iter(loop.dataloader)))
        assert len(samples) == 2
        for sample in samples:
            assert_landmarks(sample.pred_instances, shipped)
