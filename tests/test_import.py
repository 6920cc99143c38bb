"""What importing the package does to MMPose and MMDet: nothing that is seen.

One script runs in two processes, with and without the import, and says how
the libraries behave.
"""
import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

HOST = '''
import argparse, json, logging, os, signal, sys, warnings
import cv2, numpy as np, torch
'''
SCRIPT = HOST + '''
environment = dict(os.environ)
import mmdet.models, mmpose.apis, mmpose.codecs, mmpose.datasets
import mmpose.evaluation, mmpose.models, mmpose.visualization
if sys.argv[1] == 'with':
    import spiga_mmpose
from mmdet.apis import init_detector
from mmengine import fileio
from mmengine.config import Config
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import CheckpointLoader
from mmpose.apis import init_model

found = {}


def note(name, function, *args):
    try:
        found[name] = function(*args)
    except Exception as error:
        found[name] = f'{type(error).__name__}: {error}'


note('settings', lambda: dict(
    backends=[fileio.get_file_backend(f'{prefix}x').name
              for prefix in ('', 'http://')],
    loaders={p: f'{f.__module__}.{f.__name__}' for p, f in
             CheckpointLoader._schemes.items() if p != 'as_data:'},
    environment=sorted(set(os.environ.items()) ^ set(environment.items())),
    scope=str(DefaultScope.get_current_instance().scope_name),
    threads=[torch.get_num_threads(), cv2.getNumThreads()],
    seed=torch.initial_seed() == 0, dtype=str(torch.get_default_dtype()),
    errors=np.geterr(), log=[logging.root.level, len(logging.root.handlers)],
    interrupt=str(signal.getsignal(signal.SIGINT)),
    filters=sorted({str(f) for f in warnings.filters})))
warnings.simplefilter('ignore')

pose = Config(dict(
    default_scope='mmpose',
    model=dict(
        type='TopdownPoseEstimator',
        data_preprocessor=dict(type='PoseDataPreprocessor'),
        backbone=dict(type='ResNet', depth=18),
        head=dict(
            type='HeatmapHead', in_channels=512, out_channels=17,
            deconv_out_channels=None, loss=dict(type='KeypointMSELoss'),
            decoder=dict(type='MSRAHeatmap', input_size=(64, 64),
                         heatmap_size=(2, 2), sigma=1))),
    test_dataloader=dict(dataset=dict(type='CocoDataset', pipeline=[]))))
detector = Config.fromfile(sys.argv[2])
detector.model.backbone.update(deepen_factor=.1, widen_factor=.125)
meta = dict(classes=('face', ), palette=[(0, 0, 0)], colors=np.ones((2, 3)))
KINDS = dict(
    tensors=dict(),
    mmengine=dict(
        meta=dict(dataset_meta=meta, best=np.float64(.5)),
        message_hub=dict(loss=HistoryBuffer([1., 2.], [1, 1]))),
    object=dict(meta=dict(args=argparse.Namespace(lr=.1))),
    damaged=None)
for name, init, config in (('pose', init_model, pose),
                           ('detector', init_detector, detector)):
    torch.manual_seed(0)
    weights = init(config, device='cpu').state_dict()

    def load(path):
        model = init(config, path, device='cpu')
        same = all(torch.equal(value, weights[key]) for key, value in
                   model.state_dict().items())
        return [same, sorted(model.dataset_meta)]

    for kind, content in KINDS.items():
        path = f'{name}_{kind}.pth'
        if content is None:
            with open(path, 'wb') as file:
                file.write(b'x')
        else:
            torch.save(dict(content, state_dict=weights), path)
        note(f'{name} {kind}', load, path)
        os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '1'
        note(f'{name} {kind} trusted', load, path)
        del os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD']
    note(f'{name} missing', load, 'missing.pth')


def put(path):
    fileio.put(b'new', path)
    status = os.stat(path)
    return [oct(status.st_mode), status.st_nlink, os.path.islink(path)]


os.umask(0o027)
with open('old', 'wb') as file:
    file.write(b'old')
os.chmod('old', 0o604)
os.link('old', 'hard')
os.symlink('old', 'soft')
os.mkdir('folder')
for path in ('fresh', 'deep/fresh', 'old', 'hard', 'soft', 'folder',
             'fresh/inside'):
    note(f'put {path}', put, path)
note('pickle', lambda: fileio.dump([1], 'a.pkl') or fileio.load('a.pkl'))
note('umask', lambda: os.umask(0))
note('files', lambda: sorted(os.listdir('.')))
print(json.dumps(found))
'''


def run(script, folder, repo, *args):
    """Last line of what a script prints in a process of its own."""
    environment = dict(os.environ, PYTHONPATH=repo)
    environment.pop('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', None)
    done = subprocess.run([sys.executable, '-c', script, *args],
                          cwd=folder,
                          env=environment,
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope='module')
def behaviour(tmp_path_factory, repo):
    """How MMPose and MMDet behave: without the import, and with it."""
    from mmpose.apis.inferencers.utils import default_det_models
    config = default_det_models['face']['model']
    return [
        json.loads(
            run(SCRIPT, tmp_path_factory.mktemp(kind), repo, kind, config))
        for kind in ('without', 'with')
    ]


def test_others_behave_as_without(behaviour):
    """Settings, what loads and what does not, files, modes, messages."""
    without, found = behaviour
    assert len(found) > 20
    # The one thing that reaches them, below.
    names = set(without) - {'pose mmengine', 'detector mmengine'}
    assert {name: found[name] for name in names} == {
        name: without[name]
        for name in names
    }
    for name in ('pose', 'detector'):
        for kind in ('tensors', 'mmengine trusted', 'object trusted'):
            assert found[f'{name} {kind}'][0] is True
        assert found[f'{name} object'].startswith('UnpicklingError')


def test_checkpoints_of_mmengine_load(behaviour):
    """Torch from 2.6 refuses their arrays and logs, which are harmless."""
    without, found = behaviour
    for name in ('pose', 'detector'):
        assert found[f'{name} mmengine'] == without[f'{name} mmengine trusted']


def test_a_process_of_our_own(tmp_path, repo):
    """Training and testing: all files whole, all checkpoints only data."""
    script = HOST + '''
import json, spiga_mmpose
from mmengine.fileio import get_file_backend
from mmengine.runner.checkpoint import CheckpointLoader
from spiga_mmpose._install import install_for_tools
install_for_tools()

class Code:
    def __reduce__(self):
        return os.mkdir, ('ran', )

torch.save(Code(), 'evil.pth')
try:
    CheckpointLoader.load_checkpoint('evil.pth')
except ValueError as error:
    print(json.dumps([str(error), get_file_backend('x').name]))
'''
    message, backend = json.loads(run(script, tmp_path, repo))
    assert message.startswith('evil.pth: refused')
    assert backend == 'WholeFileBackend'
    assert not (tmp_path / 'ran').exists()


def test_the_import_stays_small(tmp_path, repo):
    """What not every run needs is imported by who needs it."""
    script = '''
import sys
import spiga_mmpose
print([name for name in ('mmdet.models', 'spiga_mmpose.apis',
       'spiga_mmpose.datasets.synthetic.renderer') if name in sys.modules])
'''
    assert run(script, tmp_path, repo) == '[]'
