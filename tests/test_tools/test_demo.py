"""tools/demo.py as a person runs it."""
import json
import os
import os.path as osp
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from cartoon import HEAD, cartoon_face
from tiny_model import POSE, write_tiny_model
from web_server import serve

from spiga_mmpose import package_files
from spiga_mmpose.apis import demo as demo_run
from spiga_mmpose.apis import estimate_each, load_model
from spiga_mmpose.deployment import export_model

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


@pytest.fixture(scope='module')
def demo(load_tool):
    return load_tool('demo.py')


@pytest.fixture(scope='module')
def model_args(tmp_path_factory):
    config, checkpoint = write_tiny_model(str(tmp_path_factory.mktemp('tiny')))
    return ['--config', config, '--checkpoint', checkpoint, '--device', 'cpu']


@pytest.fixture
def run(demo, model_args, tmp_path, capsys):
    """Run the demo on files in ``tmp_path / 'in'``, write to 'out'."""

    def run_demo(*args, out=tmp_path / 'out'):
        arguments = [str(arg) for arg in args]
        try:
            code = demo.main(arguments + model_args + ['--out', str(out)])
        except SystemExit as exit:  # argparse
            code = exit.code
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run_demo


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / 'in'
    path.mkdir()
    return path


@pytest.fixture
def face_file(folder):
    path = folder / 'face.png'
    cv2.imwrite(str(path), cartoon_face(200))
    return path


def one_by_one(pictures):
    """Batches of a picture."""
    return ([picture] for picture in pictures)


def read_json(out, name='face'):
    return json.loads((out / f'{name}.json').read_text())


class TestFaces:

    def test_box(self, run, face_file, tmp_path):
        code, printed = run(face_file, '--bbox', '40,30,120,140')
        assert code == 0
        assert '1 face in 1 image, written to' in printed
        out = tmp_path / 'out'
        assert sorted(os.listdir(out)) == ['face.json', 'face_faces.jpg']
        result = read_json(out)
        assert (result['width'], result['height']) == (200, 200)
        assert result['landmark_set'] == 'wflw_98'
        [face] = result['faces']
        assert face['box'] == [40, 30, 120, 140]
        assert np.shape(face['landmarks']) == (98, 2)
        assert np.shape(face['landmark_scores']) == (98, )
        assert face['pose']['yaw'] == pytest.approx(POSE[0], abs=1e-3)
        # The projected head stands in the middle of its box, roughly.
        np.testing.assert_allclose(
            np.mean(face['landmarks'], 0), [100, 100], atol=40)
        drawn = cv2.imread(str(out / 'face_faces.jpg'))
        assert (np.abs(drawn.astype(int) - cartoon_face(200)) > 60).any()

    def test_several_boxes(self, run, face_file, tmp_path):
        code, _ = run(face_file, '--bbox', '40,30,120,140', '--bbox',
                      '0,0,200,200')
        assert code == 0
        boxes = [face['box'] for face in read_json(tmp_path / 'out')['faces']]
        assert boxes == [[40, 30, 120, 140], [0, 0, 200, 200]]

    def test_haar_where_yunet_cannot_be_had(self, run, face_file, folder,
                                            tmp_path, monkeypatch):
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
        [face] = read_json(tmp_path / 'out')['faces']
        x, y, width, height = face['box']
        np.testing.assert_allclose([x, y, x + width, y + height],
                                   200 * HEAD,
                                   atol=40)
        assert 0.3 < face['box_score'] <= 1

    def test_yunet_by_its_file(self, run, sample_data, yunet_file, tmp_path):
        photo = osp.join(sample_data, '300w', 'indoor_029.png')
        code, printed = run(photo, '--det-weights', yunet_file)
        assert code == 0 and 'note: faces are found by YuNet' in printed
        [face] = read_json(tmp_path / 'out', 'indoor_029')['faces']
        np.testing.assert_allclose(face['box'], [268, 265, 443, 476], atol=60)

    def test_yunet_without_its_file(self, run, face_file):
        code, printed = run(face_file, '--det', 'yunet')
        assert code == 2
        assert printed.splitlines()[-1].startswith(
            'error: YuNet cannot be fetched from http://127.0.0.1:9/')

    def test_refine(self, run, face_file, tmp_path):
        """The second box is that of the first landmarks."""
        assert run(face_file, '--bbox', '40,30,120,140')[0] == 0
        points = np.array(read_json(tmp_path / 'out')['faces'][0]['landmarks'])
        code, printed = run(face_file, '--bbox', '40,30,120,140', '--refine',
                            1)
        assert code == 0 and 'found by' not in printed
        [face] = read_json(tmp_path / 'out')['faces']
        np.testing.assert_allclose(
            face['box'], [*points.min(0), *np.ptp(points, 0)], atol=2e-3)

    def test_whole_image(self, run, face_file, tmp_path):
        assert run(face_file, '--det', 'whole_image')[0] == 0
        [face] = read_json(tmp_path / 'out')['faces']
        assert face['box'] == [0, 0, 200, 200]

    def test_no_face(self, run, folder, tmp_path):
        cv2.imwrite(
            str(folder / 'wall.png'), np.full((90, 90, 3), 99, np.uint8))
        code, printed = run(folder / 'wall.png')
        assert code == 0
        assert 'no face found in' in printed and 'wall.png' in printed
        assert read_json(tmp_path / 'out', 'wall')['faces'] == []
        assert (tmp_path / 'out' / 'wall_faces.jpg').exists()

    def test_steps(self, run, face_file, tmp_path):
        code, _ = run(face_file, '--bbox', '40,30,120,140', '--draw',
                      'landmarks,steps')
        assert code == 0
        strip = cv2.imread(str(tmp_path / 'out' / 'face_steps.jpg'))
        assert strip.shape[1] > 3 * strip.shape[0]  # four in a row
        [face] = read_json(tmp_path / 'out')['faces']
        assert np.shape(face['landmark_steps']) == (4, 98, 2)
        assert face['landmark_steps'][3] == face['landmarks']

    def test_the_drawing_asked_for(self, run, face_file, tmp_path):
        drawn = {}
        for what in ('landmarks', 'pose'):
            assert run(
                face_file,
                '--bbox',
                '40,30,120,140',
                '--draw',
                what,
                out=tmp_path / what)[0] == 0
            drawn[what] = cv2.imread(str(tmp_path / what /
                                         'face_faces.jpg')).astype(int)
        assert (np.abs(drawn['landmarks'] - drawn['pose']) > 60).any()

    def test_a_model_without_pose_says_so(self, demo, face_file, tmp_path,
                                          capsys, monkeypatch, model_args):

        def plain(*args, **options):
            for sample in estimate_each(*args, **options):
                for name in ('head_poses', 'landmark_steps', 'attention'):
                    sample.pred_instances.pop(name)
                del sample.pred_fields
                yield sample

        monkeypatch.setattr(demo_run, 'estimate_each', plain)
        code = demo.main([
            str(face_file), '--out',
            str(tmp_path / 'out'), '--draw', 'pose,steps,attention,maps',
            *model_args
        ])
        printed = capsys.readouterr().err
        assert code == 0
        for words in ('no head pose', 'no cascade steps', 'no attention',
                      'no landmark and edge maps'):
            assert words in printed
        assert sorted(os.listdir(
            tmp_path / 'out')) == ['face.json', 'face_faces.jpg']


