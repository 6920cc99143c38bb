"""The wheel is complete and runs from any folder."""
import os
import os.path as osp
import re
import shutil
import sys
import zipfile

import pytest
from commands import checkout_files, run
from matplotlib import cbook

from spiga_mmpose.version import __version__


@pytest.fixture(scope='module')
def wheel(repo, tmp_path_factory):
    """The wheel that the source distribution of this checkout makes."""
    folder = tmp_path_factory.mktemp('packaging')
    for name in ('LICENSE', 'README.md', 'model-index.yml', 'setup.py',
                 'THIRD_PARTY_NOTICES.md', 'checkpoints', 'configs',
                 'spiga_mmpose', 'stand_ins', 'tools'):
        path = osp.join(repo, name)
        if osp.isdir(path):
            shutil.copytree(
                path,
                folder / name,
                symlinks=True,
                ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copy(path, folder)
    (folder / 'checkpoints' / 'my_own.pth').write_text('mine')
    run([sys.executable, 'setup.py', '-q', 'sdist'], cwd=folder)
    run([
        sys.executable, '-m', 'pip', 'wheel', '--no-deps',
        '--no-build-isolation', '--no-index', '--use-pep517', '-w',
        str(folder), *map(str, folder.glob('dist/*.tar.gz'))
    ])
    path, = folder.glob('*.whl')
    assert f'-{__version__}-' in path.name
    return path


@pytest.fixture(scope='module')
def content(wheel):
    """The names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


class TestPackaging:

    def test_every_module_and_landmark_set_is_in(self, content, repo):
        wanted = set()
        for folder, _, names in os.walk(osp.join(repo, 'spiga_mmpose')):
            wanted |= {
                osp.relpath(osp.join(folder, name), repo)
                for name in names if name.endswith(('.py', '.json'))
            }
        assert 'spiga_mmpose/landmark_sets/wflw_98.json' in wanted
        assert wanted <= content

    def test_what_it_takes_to_run_is_in(self, content, repo):
        wanted = {
            f'spiga_mmpose/.mim/{osp.relpath(path, repo)}'
            for path in checkout_files(repo)
            if re.match('(configs|tools|checkpoints|stand_ins|model-index)',
                        osp.relpath(path, repo))
        }
        assert 'spiga_mmpose/.mim/checkpoints/spiga_photo_98.pth' in wanted
        assert wanted == {name for name in content if '/.mim/' in name}
        assert any(name.endswith('THIRD_PARTY_NOTICES.md') for name in content)

    def test_pip_leaves_an_existing_stack_alone(self, wheel, content):
        name, = [name for name in content if name.endswith('/METADATA')]
        with zipfile.ZipFile(wheel) as archive:
            metadata = archive.read(name).decode()
        required = re.findall(r'^Requires-Dist: (\S+)$', metadata,
                              re.MULTILINE)
        assert sorted(required) == [
            'matplotlib', 'numpy', 'packaging', 'scipy', 'tabulate'
        ]

    def test_it_runs_in_an_empty_folder(self, wheel, tmp_path):
        target, empty = tmp_path / 'target', tmp_path / 'empty'
        empty.mkdir()
        run([
            sys.executable, '-m', 'pip', 'install', '--no-deps', '--no-index',
            '--target', str(target),
            str(wheel)
        ])
        env = dict(os.environ, PYTHONPATH=str(target))
        out = run([sys.executable, '-W', 'ignore', '-c', USE],
                  cwd=empty,
                  env=env)
        assert out.splitlines()[-1] == f'{target}/spiga_mmpose/__init__.py'
        photo = cbook.get_sample_data('grace_hopper.jpg', asfileobj=False)
        run([
            sys.executable, '-W', 'ignore', target / 'spiga_mmpose' / '.mim' /
            'tools' / 'demo.py', photo, '--det', 'haar', '--out', 'out'
        ], cwd=empty, env=env)
        assert sorted(os.listdir(empty)) == ['mine.py', 'out']


# With MMPose's inferencer and ours, and with a config of one's own.
USE = '''
from pathlib import Path
import numpy as np
from matplotlib import cbook
from mmengine.config import Config
from mmpose.apis import MMPoseInferencer
import spiga_mmpose
from spiga_mmpose.apis import SPIGAInferencer, find_checkpoint, find_config

photo = str(cbook.get_sample_data('grace_hopper.jpg', asfileobj=False))
result, = SPIGAInferencer(det_model='haar')(photo)
ours, = result['predictions'][0]
assert len(ours['keypoints']) == 98
inferencer = MMPoseInferencer(
    pose2d=find_config('spiga_photo_98.py'),
    pose2d_weights=find_checkpoint('spiga_photo_98.pth'),
    det_model=find_config('detection/haar_face.py'),
    det_cat_ids=[0])
theirs = next(inferencer(photo))['predictions'][0][0]
gap = np.subtract(ours['keypoints'], theirs['keypoints'])
# MMPose's takes the detector's boxes as they are.
assert np.abs(gap).mean() < .05 * np.ptp(ours['keypoints'], axis=0).max()
Path('mine.py').write_text("_base_ = 'spiga_mmpose::spiga_wflw.py'")
assert Config.fromfile('mine.py').landmark_set == 'wflw_98'
print(spiga_mmpose.__file__)
'''
