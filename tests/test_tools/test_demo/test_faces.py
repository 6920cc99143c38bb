"""tools/demo.py: boxes, drawings and formats of an image."""
import json
import os
import os.path as osp
import shutil
import subprocess
import sys

import cv2
import demo_loop
import numpy as np
import pytest
import torch
from cartoon import HEAD, cartoon_face
from mmpose.apis import init_model
from tiny_model import POSE, tiny_config, write_tiny_model
from web_server import serve

from spiga_mmpose.apis import load_model
from spiga_mmpose.deployment import export_model

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')

BOX = ['--bbox', '40,30,120,140']
TWO = [*BOX, '--bbox', '20,20,160,160']


class TestBoxes:

    def test_given(self, run, face_file, out, result):
        code, printed = run(face_file, *BOX)
        assert code == 0
        assert '1 face in 1 image, written to' in printed
        assert 'found by' not in printed
        assert sorted(os.listdir(out)) == ['face.json', 'face_faces.jpg']
        record = result()
        assert (record['width'], record['height']) == (200, 200)
        assert record['landmark_set'] == 'wflw_98'
        [face] = record['faces']
        assert face['box'] == [40, 30, 120, 140]
        assert np.shape(face['landmarks']) == (98, 2)
        assert np.shape(face['landmark_scores']) == (98, )
        assert face['pose']['yaw'] == pytest.approx(POSE[0], abs=1e-3)
        # The projected head stands in the middle of its box, roughly.
        np.testing.assert_allclose(
            np.mean(face['landmarks'], 0), [100, 100], atol=40)
        drawn = cv2.imread(str(out / 'face_faces.jpg'))
        assert (np.abs(drawn.astype(int) - cartoon_face(200)) > 60).any()

    def test_haar_where_yunet_cannot_be_had(self, run, face_file, folder,
                                            result, monkeypatch):
        """One line says so, and there is one try for all images."""
        shutil.copy(face_file, folder / 'again.png')
        with serve() as server:
            monkeypatch.setenv('SPIGA_MMPOSE_MIRROR', server.url)
            code, printed = run(face_file, folder / 'again.png')
            assert len(server.asked) == 1
        assert code == 0
        [line] = [line for line in printed.splitlines() if 'Haar' in line]
        assert line.startswith('note: faces are found by Haar')
        assert '--det-weights FILE' in line
        [face] = result()['faces']
        x, y, width, height = face['box']
        np.testing.assert_allclose([x, y, x + width, y + height],
                                   200 * HEAD,
                                   atol=40)
        assert 0.3 < face['box_score'] <= 1

    def test_yunet_by_its_file(self, run, sample_data, yunet_file, result):
        photo = osp.join(sample_data, '300w', 'indoor_029.png')
        code, printed = run(photo, '--det-weights', yunet_file)
        assert code == 0 and 'note: faces are found by YuNet' in printed
        [face] = result('indoor_029')['faces']
        np.testing.assert_allclose(face['box'], [268, 265, 443, 476], atol=60)

    def test_refine(self, run, face_file, result):
        """The second box is that of the first landmarks."""
        assert run(face_file, *BOX)[0] == 0
        points = np.array(result()['faces'][0]['landmarks'])
        assert run(face_file, *BOX, '--refine', 1)[0] == 0
        np.testing.assert_allclose(
            result()['faces'][0]['box'],
            [*points.min(0), *np.ptp(points, 0)],
            atol=2e-3)

    def test_no_face(self, run, folder, out, result):
        cv2.imwrite(
            str(folder / 'wall.png'), np.full((90, 90, 3), 99, np.uint8))
        code, printed = run(folder / 'wall.png')
        assert code == 0
        assert 'no face found in' in printed and 'wall.png' in printed
        assert result('wall')['faces'] == []
        assert (out / 'wall_faces.jpg').exists()

    def test_calibration_of_the_whole_image(self, run, face_file, tmp_path,
                                            result):
        args = [face_file, '--det', 'whole_image']
        assert run(*args)[0] == 0
        assert result()['faces'][0]['box'] == [0, 0, 200, 200]
        path = tmp_path / 'calibration.json'
        path.write_text(json.dumps(dict(shift=[0, 0], scale=[0.5, 0.5])))
        assert run(*args, '--box-calibration', path)[0] == 0
        assert result()['faces'][0]['box'] == [50, 50, 100, 100]