class TestViews:

    BOXES = ['--bbox', '40,30,120,140', '--bbox', '20,20,160,160']

    def test_files(self, run, face_file, tmp_path):
        """A sheet a face, and one of the steps of all."""
        code, printed = run(face_file, *self.BOXES, '--draw',
                            'landmarks,pose,steps,attention,maps')
        assert code == 0, printed
        assert sorted(os.listdir(tmp_path / 'out')) == [
            'face.json', 'face_attention_1.jpg', 'face_attention_2.jpg',
            'face_faces.jpg', 'face_maps_1.jpg', 'face_maps_2.jpg',
            'face_matrix_1.jpg', 'face_matrix_2.jpg', 'face_steps.jpg'
        ]
        one, two = (
            cv2.imread(str(tmp_path / 'out' / f'face_maps_{i}.jpg'))
            for i in (1, 2))
        assert (np.abs(one.astype(int) - two) > 60).any()

    def test_the_numbers_are_the_same(self, run, face_file, tmp_path):
        for draw in ('landmarks', 'attention,maps'):
            assert run(
                face_file, *self.BOXES, '--draw', draw,
                out=tmp_path / draw)[0] == 0
        one, two = (
            read_json(tmp_path / draw)['faces']
            for draw in ('landmarks', 'attention,maps'))
        for a, b in zip(one, two):
            np.testing.assert_allclose(a['landmarks'], b['landmarks'],
                                       atol=2e-3)

    def test_landmark(self, run, face_file, tmp_path):
        sheets = []
        for landmark in ('16', '76'):
            code, printed = run(face_file, *self.BOXES, '--draw',
                                'attention', '--landmark', landmark)
            assert code == 0, printed
            sheets.append(
                cv2.imread(str(tmp_path / 'out' / 'face_attention_1.jpg')))
        one, two = sheets
        assert one.shape != two.shape or (np.abs(one.astype(int) - two) >
                                          60).any()
        code, printed = run(face_file, '--landmark', '98')
        assert code == 2 and 'expected 0 to 97, found 98' in printed

    def test_of_the_first_faces(self, run, demo, face_file, tmp_path,
                                monkeypatch):
        monkeypatch.setattr(demo_run, 'MAX_VIEWED', 1)
        code, printed = run(face_file, *self.BOXES, '--draw', 'steps,maps')
        assert code == 0
        assert 'steps, maps: of the first 1 faces' in printed
        assert sorted(os.listdir(tmp_path / 'out')) == [
            'face.json', 'face_faces.jpg', 'face_maps_1.jpg', 'face_steps.jpg'
        ]
        assert len(read_json(tmp_path / 'out')['faces']) == 2


