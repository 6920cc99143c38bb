"""tools/demo.py: images in common batches, good and bad."""
import json
import os.path as osp

import cv2
import demo_loop
import numpy as np
import pytest
import torch
from cartoon import cartoon_face

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')

BOX = ['--bbox', '40,30,120,140']


@pytest.fixture
def small_file(folder, face_file):
    """An image of 50 px beside that of 200 px."""
    path = folder / 'small.png'
    cv2.imwrite(str(path), cartoon_face(50))
    return path


def test_the_rest_is_finished(run, folder, face_file, out, result):
    """Whatever is wrong with one image, the others are done."""
    good = face_file.read_bytes()
    (folder / 'empty.jpg').write_bytes(b'')
    (folder / 'text.jpg').write_text('I am no photograph')
    (folder / 'half.png').write_bytes(good[:len(good) // 2])
    small = cartoon_face(200)
    cv2.imwrite(str(folder / 'grey.png'), small[..., 0])
    cv2.imwrite(str(folder / 'alpha.png'), np.dstack([small, small[..., :1]]))
    cv2.imwrite(str(folder / 'deep.png'), small.astype(np.uint16) << 8)
    cv2.imwrite(str(folder / 'pixel.png'), small[:1, :1])
    # OpenCV crops no image that is so wide.
    cv2.imwrite(str(folder / 'wide.png'), np.zeros((9, 40000, 3), np.uint8))
    # 30,000 x 30,000 in the header, and no data: refused unopened.
    huge = bytearray(good)
    huge[16:24] = (30000).to_bytes(4, 'big') * 2
    (folder / 'huge.png').write_bytes(huge)
    code, printed = run(folder, folder / 'missing.jpg')
    assert code == 1
    bad = ['empty', 'half', 'huge', 'text', 'wide', 'missing']
    skipped = [line for line in printed.splitlines() if 'skipped:' in line]
    assert len(skipped) == len(bad)
    for name, line in zip(bad, skipped):  # in their order
        assert f'{name}.' in line
    assert 'wide.png is too long' in skipped[4]
    assert f'1 image without a face, {len(bad)} inputs skipped' in printed
    found = {
        name: len(result(name)['faces'])
        for name in ('face', 'grey', 'alpha', 'deep', 'pixel')
    }
    assert found == dict(face=1, grey=1, alpha=1, deep=1, pixel=0)
    for name in bad:
        assert not (out / f'{name}.json').exists()


def test_in_common_batches(run, folder, face_file, out):
    """One batch of all; a bad file among them; the order is theirs."""
    for name in ('a', 'b', 'z'):
        cv2.imwrite(str(folder / f'{name}.png'), cartoon_face(200))
    (folder / 'c.png').write_text('no image')
    batches = []

    def count(module, inputs, _):
        if type(module).__name__ == 'HourglassPoseNet':
            batches.append(len(inputs[0]))

    hook = torch.nn.modules.module.register_module_forward_hook(count)
    try:
        code, printed = run(folder, *BOX, '--format', 'csv')
    finally:
        hook.remove()
    assert code == 1 and '4 faces in 4 images' in printed
    assert batches == [4]
    rows = (out / 'faces.csv').read_text().splitlines()[1:]
    assert [osp.basename(row.split(',')[0])
            for row in rows] == ['a.png', 'b.png', 'face.png', 'z.png']


def test_a_image_that_cannot_be_written(run, folder, face_file, out):
    """The others of its batch are done, also after an unknown path."""
    for name in ('a', 'z'):
        cv2.imwrite(str(folder / f'{name}.png'), cartoon_face(200))
    (out / 'face_faces.jpg').mkdir(parents=True)
    code, printed = run(folder, *BOX)
    assert code == 1 and '2 faces in 2 images' in printed
    [line] = [line for line in printed.splitlines() if 'skipped:' in line]
    assert 'face.png: ' in line and 'face_faces.jpg' in line


def test_no_lines_but_ours(demo, tiny, folder, out, capfd):
    """libpng, libjpeg and OpenCV print past Python, and name no file."""
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
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
        str(folder), *BOX, '--out',
        str(out), '--config', tiny[0], '--weights', tiny[1], '--device', 'cpu'
    ]) == 1
    lines = [
        line for line in capfd.readouterr().err.splitlines()
        if line.strip() and '%|' not in line  # the progress bar
    ]
    assert len(lines) == 3, lines
    for name in ('half.bmp', 'half.png', 'mid.jpg is damaged: '):
        assert sum(name in line for line in lines) == 1


def test_one_of_several_boxes_outside(run, small_file, folder, result):
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
        for face in result(name)['faces']
    ]
    assert boxes == [[100, 100, 90, 90], [5, 5, 40, 40], [5, 5, 40, 40]]


def test_all_boxes_outside(run, small_file, folder, out):
    code, printed = run(folder, '--bbox', '100,100,90,90', '--bbox',
                        '60,60,40,40')
    assert code == 1
    assert '2 faces in 1 image,' in printed
    assert '1 input skipped' in printed and 'dropped' not in printed
    [line] = [line for line in printed.splitlines() if 'skipped:' in line]
    assert 'small.png' in line and 'outside the image of 50 x 50' in line
    assert not (out / 'small.json').exists()


def test_the_largest_box(run, face_file, result):
    box = [-9000, -9900, 20000, 20000]
    code, printed = run(face_file, '--draw', 'landmarks,pose,steps',
                        f'--bbox={",".join(map(str, box))}')
    assert code == 0, printed
    assert result()['faces'][0]['box'] == box


def test_interrupted(run, folder, face_file, out, monkeypatch):
    """What was found until then is in the files of all images."""
    cv2.imwrite(str(folder / 'second.png'), cartoon_face(100))
    write = demo_loop.write_jpeg

    def stop_at_second(folder, name, image):
        if 'second' in name:
            raise KeyboardInterrupt
        write(folder, name, image)

    monkeypatch.setattr(demo_loop, 'write_jpeg', stop_at_second)
    code, printed = run(folder, '--format', 'json,benchmark')
    assert code == 130
    assert 'interrupted: 1 image left' in printed
    assert (out / 'face.json').exists()
    assert len(json.loads((out / 'faces_benchmark.json').read_text())) == 1
