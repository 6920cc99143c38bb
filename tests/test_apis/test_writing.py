"""Results into a folder: the right files, and none over another."""
import json
import os

import numpy as np
import pytest
from test_apis.test_formats import make_face, record_of

from spiga_mmpose.apis import ResultWriter, write_jpeg
from spiga_mmpose.apis.formats import to_benchmark, to_coco, to_csv
from spiga_mmpose.apis.writing import FORMATS


def read(path):
    return json.loads(path.read_text())


def test_all_formats(tmp_path):
    folder = tmp_path / 'new' / 'folder'
    with ResultWriter(str(folder), FORMATS) as writer:
        for name in ('x/a.jpg', 'y/b.png'):
            record = record_of(make_face(), make_face(seed=1), name=name)
            writer.add(writer.name_of(name), record)
    assert sorted(os.listdir(folder)) == [
        'a.json', 'a_1.pts', 'a_2.pts', 'a_mmpose.json', 'b.json', 'b_1.pts',
        'b_2.pts', 'b_mmpose.json', 'faces.csv', 'faces_benchmark.json',
        'faces_coco.json'
    ]
    assert read(folder / 'a.json')['image'] == 'x/a.jpg'
    assert len(read(folder / 'b_mmpose.json')) == 2
    assert len(read(folder / 'faces_coco.json')['annotations']) == 4
    assert len(read(folder / 'faces_benchmark.json')) == 4
    assert len((folder / 'faces.csv').read_text().splitlines()) == 5


def test_only_what_is_asked_for(tmp_path):
    with ResultWriter(str(tmp_path), ['csv']) as writer:
        writer.add(writer.name_of('a.jpg'), record_of(make_face()))
    assert os.listdir(tmp_path) == ['faces.csv']


def test_without_an_image_there_is_no_file_of_all(tmp_path):
    with ResultWriter(str(tmp_path), ['csv', 'coco', 'benchmark']):
        pass
    assert os.listdir(tmp_path) == []


def test_each_image_is_on_disk_at_once(tmp_path):
    """Files of all images are whole after every image, as if it were last."""
    writer = ResultWriter(str(tmp_path), ['coco', 'csv', 'benchmark'])
    records = [record_of(name='empty.jpg')] + [
        record_of(make_face(seed=i), make_face(seed=9), name=f'{i}.jpg')
        for i in range(3)
    ]
    (tmp_path / 'faces.csv').write_text('of a run before')
    for done, record in enumerate(records, 1):
        writer.add(writer.name_of(record['image']), record)
        for name, expected in (('coco', to_coco), ('benchmark',
                                                   to_benchmark)):
            assert read(tmp_path /
                        f'faces_{name}.json') == expected(records[:done])
        assert (tmp_path / 'faces.csv').read_text() == to_csv(records[:done])
    # No end of the writer: it was killed.
    assert len(os.listdir(tmp_path)) == 3


def test_names(tmp_path):
    name_of = ResultWriter(str(tmp_path), ['json']).name_of
    assert [name_of('x/a.jpg'), name_of('y/a.png')] == ['a', 'a_2']
    # The files of all images, and a_mmpose.json, are nobody's.
    assert name_of('faces_coco.png') == 'faces_coco_2'
    assert name_of('faces.png') == 'faces_2'
    assert name_of('a_mmpose.png') == 'a_mmpose_2'
    assert name_of('b_mmpose.png') == 'b_mmpose'
    assert name_of('b.png') == 'b_2'
    assert name_of('v.mp4', 12) == 'v_000012'
    assert name_of('https://h/p/c.jpg?x=/../../d') == 'c'
    assert name_of('https://h') == 'image'
    assert name_of('webcam:0', 3) == 'webcam_0_000003'
    assert name_of('c[1].jpg') == 'c[1]'


@pytest.mark.parametrize('formats', [[], ['json', 'yaml']])
def test_no_such_format(tmp_path, formats):
    with pytest.raises(ValueError, match='formats out of json, mmpose'):
        ResultWriter(str(tmp_path / 'out'), formats)
    assert os.listdir(tmp_path) == []


def test_a_image_that_is_no_jpeg(tmp_path):
    with pytest.raises(ValueError, match='a.jpg: .* 70000 x 1 pixels'):
        write_jpeg(
            str(tmp_path), 'a.jpg', np.zeros((1, 70000, 3), np.uint8))