class TestVideos:

    @pytest.fixture
    def video(self, folder):
        pytest.importorskip('lap', reason='no lap (requirements/video.txt)')
        path = str(folder / 'film.mp4')
        writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'mp4v'), 10,
                                 (200, 200))
        for _ in range(6):
            writer.write(cartoon_face(200))
        writer.release()
        return path

    def test_with_an_image(self, run, video, face_file, tmp_path):
        code, printed = run(video, face_file, '--det-every', '3', '--smooth',
                            'off')
        assert code == 0, printed
        assert 'film.mp4: 6 frames' in printed
        assert '1 face in 1 image and 1 video, written to' in printed
        out = tmp_path / 'out'
        assert sorted(os.listdir(out)) == [
            'face.json', 'face_faces.jpg', 'film.csv', 'film.jsonl',
            'film_faces.mp4'
        ]
        assert len((out / 'film.jsonl').read_text().splitlines()) == 6

    def test_options_reach_it(self, run, demo, video, monkeypatch):
        seen = []
        process = demo_run.process_video
        monkeypatch.setattr(
            demo_run, 'process_video', lambda *args, **kwargs: seen.append(
                (args, kwargs)) or process(*args, **kwargs))
        code, printed = run(video, '--det-every', '4', '--smooth', 'strong',
                            '--draw', 'pose,steps')
        assert code == 0
        (inferencer, *_), options = seen[0]
        assert (options['det_every'], options['smooth']) == (4, 'strong')
        assert inferencer.visualizer.draw == ['pose', 'steps']
        assert 'steps: not drawn of videos' in printed

    def test_broken_and_missing(self, run, folder, face_file, tmp_path):
        (folder / 'text.mp4').write_text('no film')
        code, printed = run(folder / 'text.mp4', folder / 'none.avi',
                            'webcam:99', face_file)
        assert code == 1
        for name in ('text.mp4', 'none.avi', 'webcam:99'):
            assert name in printed
        assert '1 face in 1 image, ' in printed and '3 inputs sk' in printed

    def test_interrupted(self, run, demo, video, face_file, monkeypatch):

        def stop(*args, **kwargs):
            from spiga_mmpose.apis.video import VideoSummary
            return VideoSummary(['a.mp4', 'a.jsonl'], interrupted=True)

        monkeypatch.setattr(demo_run, 'process_video', stop)
        code, printed = run(video, face_file)
        assert code == 130 and '1 image left' in printed

    @pytest.mark.parametrize('options, words', [
        (['--bbox', '1,2,30,40'], '--bbox is for images'),
        (['--to-68'], '--to-68 is for images'),
        (['--format', 'csv'], '--format is for images'),
        (['--det-every', '0'], 'at least 1'),
        (['--smooth', 'much'], 'invalid choice'),
    ])
    def test_wrong_options(self, run, options, words):
        code, printed = run('webcam', *options)
        assert code == 2 and words in printed

    def test_nothing_of_images(self, run, video):
        code, printed = run(video)
        assert code == 0
        [line] = [
            line for line in printed.splitlines()
            if line.startswith('1 video, written to')
        ]
        done, _ = line.split(', written to')
        assert done == '1 video' and ';' not in line

    def test_broken_off(self, run, folder, tmp_path):
        """What could be read is written; the exit code tells of the rest."""
        pytest.importorskip('lap', reason='no lap (requirements/video.txt)')
        path = folder / 'cut.avi'
        writer = cv2.VideoWriter(
            str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, (200, 200))
        for _ in range(12):
            writer.write(cartoon_face(200))
        writer.release()
        content = path.read_bytes()
        path.write_bytes(content[:len(content) // 2])
        code, printed = run(path)
        assert code == 1
        assert 'broken off: ' in printed and 'frames of 12' in printed
        assert 'out; 1 video broken off' in printed
        assert 'skipped' not in printed
        assert (tmp_path / 'out' / 'cut.csv').read_text().count('\n') > 2

    def test_of_a_folder(self, run, video, face_file, folder):
        """They are left out, and the user is told how to run them."""
        code, printed = run(folder)
        assert code == 0 and '1 face in 1 image, ' in printed
        assert 'note: left out: 1 video in the folder' in printed
        assert f"name '{folder}/*.mp4'" in printed
        code, printed = run(f'{folder}/*.mp4')
        assert code == 0 and '1 video, written' in printed

    def test_a_camera_ends_with_ctrl_c(self, run, demo, face_file,
                                       monkeypatch):
        """That is no interruption: what is named after it is done."""

        def stop(*args, **kwargs):
            from spiga_mmpose.apis.video import VideoSummary
            return VideoSummary(['a.mp4', 'a.jsonl'], interrupted=True)

        monkeypatch.setattr(demo_run, 'process_video', stop)
        code, printed = run('webcam', face_file)
        assert code == 0 and 'ended by Ctrl-C' in printed
        assert '1 face in 1 image and 1 video' in printed


class TestFormats:

    BOX = ['--bbox', '40,30,120,140']

    def test_several(self, run, face_file, tmp_path):
        code, _ = run(face_file, *self.BOX, '--format', 'pts,csv,benchmark')
        assert code == 0
        out = tmp_path / 'out'
        assert sorted(os.listdir(out)) == [
            'face_1.pts', 'face_faces.jpg', 'faces.csv', 'faces_benchmark.json'
        ]
        [face] = json.loads((out / 'faces_benchmark.json').read_text())
        assert face['imgpath'] == str(face_file)
        assert face['headpose'][0] == pytest.approx(POSE[0], abs=1e-3)

    def test_to_68(self, run, face_file, tmp_path):
        assert run(face_file, *self.BOX)[0] == 0
        [whole] = read_json(tmp_path / 'out')['faces']
        assert run(face_file, *self.BOX, '--to-68')[0] == 0
        result = read_json(tmp_path / 'out')
        [face] = result['faces']
        assert result['landmark_set'] == '300w_68'
        assert len(face['landmarks']) == 68
        assert face['landmarks'][8] == whole['landmarks'][16]

    def test_to_68_of_68(self, demo, face_file, tmp_path, capsys):
        config, weights = write_tiny_model(str(tmp_path), '300w_68')
        assert demo.main([
            str(face_file), '--config', config, '--weights', weights,
            '--to-68', '--out',
            str(tmp_path / 'out')
        ]) == 2
        assert 'found 68' in capsys.readouterr().err

    def test_interrupted(self, run, demo, folder, face_file, tmp_path,
                         monkeypatch):
        """What was found until then is in the files of all images."""
        cv2.imwrite(str(folder / 'second.png'), cartoon_face(100))
        read = demo_run.read_image

        def stop_at_second(path):
            if 'second' in path:
                raise KeyboardInterrupt
            return read(path)

        monkeypatch.setattr(demo_run, 'read_image', stop_at_second)
        monkeypatch.setattr(demo_run, 'fill_batches', one_by_one)
        code, _ = run(folder, *self.BOX, '--format', 'benchmark')
        assert code == 130
        path = tmp_path / 'out' / 'faces_benchmark.json'
        assert len(json.loads(path.read_text())) == 1


class TestBackends:

    def test_exported_file(self, demo, face_file, tmp_path, model_args):
        """The same faces as by torch, to a hundredth of a pixel."""
        pytest.importorskip('onnxruntime', reason='requirements/deploy.txt')
        pytest.importorskip('onnxscript', reason='requirements/deploy.txt')
        path = str(tmp_path / 'tiny.onnx')
        model = load_model(model_args[1], model_args[3], 'cpu')
        export_model(model, path)
        results = []
        for options in (model_args, ['--model', path, '--threads', '1']):
            out = tmp_path / f'out{len(results)}'
            assert demo.main([
                str(face_file), '--bbox', '40,30,120,140', '--draw',
                'landmarks,pose,steps', '--out',
                str(out), *options
            ]) == 0
            assert (out / 'face_steps.jpg').stat().st_size > 1000
            results.append(json.loads((out / 'face.json').read_text()))
        ours, theirs = [np.array(r['faces'][0]['landmarks'])
                        for r in results]
        np.testing.assert_allclose(theirs, ours, atol=1e-2)

    def test_a_config_as_the_model(self, demo, face_file, capsys):
        """It would get the weights of WFLW."""
        assert demo.main([str(face_file), '--model', 'mine.py']) == 2
        assert 'mine.py is no file of' in capsys.readouterr().err

    def test_model_beside_config(self, run):
        code, printed = run('a.jpg', '--model', 'tiny.onnx')
        assert code == 2 and 'not allowed with' in printed


class TestWeights:

    def test_they_tell_their_config(self, demo, face_file, tmp_path,
                                    monkeypatch, model_args):
        """No --config where the weights are published ones."""
        monkeypatch.setattr(demo, 'find_weights',
                            lambda name: (model_args[3], model_args[1]))
        assert demo.main([
            str(face_file), '--weights', 'wflw', '--device', 'cpu', '--bbox',
            '40,30,120,140', '--out',
            str(tmp_path / 'out')
        ]) == 0
        assert len(read_json(tmp_path / 'out')['faces']) == 1

    def test_a_url_of_the_weights_and_of_the_image(self, demo, face_file,
                                                   tmp_path, monkeypatch,
                                                   model_args):
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
        with open(model_args[3], 'rb') as file:
            files = {
                '/mine.pth': file.read(),
                '/face.png': face_file.read_bytes()
            }
        with serve(files) as server:
            assert demo.main([
                f'{server.url}/face.png', '--config', model_args[1],
                '--weights', f'{server.url}/mine.pth', '--device', 'cpu',
                '--out',
                str(tmp_path / 'out')
            ]) == 0
            assert read_json(
                tmp_path / 'out')['image'] == f'{server.url}/face.png'

    def test_no_such_name(self, demo, face_file, capsys):
        assert demo.main([str(face_file), '--weights', 'wlfw']) == 2
        assert "no weights 'wlfw'" in capsys.readouterr().err

    def test_no_network(self, demo, face_file, tmp_path, monkeypatch, capsys):
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
        with serve() as server:  # whose files are not those
            monkeypatch.setenv('SPIGA_MMPOSE_MIRROR', server.url)
            assert demo.main([str(face_file), '--weights', 'wflw']) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith('error: the weights cannot be fetched from')
        assert 'local copy' in line


class TestBoxCalibration:

    def test_of_the_cascade(self, run, face_file, tmp_path):
        """The config's own, a file's instead, and none for given boxes."""
        path = tmp_path / 'calibration.json'
        boxes = []
        for content in (None, dict(shift=[0, 0.145], scale=[0.838, 0.821]),
                        dict(shift=[0, 0], scale=[1, 1])):
            path.write_text(json.dumps(content))
            args = ['--box-calibration', path] if content else []
            assert run(face_file, *args)[0] == 0
            boxes.append(read_json(tmp_path / 'out')['faces'][0]['box'])
        own, same, plain = np.array(boxes)
        np.testing.assert_allclose(own, same, atol=0.01)
        np.testing.assert_allclose(
            own[2:], [0.838, 0.821] * plain[2:], atol=0.01)
        assert own[1] > plain[1]
        path.write_text(json.dumps(dict(shift=[1, 1], scale=[9, 9])))
        assert run(face_file, '--bbox', '40,30,120,140', '--box-calibration',
                   path)[0] == 0
        [face] = read_json(tmp_path / 'out')['faces']
        assert face['box'] == [40, 30, 120, 140]

    def test_of_the_whole_image(self, run, face_file, tmp_path):
        path = tmp_path / 'calibration.json'
        path.write_text(json.dumps(dict(shift=[0, 0], scale=[0.5, 0.5])))
        assert run(face_file, '--det', 'whole_image', '--box-calibration',
                   path)[0] == 0
        [face] = read_json(tmp_path / 'out')['faces']
        assert face['box'] == [50, 50, 100, 100]


class TestManyImages:

    def test_the_rest_is_finished(self, run, folder, face_file, tmp_path):
        """Whatever is wrong with one image, the others are done."""
        good = face_file.read_bytes()
        (folder / 'empty.jpg').write_bytes(b'')
        (folder / 'text.jpg').write_text('I am no photograph')
        (folder / 'half.png').write_bytes(good[:len(good) // 2])
        small = cartoon_face(200)
        cv2.imwrite(str(folder / 'grey.png'), small[..., 0])
        cv2.imwrite(
            str(folder / 'alpha.png'), np.dstack([small, small[..., :1]]))
        cv2.imwrite(str(folder / 'deep.png'), small.astype(np.uint16) << 8)
        cv2.imwrite(str(folder / 'pixel.png'), small[:1, :1])
        # 30,000 x 30,000 in the header, and no data: refused unopened.
        huge = bytearray(good)
        huge[16:24] = (30000).to_bytes(4, 'big') * 2
        (folder / 'huge.png').write_bytes(huge)
        code, printed = run(folder, folder / 'missing.jpg')
        assert code == 1
        bad = ['empty', 'text', 'half', 'huge', 'missing']
        for name in bad:
            assert f'{name}.' in printed, name
        assert printed.count('skipped:') == len(bad)
        assert f'1 image without a face, {len(bad)} inputs skipped' in printed
        found = {
            name: len(read_json(tmp_path / 'out', name)['faces'])
            for name in ('face', 'grey', 'alpha', 'deep', 'pixel')
        }
        assert found == dict(face=1, grey=1, alpha=1, deep=1, pixel=0)
        for name in bad:
            assert not (tmp_path / 'out' / f'{name}.json').exists()

    def test_in_common_batches(self, run, demo, folder, face_file, tmp_path,
                               monkeypatch):
        """One batch of all; a bad file among them; the order is theirs."""
        for name in ('a', 'b', 'z'):
            cv2.imwrite(str(folder / f'{name}.png'), cartoon_face(200))
        (folder / 'c.png').write_text('no picture')
        batches = []
        estimate = demo_run.estimate_each
        monkeypatch.setattr(
            demo_run, 'estimate_each',
            lambda model, items, **options: batches.append(len(items)) or
            estimate(model, items, **options))
        code, printed = run(folder, '--bbox', '40,30,120,140', '--format',
                            'csv')
        assert code == 1 and '4 faces in 4 images' in printed
        assert batches == [4]
        rows = (tmp_path / 'out' / 'faces.csv').read_text().splitlines()[1:]
        assert [osp.basename(row.split(',')[0]) for row in rows
                ] == ['a.png', 'b.png', 'face.png', 'z.png']

    def test_too_wide(self, run, folder, face_file, tmp_path):
        """OpenCV crops no picture that is so wide."""
        cv2.imwrite(str(folder / 'a.png'), cartoon_face(200))
        cv2.imwrite(
            str(folder / 'wide.png'), np.zeros((9, 40000, 3), np.uint8))
        cv2.imwrite(str(folder / 'z.png'), cartoon_face(200))
        code, printed = run(folder, '--bbox', '0,0,150,150')
        assert code == 1 and '3 faces in 3 images' in printed
        [line] = [line for line in printed.splitlines() if 'skipped:' in line]
        assert 'wide.png is too long' in line
        assert not (tmp_path / 'out' / 'wide.json').exists()

    def test_a_face_that_fails(self, run, demo, folder, face_file, tmp_path,
                               monkeypatch):
        """Its batch is done one by one, and only its picture is lost."""
        for name in ('a', 'b', 'z'):
            cv2.imwrite(str(folder / f'{name}.png'), cartoon_face(200))
        cv2.imwrite(str(folder / 'b.png'), cartoon_face(190))
        estimate = demo_run.estimate_each

        def fail_at_190(model, items, **options):
            for item in items:
                if len(item[0]) == 190:
                    raise cv2.error('no crop')
                yield from estimate(model, [item], **options)

        monkeypatch.setattr(demo_run, 'estimate_each', fail_at_190)
        code, printed = run(folder, '--bbox', '40,30,120,140')
        assert code == 1 and '3 faces in 3 images' in printed
        [line] = [line for line in printed.splitlines() if 'skipped:' in line]
        assert 'b.png: OpenCV cannot' in line

    def test_no_lines_but_ours(self, demo, model_args, folder, tmp_path,
                               capfd):
        """libpng, libjpeg and OpenCV print past Python, and name no file."""
        noise = np.random.default_rng(0).integers(
            0, 255, (200, 200, 3), np.uint8)
        for name in ('half.png', 'half.bmp', 'mid.jpg'):
            path = folder / name
            cv2.imwrite(str(path), noise)
            content = path.read_bytes()
            if name == 'mid.jpg':  # still decoded, the rest of it grey
                content = content[:9000] + b'\xff\xd9' * 5 + content[9010:]
            else:
                content = content[:len(content) // 2]
            path.write_bytes(content)
        assert demo.main([
            str(folder), '--bbox', '40,30,120,140', '--out',
            str(tmp_path / 'out'), *model_args
        ]) == 1
        lines = [
            line for line in capfd.readouterr().err.splitlines()
            if line.strip() and '%|' not in line  # the progress bar
        ]
        assert len(lines) == 3, lines
        for name, line in zip(('half.bmp', 'half.png', 'mid.jpg'), lines):
            assert name in line
        assert 'is damaged: ' in lines[2]

    def test_box_outside_one_of_them(self, run, face_file, folder, tmp_path):
        cv2.imwrite(str(folder / 'small.png'), cartoon_face(50))
        code, printed = run(folder, '--bbox', '100,100,90,90')
        assert code == 1
        assert 'outside the image of 50 x 50' in printed
        assert 'small.png' in printed
        assert os.listdir(tmp_path / 'out') != []
        assert len(read_json(tmp_path / 'out')['faces']) == 1

    def test_one_of_several_boxes_outside(self, run, face_file, folder,
                                          tmp_path):
        cv2.imwrite(str(folder / 'small.png'), cartoon_face(50))
        code, printed = run(folder, '--bbox', '100,100,90,90', '--bbox',
                            '5,5,40,40')
        assert code == 1
        [line] = [line for line in printed.splitlines() if 'dropped a' in line]
        assert 'small.png' in line and 'x 100 to 190' in line
        assert 'outside the image of 50 x 50' in line
        assert '3 faces in 2 images' in printed
        assert '1 box dropped' in printed
        boxes = [
            face['box'] for name in ('face', 'small')
            for face in read_json(tmp_path / 'out', name)['faces']
        ]
        assert boxes == [[100, 100, 90, 90], [5, 5, 40, 40], [5, 5, 40, 40]]

    def test_all_of_several_boxes_outside(self, run, face_file, folder,
                                          tmp_path):
        cv2.imwrite(str(folder / 'small.png'), cartoon_face(50))
        code, printed = run(folder, '--bbox', '100,100,90,90', '--bbox',
                            '60,60,40,40')
        assert code == 1
        assert '2 faces in 1 image,' in printed
        assert '1 input skipped' in printed and 'dropped' not in printed
        assert not (tmp_path / 'out' / 'small.json').exists()

    @pytest.mark.parametrize('box', ['0,0,1e38,1e38', '-9,0,20001,10'])
    def test_huge_box(self, run, face_file, folder, tmp_path, box):
        code, printed = run(folder, f'--bbox={box}')
        assert code == 1
        assert 'skipped: ' in printed and 'face.png' in printed
        assert 'too large for the image of 200 x 200' in printed
        assert 'expected at most 20000' in printed
        code, printed = run(folder, f'--bbox={box}', '--bbox', '40,30,90,90')
        assert code == 1 and '; 1 box dropped' in printed
        assert len(read_json(tmp_path / 'out')['faces']) == 1

    def test_the_largest_box(self, run, face_file, tmp_path):
        box = [-9000, -9900, 20000, 20000]
        code, printed = run(face_file, '--draw', 'landmarks,pose,steps',
                            f'--bbox={",".join(map(str, box))}')
        assert code == 0, printed
        assert read_json(tmp_path / 'out')['faces'][0]['box'] == box

    def test_equal_names_do_not_overwrite(self, run, tmp_path, face_file):
        other = tmp_path / 'other'
        other.mkdir()
        cv2.imwrite(str(other / 'face.bmp'), cartoon_face(150))
        assert run(face_file, other)[0] == 0
        out = tmp_path / 'out'
        assert read_json(out)['width'] == 200
        assert read_json(out, 'face_2')['width'] == 150

    def test_inputs_are_left_alone(self, run, folder, face_file):
        """Even where they are to be written to: other names."""
        before = face_file.read_bytes()
        assert run(face_file, out=folder)[0] == 0
        assert face_file.read_bytes() == before
        assert sorted(
            os.listdir(folder)) == ['face.json', 'face.png', 'face_faces.jpg']

    def test_nothing_outside_the_output_folder(self, run, face_file, tmp_path,
                                               monkeypatch):
        elsewhere = tmp_path / 'elsewhere'
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        assert run(face_file)[0] == 0
        assert os.listdir(elsewhere) == []

    def test_interrupted(self, run, demo, folder, face_file, tmp_path,
                         monkeypatch):
        cv2.imwrite(str(folder / 'second.png'), cartoon_face(100))
        write = demo_run.Demo.write

        def stop_at_second(self, picture, faces):
            if 'second' in picture.path:
                raise KeyboardInterrupt
            write(self, picture, faces)

        monkeypatch.setattr(demo_run.Demo, 'write', stop_at_second)
        code, printed = run(folder)
        assert code == 130
        assert '1 image left' in printed
        assert len(read_json(tmp_path / 'out')['faces']) == 1


class TestUsage:

    @pytest.mark.parametrize('args, words', [
        (['--bbox', '1,2,3'], 'four numbers'),
        (['--bbox', '1,2,-3,4'], 'positive'),
        (['--bbox', '1,2,nan,4'], 'finite'),
        (['--bbox', '1,2,3,4', '--det', 'haar'], 'not allowed with'),
        (['--det', 'nowhere.py'], '--det-weights'),
        (['--det', 'nowhere.py', '--det-weights', 'a.pth'
          ], 'no detector config nowhere.py'),
        (['--draw', 'landmarks,moustache'], "'landmarks,moustache'"),
        (['--draw', ''], 'expected some of'),
        (['--format', 'json,yaml'], "'json,yaml'"),
        (['--box-calibration', 'none.json'], 'none.json'),
        (['--refine', '-1'], 'refine: expected'),
        (['--frobnicate'], 'unrecognized'),
    ])
    def test_wrong_options(self, run, face_file, tmp_path, args, words):
        code, printed = run(face_file, *args)
        assert code == 2
        assert words in printed
        assert not list(tmp_path.glob('out/*'))

    def test_empty_folder(self, run, folder):
        code, printed = run(folder)
        assert code == 2 and 'no image in the folder' in printed

    def test_output_folder_is_a_file(self, run, face_file):
        code, printed = run(face_file, out=face_file)
        assert code == 2 and 'face.png' in printed

    def test_config_without_weights(self, demo, face_file, capsys):
        code = demo.main([str(face_file), '--config', 'some.py'])
        assert code == 2
        assert '--weights' in capsys.readouterr().err

    def test_bad_checkpoint(self, demo, model_args, face_file, tmp_path,
                            capsys):
        path = tmp_path / 'bad.pth'
        path.write_text('nothing')
        code = demo.main([
            str(face_file), '--config', model_args[1], '--checkpoint',
            str(path), '--out',
            str(tmp_path / 'out')
        ])
        assert code == 2 and 'bad.pth' in capsys.readouterr().err

    @pytest.mark.parametrize('option, content, words', [
        ('--config', 'model = dict(', 'SyntaxError'),
        ('--config', 'work_dir = 3', "no 'model'"),
        ('--det', 'model = dict(', 'not the config of a detector: '),
        ('--det', 'work_dir = 3', "no attribute 'model'"),
    ])
    def test_bad_config(self, demo, model_args, face_file, tmp_path, capsys,
                        option, content, words):
        path = tmp_path / 'bad.py'
        path.write_text(content)
        options = [option, str(path)]
        if option == '--det':
            options += ['--det-weights', 'a.pth']
        code = demo.main([
            str(face_file), '--out',
            str(tmp_path / 'out'), *model_args, *options
        ])
        assert code == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith('error: ')
        assert str(path) in line and words in line

    def test_weights_of_another_landmark_set(self, demo, model_args, face_file,
                                             tmp_path, capsys):
        _, other = write_tiny_model(str(tmp_path), '300w_68')
        args = [str(face_file), '--out', str(tmp_path / 'out'), *model_args]
        args[args.index('--checkpoint') + 1] = other
        assert demo.main(args) == 2
        [line] = [
            line for line in capsys.readouterr().err.splitlines()
            if line.startswith('error: ')
        ]
        assert 'it is of 68 landmarks, the config of 98' in line

    def test_default_weights(self, demo, face_file, tmp_path, capsys,
                             monkeypatch, model_args):
        """Those of photographs, where they are."""
        monkeypatch.setattr(package_files, '_FOLDER', str(tmp_path))
        args = [str(face_file), '--out', str(tmp_path), '--device', 'cpu']
        assert demo.main(args) == 2
        assert 'among the checkpoints' in capsys.readouterr().err
        for source, place in zip(model_args[1:4:2],
                                 ('configs/spiga_photo.py',
                                  'checkpoints/spiga_photo.pth')):
            (tmp_path / place).parent.mkdir()
            shutil.copy(source, tmp_path / place)
        assert demo.main([*args, '--det', 'whole_image']) == 0
        assert demo.main([
            *args, '--det', 'whole_image', '--weights', 'photo'
        ]) == 0
        assert demo.main([*args, '--weights', 'synthetic']) == 2

    def test_weights_that_do_not_tell_their_config(self, demo, face_file,
                                                   model_args, capsys):
        assert demo.main([str(face_file), '--weights', model_args[3]]) == 2
        assert 'give --config as well' in capsys.readouterr().err


@pytest.mark.slow
def test_as_a_program(repo, model_args, face_file, tmp_path):
    """From another folder, with its exit code."""
    done = subprocess.run([
        sys.executable,
        osp.join(repo, 'tools', 'demo.py'),
        str(face_file), '--out',
        str(tmp_path / 'out'), *model_args
    ],
                          cwd=tmp_path,
                          env=dict(os.environ, PYTHONPATH=repo),
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert '1 face in 1 image,' in done.stdout


@pytest.mark.slow
def test_photographs(run, sample_data, tmp_path):
    code, _ = run(
        osp.join(sample_data, 'wflw'), '--draw', 'landmarks,pose,steps')
    assert code == 0
    crowd = read_json(tmp_path / 'out', '7_Cheering_Cheering_7_16')
    assert len(crowd['faces']) >= 8


def test_an_input_named_as_a_result_is_not_written_over(
        run, folder, face_file):
    """face_faces.jpg is the user's photograph, not what we drew."""
    own = folder / 'face_faces.jpg'
    cv2.imwrite(str(own), cartoon_face(150))
    before = own.read_bytes()
    assert run(folder, out=folder)[0] == 0
    assert own.read_bytes() == before
    assert sorted(os.listdir(folder)) == [
        'face.png', 'face_2.json', 'face_2_faces.jpg', 'face_faces.jpg',
        'face_faces.json', 'face_faces_faces.jpg'
    ]


def test_a_file_is_no_output_folder(run, face_file, tmp_path):
    file = tmp_path / 'file'
    file.write_text('mine')
    code, printed = run(face_file, out=file)
    assert code == 2 and 'expected a folder, found a file' in printed
    assert file.read_text() == 'mine'
