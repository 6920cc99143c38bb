"""What stands in for compiled mmcv and for xtcocotools."""
import importlib.metadata
import importlib.util
import json
import os.path as osp
import shutil
import subprocess
import sys
import sysconfig
import venv

import numpy as np
import pytest
import torch
from mmcv.ops import RoIAlign
from mmcv.ops import nms as mmcv_nms


def load(name, path):
    """Module or package of a file, under a name of its own."""
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=[osp.dirname(path)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def ext(repo):
    return load('ext_stand_in',
                osp.join(repo, 'stand_ins', 'mmcv_ext', 'mmcv', '_ext.py'))


def random_boxes(generator, side=50):
    """(N, 4) boxes of up to 80, and (N, ) scores, all different."""
    n = int(torch.randint(0, 80, (1, ), generator=generator))
    boxes = side * torch.rand(n, 4, generator=generator)
    boxes[:, 2:] += boxes[:, :2]
    return boxes, torch.randperm(n, generator=generator) / 80


def align(operators, features, rois, **kwargs):
    out = features.new_zeros(len(rois), features.shape[1], 5, 7)
    operators.roi_align_forward(
        features,
        rois,
        out,
        features.new_zeros(0),
        features.new_zeros(0),
        aligned_height=5,
        aligned_width=7,
        spatial_scale=.25,
        pool_mode=1,
        **kwargs)
    return out


class TestOperators:

    @pytest.mark.parametrize('offset, kept', [(0, [1, 2, 0]), (1, [1, 2])])
    def test_nms_by_hand(self, ext, offset, kept):
        # The first two overlap by 4 of 16 + 16 - 4, or by 9 of 25 + 25 - 9 if
        # the last px belong to the boxes.
        boxes = torch.tensor([[0., 0, 4, 4], [2, 2, 6, 6], [20, 20, 24, 24]])
        scores = torch.tensor([.1, .9, .5])
        assert ext.nms(boxes, scores, .2, offset).tolist() == kept

    @pytest.mark.parametrize('offset', [0, 1])
    def test_nms_is_what_mmcv_installed_here_gives(self, ext, offset):
        generator = torch.Generator().manual_seed(offset)
        for _ in range(40):
            boxes, scores = random_boxes(generator)
            threshold = float(torch.rand(1, generator=generator))
            _, kept = mmcv_nms(boxes, scores, threshold, offset)
            assert torch.equal(
                ext.nms(boxes, scores, threshold, offset), kept)

    def test_roi_align_of_a_ramp(self, ext):
        """Bilinear sampling keeps x: each cell gives its centre."""
        ramp = torch.arange(40.).expand(1, 1, 30, 40).contiguous()
        out = align(
            ext,
            ramp,
            torch.tensor([[0., 16, 16, 72, 96]]),
            sampling_ratio=2,
            aligned=True)
        centres = 4 + 14 * (torch.arange(7) + .5) / 7 - .5
        assert torch.allclose(out, centres.expand(1, 1, 5, 7), atol=1e-5)

    @pytest.mark.parametrize('sampling_ratio', [0, 2])
    @pytest.mark.parametrize('aligned', [True, False])
    def test_roi_align_is_what_mmcv_installed_here_gives(
            self, ext, sampling_ratio, aligned):
        generator = torch.Generator().manual_seed(0)
        features = torch.rand(2, 3, 17, 23, generator=generator)
        layer = RoIAlign((5, 7), .25, sampling_ratio, 'avg', aligned)
        for _ in range(20):
            boxes, _ = random_boxes(generator, 60)
            images = torch.randint(0, 2, (len(boxes), 1), generator=generator)
            rois = torch.cat([images, boxes - 5], dim=1)
            out = align(
                ext,
                features,
                rois,
                sampling_ratio=sampling_ratio,
                aligned=aligned)
            assert torch.equal(out, layer(features, rois))

    @pytest.mark.parametrize(
        'name', ['modulated_deform_conv_forward', 'nms_rotated', 'softnms'])
    def test_another_operator_names_itself_when_it_is_called(self, ext, name):
        with pytest.raises(NotImplementedError) as error:
            getattr(ext, name)(torch.zeros(1), offset=0)
        assert f"mmcv's operator {name} is not installed" in str(error.value)
        assert 'MMCV_OPS=1 make install' in str(error.value)
        assert '\n' not in str(error.value)

    def test_max_pooling_of_rois_too(self, ext):
        with pytest.raises(NotImplementedError, match='pool_mode max'):
            ext.roi_align_forward(*[None] * 9, pool_mode=0, aligned=True)

    def test_what_python_asks_for_is_not_an_operator(self, ext):
        assert not hasattr(ext, '__wrapped__')


def people(seed, points=17):
    """Annotations of 12 images and results near them, in COCO's format.

    There are crowds, people without labelled keypoints, an annotation of id
    0, results of nobody and one without any keypoint.
    """
    random = np.random.default_rng(seed)
    annotations, results = [], []
    for image in range(12):
        for _ in range(random.integers(0, 4)):
            pose = random.uniform(0, 200, (points, 2))
            seen = random.integers(0, 3, (points, 1))
            if random.random() < .2:
                seen[:] = 0
            box = [*pose.min(0), *np.ptp(pose, axis=0)]
            annotations.append(dict(
                id=len(annotations),
                image_id=image,
                category_id=1,
                bbox=[float(x) for x in box],
                area=float(box[2] * box[3] * random.uniform(.02, .6)),
                num_keypoints=int((seen > 0).sum()),
                iscrowd=int(random.random() < .1),
                keypoints=np.hstack([pose, seen]).ravel().tolist()))
            for _ in range(random.integers(0, 3)):
                found = pose + random.normal(0, random.choice([1, 9]),
                                             pose.shape)
                results.append(dict(
                    image_id=image,
                    category_id=1,
                    score=float(random.random()),
                    keypoints=np.hstack([found, seen * 0 + 1.]).ravel().tolist(
                    )))
    results[3]['keypoints'][2::3] = [0.] * points
    return dict(
        info={},
        images=[dict(id=i, width=200, height=200) for i in range(12)],
        categories=[dict(id=1, name='person')],
        annotations=annotations), results


def statistics(coco, cocoeval, folder, data, results, **kwargs):
    for name, content in dict(data=data, results=results).items():
        (folder / f'{name}.json').write_text(json.dumps(content))
    truth = coco.COCO(str(folder / 'data.json'))
    evaluation = cocoeval.COCOeval(
        truth, truth.loadRes(str(folder / 'results.json')), **kwargs)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return np.array(evaluation.stats)


@pytest.fixture(scope='module')
def stand_in(repo):
    """Modules coco and cocoeval of the stand-in."""
    load('xtcocotools_stand_in',
         osp.join(repo, 'stand_ins', 'xtcocotools', 'xtcocotools',
                  '__init__.py'))
    return [
        importlib.import_module(f'xtcocotools_stand_in.{name}')
        for name in ('coco', 'cocoeval')
    ]


@pytest.fixture(scope='module')
def real():
    """Modules coco and cocoeval of xtcocotools, or skip."""
    if '+' in importlib.metadata.version('xtcocotools'):
        pytest.skip('xtcocotools itself is not installed')
    return [
        importlib.import_module(f'xtcocotools.{name}')
        for name in ('coco', 'cocoeval')
    ]


class TestCocoEvaluation:

    @pytest.mark.parametrize('seed', range(5))
    @pytest.mark.parametrize('kwargs', [
        dict(),
        dict(iouType='keypoints', sigmas=np.full(17, .05)),
    ])
    def test_keypoints_as_of_the_fork(self, stand_in, real, tmp_path, seed,
                                      kwargs):
        case = people(seed)
        expected = statistics(*real, tmp_path, *case, **kwargs)
        assert 0 < expected[0] < 1
        assert np.array_equal(
            statistics(*stand_in, tmp_path, *case, **kwargs), expected)

    @pytest.mark.parametrize('seed', range(3))
    def test_boxes_as_of_the_fork(self, stand_in, real, tmp_path, seed):
        data, results = people(seed)
        for result in results:
            points = np.reshape(result.pop('keypoints'), (-1, 3))[:, :2]
            result['bbox'] = [
                float(x) for x in (*points.min(0), *np.ptp(points, axis=0))
            ]
        expected = statistics(*real, tmp_path, data, results, iouType='bbox')
        assert 0 < expected[0] < 1
        assert np.array_equal(
            statistics(*stand_in, tmp_path, data, results, iouType='bbox'),
            expected)

    def test_perfect_results_and_none_of_any_use(self, stand_in, tmp_path):
        data, _ = people(0)
        for annotation in data['annotations']:
            annotation['iscrowd'] = 0
        results = [
            dict(
                image_id=annotation['image_id'],
                category_id=1,
                score=1.,
                keypoints=annotation['keypoints'])
            for annotation in data['annotations']
        ]
        stats = statistics(*stand_in, tmp_path, data, results)
        assert stats[0] == pytest.approx(1)
        for result in results:
            result['keypoints'] = [
                x + 1e4 * (i % 3 < 2)
                for i, x in enumerate(result['keypoints'])
            ]
        assert statistics(*stand_in, tmp_path, data, results)[0] == 0

    def test_some_keypoints_of_data_in_memory(self, stand_in):
        data, _ = people(0)
        del data['annotations'][0]['iscrowd']
        points = np.reshape(data['annotations'][0]['keypoints'], (-1, 3))
        coco = stand_in[0].COCO('', test_index=[5, 2], ann_data=data)
        annotation, = coco.loadAnns([0])
        assert annotation['iscrowd'] == 0
        assert annotation['keypoints'] == points[[5, 2]].ravel().tolist()

    @pytest.mark.parametrize('kwargs', [
        dict(iouType='keypoints_crowd'),
        dict(iouType='keypoints_wholebody'),
        dict(use_area=False),
    ])
    def test_what_the_fork_alone_has(self, stand_in, kwargs):
        with pytest.raises(NotImplementedError) as error:
            stand_in[1].COCOeval(**kwargs)
        assert 'takes xtcocotools itself' in str(error.value)
        assert 'pip uninstall -y xtcocotools' in str(error.value)
        assert '\n' not in str(error.value)


@pytest.fixture(scope='module')
def wheels(repo, tmp_path_factory):
    """The stand-ins' two wheels."""
    folder = tmp_path_factory.mktemp('stand_ins')
    shutil.copytree(osp.join(repo, 'stand_ins'), folder / 'stand_ins')
    pip('wheel', '--no-deps', '--no-build-isolation', '--no-index', '-w',
        folder, folder / 'stand_ins' / 'mmcv_ext',
        folder / 'stand_ins' / 'xtcocotools')
    found = sorted(folder.glob('*.whl'))
    assert len(found) == 2
    return found


def pip(*args):
    done = subprocess.run([sys.executable, '-m', 'pip', *map(str, args)],
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestInstalled:

    def test_an_extension_takes_precedence_and_nothing_stays(
            self, wheels, tmp_path):
        venv.create(tmp_path / 'env', with_pip=False)
        python = tmp_path / 'env' / 'bin' / 'python'
        site, = (tmp_path / 'env' / 'lib').glob('python3.*/site-packages')
        mmcv = site / 'mmcv'
        mmcv.mkdir()
        (mmcv / '__init__.py').write_text('')
        before = sorted(site.rglob('*'))

        def operators():
            return subprocess.run([
                python, '-c', 'import importlib.util as u\n'
                'print(getattr(u.find_spec("mmcv._ext"), "origin", None))'
            ], capture_output=True, text=True, check=True).stdout.strip()

        assert operators() == 'None'
        pip('--python', python, 'install', '--no-deps', '--no-index', *wheels)
        assert operators() == str(mmcv / '_ext.py')
        compiled = mmcv / f'_ext{sysconfig.get_config_var("EXT_SUFFIX")}'
        compiled.write_bytes(b'')
        assert operators() == str(compiled)
        compiled.unlink()
        pip('--python', python, 'uninstall', '-y', 'spiga-mmpose-mmcv-ext',
            'xtcocotools')
        left = [p for p in site.rglob('*') if p.name != '__pycache__'
                and p.suffix != '.pyc']
        assert sorted(left) == before
