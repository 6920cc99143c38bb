"""tools/demo.py: options, weights, and where it writes."""
import os
import shutil

import cv2
import pytest
from cartoon import cartoon_face
from web_server import serve

from spiga_mmpose import package_files

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')

BOX = ['--bbox', '40,30,120,140']


class TestOptions:

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
        (['--model', 'tiny.onnx'], 'not allowed with'),
    ])
    def test_wrong(self, run, face_file, out, args, words):
        code, printed = run(face_file, *args)
        assert code == 2
        assert words in printed
        assert not list(out.glob('*'))

    @pytest.mark.parametrize('options, words', [
        (['--bbox', '1,2,30,40'], '--bbox is for images'),
        (['--to-68'], '--to-68 is for images'),
        (['--format', 'csv'], '--format is for images'),
        (['--det-every', '0'], 'at least 1'),
        (['--smooth', 'much'], 'invalid choice'),
    ])
    def test_wrong_for_videos(self, run, options, words):
        code, printed = run('webcam', *options)
        assert code == 2 and words in printed

    def test_empty_folder(self, run, folder):
        code, printed = run(folder)
        assert code == 2 and 'no image in the folder' in printed


class TestWeights:

    @pytest.mark.parametrize('model, words', [
        (['--weights', 'wlfw'], "no weights 'wlfw'"),
        (['--config', 'some.py'], 'give --weights as well'),
        (['--weights', 'CHECKPOINT'], 'give --config as well'),
        # It would get the weights of WFLW.
        (['--model', 'mine.py'], 'mine.py is no file of'),
        (['--config', 'CONFIG', '--weights', 'BAD'], 'bad.pth'),
    ])
    def test_wrong(self, run, face_file, tiny, tmp_path, model, words):
        bad = tmp_path / 'bad.pth'
        bad.write_text('nothing')
        paths = dict(CONFIG=tiny[0], CHECKPOINT=tiny[1], BAD=bad)
        code, printed = run(
            face_file, model=[paths.get(arg, arg) for arg in model])
        assert code == 2
        *_, line = printed.splitlines()
        assert line.startswith('error: ') and words in line

    def test_by_name(self, run, face_file, tmp_path, monkeypatch, tiny,
                     result):
        """They tell their config; those of photographs are the default."""
        monkeypatch.setattr(package_files, '_FOLDER', str(tmp_path))
        code, printed = run(face_file, *BOX, model=())
        assert code == 2 and 'among the checkpoints' in printed
        for source, place in zip(
                tiny, ('configs/spiga_photo_98.py',
                       'checkpoints/spiga_photo_98.pth')):
            (tmp_path / place).parent.mkdir()
            shutil.copy(source, tmp_path / place)
        for model in ((), ('--weights', 'photo_98')):
            assert run(face_file, *BOX, model=model)[0] == 0
            assert len(result()['faces']) == 1
        assert run(face_file, *BOX, model=('--weights', 'synthetic'))[0] == 2

    def test_urls_of_the_weights_and_of_the_image(self, run, face_file,
                                                  tmp_path, monkeypatch, tiny,
                                                  result):
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
        with open(tiny[1], 'rb') as file:
            files = {
                '/mine.pth': file.read(),
                '/face.png': face_file.read_bytes()
            }
        with serve(files) as server:
            model = ('--config', tiny[0], '--weights',
                     f'{server.url}/mine.pth')
            assert run(f'{server.url}/face.png', model=model)[0] == 0
            assert result()['image'] == f'{server.url}/face.png'


class TestOutputFolder:

    def test_a_file(self, run, face_file):
        before = face_file.read_bytes()
        code, printed = run(face_file, out=face_file)
        assert code == 2 and 'expected a folder, found a file' in printed
        assert 'face.png' in printed
        assert face_file.read_bytes() == before

    def test_inputs_are_left_alone(self, run, folder, face_file):
        """face_faces.jpg is the user's photograph, not what we drew."""
        own = folder / 'face_faces.jpg'
        cv2.imwrite(str(own), cartoon_face(150))
        before = own.read_bytes(), face_file.read_bytes()
        assert run(folder, out=folder)[0] == 0
        assert (own.read_bytes(), face_file.read_bytes()) == before
        assert sorted(os.listdir(folder)) == [
            'face.png', 'face_2.json', 'face_2_faces.jpg', 'face_faces.jpg',
            'face_faces.json', 'face_faces_faces.jpg'
        ]

    def test_nothing_outside_it(self, run, face_file, tmp_path, monkeypatch):
        elsewhere = tmp_path / 'elsewhere'
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        assert run(face_file)[0] == 0
        assert os.listdir(elsewhere) == []
