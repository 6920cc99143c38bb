"""tools/analysis_tools/worst_faces.py, from files to a grid."""
import json
import os.path as osp

import cv2
import numpy as np
import pytest
from release_metrics import make_faces

from spiga_mmpose.datasets.synthetic_face_dataset import face_path
from spiga_mmpose.landmark_sets import load_landmark_set


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'worst_faces.py')


@pytest.fixture
def faces():
    """Six faces of images 0.png to 5.png; 4 is the worst, 2 the next."""
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 6)
    for i, (true, found) in enumerate(zip(annotations, predictions)):
        true['imgpath'] = found['imgpath'] = f'{i}.png'
        shift = {4: 30, 2: 15}.get(i, 1)
        found['landmarks'] = [[x + shift, y] for x, y in true['landmarks']]
    return annotations, predictions


@pytest.fixture
def run(tool, tmp_path, capsys, faces):
    """Run the tool on the faces; exit code, output, grid."""
    images = tmp_path / 'images'
    images.mkdir()
    for i in range(6):
        cv2.imwrite(str(images / f'{i}.png'),
                    np.full((600, 600, 3), 40 * i, np.uint8))

    def run_tool(*arguments, methods=1, root=True, out='grid.png'):
        annotations, predictions = faces
        paths = []
        for name, content in [(f'method{i}', predictions)
                              for i in range(methods)] + [
                                  ('truth', annotations)]:
            path = tmp_path / f'{name}.json'
            path.write_text(json.dumps(content))
            paths.append(str(path))
        arguments = [*paths, '--out', str(tmp_path / out), *arguments]
        if root:
            arguments += ['--data-root', str(images)]
        try:
            code = tool.main(arguments)
        except SystemExit as end:
            code = end.code
        return code, capsys.readouterr(), cv2.imread(str(tmp_path / out))

    return run_tool


class TestWorst:

    def test_by_hand(self, tool):
        errors = np.array([2., np.nan, 5, 1, 5, 3])
        assert tool.worst(errors, 3).tolist() == [2, 4, 5]
        assert tool.worst(errors, 99).tolist() == [2, 4, 5, 0, 3]
        assert len(tool.worst(np.full(3, np.nan), 2)) == 0


class TestFrame:

    def test_holds_the_predictions(self, tool):
        truth = np.array([[0., 0], [10, 20], [np.nan, np.nan]])
        frame = tool.frame_of(truth, [np.array([[-3., 4], [12, 20], [5, 5]])])
        assert np.nanmin(frame, 0).tolist() == [-3, 0]
        assert np.nanmax(frame, 0).tolist() == [12, 20]

    def test_but_not_at_any_price(self, tool):
        truth = np.array([[0., 0], [10, 20]])
        frame = tool.frame_of(truth, [np.array([[-9e9, 4], [5, 9e9]])])
        assert frame.min(0).tolist() == [-10, 0]
        assert frame.max(0).tolist() == [10, 30]


class TestDrawing:

    def test_truth_and_prediction_have_their_colours(self, tool):
        landmark_set = load_landmark_set('wflw_98')
        rng = np.random.default_rng(0)
        truth = rng.uniform(20, 140, (98, 2))
        panel = np.zeros((320, 320, 3), np.uint8)
        tool.draw_face(panel, truth, truth + (150, 100), landmark_set)

        def near(color, part):
            away = np.abs(part.astype(int) - color).max(-1)
            return (away < 30).sum()

        left, right = panel[:160, :160], panel[160:, 160:]
        assert near(tool.TRUE_COLOR, left) > 500
        assert near(tool.PREDICTED_COLOR, right) > 200
        assert near(tool.TRUE_COLOR, right) == 0
        assert near((255, 255, 255), panel) > 200  # ties


@pytest.fixture
def drawn(tool, monkeypatch):
    """What the grid is made of."""
    drawn = {}
    make_grid = tool.make_grid

    def spy(rows, headings, captions, *rest):
        drawn.update(rows=rows, headings=headings, captions=captions)
        return make_grid(rows, headings, captions, *rest)

    monkeypatch.setattr(tool, 'make_grid', spy)
    return drawn


def test_the_worst_come_first(run, tool, faces, drawn):
    code, printed, grid = run('--count', '2')
    assert code == 0
    assert 'grid.png: 2 of the 2 worst faces; 0 images' in printed.out
    (first, prediction), (second, _) = drawn['rows']
    assert first[-20, -20].tolist() == [160] * 3  # image 4
    assert second[-20, -20].tolist() == [80] * 3  # image 2
    assert (prediction != first).any()
    eyes = np.array(faces[0][4]['landmarks'])[[60, 72]]
    error = 100 * 30 / np.linalg.norm(eyes[0] - eyes[1])
    assert drawn['captions'][0] == f'#1 {error:.2f} %: 4.png '
    assert min(grid.shape[:2]) > 2 * tool.PANEL