class TestDrawings:

    def test_steps(self, run, face_file, out, result):
        assert run(face_file, *BOX, '--draw', 'landmarks,steps')[0] == 0
        strip = cv2.imread(str(out / 'face_steps.jpg'))
        assert strip.shape[1] > 3 * strip.shape[0]  # four in a row
        [face] = result()['faces']
        assert np.shape(face['landmark_steps']) == (4, 98, 2)
        assert face['landmark_steps'][3] == face['landmarks']

    def test_a_model_without_pose_and_cascade(self, run, face_file, tmp_path,
                                              out):
        config = tiny_config()
        config.model.head = dict(
            type='HeatmapHead',
            in_channels=16,
            out_channels=98,
            deconv_out_channels=None,
            decoder=dict(
                type='MSRAHeatmap',
                input_size=(64, 64),
                heatmap_size=(16, 16),
                sigma=2))
        path, weights = str(tmp_path / 'plain.py'), tmp_path / 'plain.pth'
        config.dump(path)
        model = init_model(path, device='cpu')
        torch.save(dict(state_dict=model.state_dict()), weights)
        code, printed = run(
            face_file,
            '--draw',
            'pose,steps,attention',
            model=('--config', path, '--weights', weights))
        assert code == 0, printed
        for words in ('no head pose', 'no cascade steps', 'no attention'):
            assert words in printed
        assert sorted(os.listdir(out)) == ['face.json', 'face_faces.jpg']

    def test_grids(self, run, face_file, out):
        """A grid a face, and one of the steps of all."""
        code, printed = run(face_file, *TWO, '--draw',
                            'landmarks,pose,steps,attention,maps')
        assert code == 0, printed
        assert sorted(os.listdir(out)) == [
            'face.json', 'face_attention_1.jpg', 'face_attention_2.jpg',
            'face_faces.jpg', 'face_maps_1.jpg', 'face_maps_2.jpg',
            'face_matrix_1.jpg', 'face_matrix_2.jpg', 'face_steps.jpg'
        ]
        one, two = (
            cv2.imread(str(out / f'face_maps_{i}.jpg')) for i in (1, 2))
        assert (np.abs(one.astype(int) - two) > 60).any()

    def test_landmark(self, run, face_file, out):
        grids = []
        for landmark in ('16', '76'):
            code, printed = run(face_file, *TWO, '--draw', 'attention',
                                '--landmark', landmark)
            assert code == 0, printed
            grids.append(cv2.imread(str(out / 'face_attention_1.jpg')))
        one, two = grids
        assert one.shape != two.shape or (np.abs(one.astype(int) - two) >
                                          60).any()
        code, printed = run(face_file, '--landmark', '98')
        assert code == 2 and 'expected 0 to 97, found 98' in printed

    def test_of_the_first_faces(self, run, face_file, out, result,
                                monkeypatch):
        monkeypatch.setattr(demo_loop, 'MAX_VIEWED', 1)
        code, printed = run(face_file, *TWO, '--draw', 'steps,maps')
        assert code == 0
        assert 'steps, maps: of the first 1 faces' in printed
        assert sorted(os.listdir(out)) == [
            'face.json', 'face_faces.jpg', 'face_maps_1.jpg', 'face_steps.jpg'
        ]
        assert len(result()['faces']) == 2


class TestFormats:

    def test_to_68(self, run, face_file, result):
        assert run(face_file, *BOX)[0] == 0
        [whole] = result()['faces']
        assert run(face_file, *BOX, '--to-68')[0] == 0
        assert result()['landmark_set'] == '300w_68'
        [face] = result()['faces']
        assert len(face['landmarks']) == 68
        assert face['landmarks'][8] == whole['landmarks'][16]

    def test_to_68_of_68(self, run, face_file, tmp_path):
        config, weights = write_tiny_model(str(tmp_path), '300w_68')
        code, printed = run(
            face_file,
            '--to-68',
            model=('--config', config, '--weights', weights))
        assert code == 2 and 'found 68' in printed


def test_exported_file(run, face_file, tmp_path, tiny, out, result):
    """The same faces as by torch, to a hundredth of a pixel."""
    pytest.importorskip('onnxruntime', reason='requirements/deploy.txt')
    pytest.importorskip('onnxscript', reason='requirements/deploy.txt')
    path = str(tmp_path / 'tiny.onnx')
    export_model(load_model(*tiny, 'cpu'), path)
    found = []
    for options in ({}, dict(model=('--model', path, '--threads', '1'))):
        assert run(face_file, *BOX, '--draw', 'landmarks,pose,steps',
                   **options)[0] == 0
        strip = out / 'face_steps.jpg'
        assert strip.stat().st_size > 1000
        strip.unlink()
        found.append(result()['faces'][0]['landmarks'])
    np.testing.assert_allclose(*found, atol=1e-2)


@pytest.mark.slow
def test_as_a_program(repo, tiny, face_file, tmp_path, out):
    """From another folder, with its exit code."""
    done = subprocess.run([
        sys.executable,
        osp.join(repo, 'tools', 'demo.py'),
        str(face_file), '--out',
        str(out), '--device', 'cpu', '--config', tiny[0], '--weights', tiny[1]
    ],
                          cwd=tmp_path,
                          env=dict(os.environ, PYTHONPATH=repo),
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert '1 face in 1 image,' in done.stdout


@pytest.mark.slow
def test_photographs(run, sample_data, result):
    code, _ = run(
        osp.join(sample_data, 'wflw'), '--draw', 'landmarks,pose,steps')
    assert code == 0
    assert len(result('7_Cheering_Cheering_7_16')['faces']) >= 8