def test_an_image_for_each_method(run, tool, drawn):
    code, _, grid = run('--count', '3', methods=3)
    assert code == 0
    assert drawn['headings'] == ['image', 'method0', 'method1', 'method2']
    assert grid.shape[1] // tool.PANEL == 4
    assert grid.shape[0] > 3 * tool.PANEL


def test_missing_images_are_named_and_counted(run, faces):
    annotations, predictions = faces
    annotations[4]['imgpath'] = predictions[4]['imgpath'] = 'gone.png'
    code, printed, grid = run('--count', '3')
    assert code == 1 and grid is not None
    line, = printed.err.splitlines()
    assert line.startswith('not drawn: #1: no image file')
    assert 'gone.png' in line and '--data-root' in line
    assert '2 of the 3 worst faces; 1 images could not be read' in printed.out


def test_a_damaged_image_is_named(run, tmp_path):
    (tmp_path / 'images' / '2.png').write_text('no image')
    code, printed, _ = run()
    assert code == 1
    line, = printed.err.splitlines()
    assert '#2: ' in line and '2.png is not an image' in line


@pytest.mark.parametrize('name', [None, 'http://localhost:1/face.png', '\0'])
def test_what_is_no_file(run, faces, name):
    """Also without opening a connection."""
    for half in faces:
        for face in half:
            face['imgpath'] = name
    code, printed, grid = run()
    assert code == 2 and grid is None
    assert printed.err.count('\n') == 1
    assert 'none of the 6 images can be read' in printed.err


def test_drawn_faces_are_drawn_again(run, tool, faces, drawn):
    for half in faces:
        for i, face in enumerate(half):
            face['imgpath'] = face_path('default', 64, 7, i)
            face['landmarks'] = [[x / 8, y / 8] for x, y in face['landmarks']]
    code, printed, grid = run('--count', '1')
    assert code == 0 and np.ptp(drawn['rows'][0][0]) > 30


def test_the_path_that_exists_is_taken(run, faces, tmp_path):
    """Results of a run name images from its folder, annotations do not."""
    for i, face in enumerate(faces[1]):
        face['imgpath'] = str(tmp_path / 'images' / f'{i}.png')
    code, printed, _ = run(root=False)
    assert code == 0, printed.err


def test_only_a_subset(run, tmp_path):
    subsets = tmp_path / 'subsets.json'
    subsets.write_text(json.dumps(dict(some=[0, 2])))
    code, printed, _ = run('--subsets', str(subsets), '--subset', 'some')
    assert code == 0 and '2 of the 2 worst faces' in printed.out


@pytest.mark.parametrize('arguments, message', [
    (('--count', '0'), "found '0'"),
    (('--count', 'x'), "found 'x'"),
    (('--out', 'worst.gif'), "found 'worst.gif'"),
    (('--out', 'nowhere/worst.png'),
     'cannot write the image nowhere/worst.png'),
    (('--norm', 'ocular'), "choice: 'ocular'"),
    (('--subset', 'blur'), "no subset 'blur'"),
])
def test_bad_input(run, arguments, message):
    code, printed, _ = run(*arguments)
    assert code == 2
    assert printed.err.startswith('worst_faces.py: error: ')
    assert message in printed.err and printed.err.count('\n') == 1


def test_real_photographs(tool, sample_data, tmp_path):
    """The sample is a COCO file; its faces as benchmark JSON."""
    folder = osp.join(sample_data, 'wflw')
    with open(osp.join(folder, 'test_wflw.json')) as file:
        sample = json.load(file)
    images = {image['id']: image['file_name'] for image in sample['images']}
    truth = [
        dict(
            imgpath=images[face['image_id']],
            landmarks=np.reshape(face['keypoints'], (-1, 3))[:, :2].tolist())
        for face in sample['annotations']
    ]
    found = [
        dict(face, landmarks=[[x + 3, y] for x, y in face['landmarks']])
        for face in truth
    ]
    paths = []
    for name, faces in (('found', found), ('truth', truth)):
        paths.append(str(tmp_path / f'{name}.json'))
        with open(paths[-1], 'w') as file:
            json.dump(faces, file)
    out = tmp_path / 'grid.jpg'
    assert tool.main([*paths, '--data-root', folder, '--out', str(out)]) == 0
    assert cv2.imread(str(out)) is not None
