"""The environment, the packaging and what a checkout may hold."""
import importlib.metadata
import os
import os.path as osp
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from matplotlib import cbook
from packaging.version import Version

from spiga_mmpose import _requirements
from spiga_mmpose._requirements import REQUIREMENTS, check_requirements
from spiga_mmpose.version import __version__

# Module -> lowest version, '' where any will do; and what to type.
LOWEST = {text.partition('>=')[0]: text.partition('>=')[2]
          for text in REQUIREMENTS}
COMMANDS = dict(zip(LOWEST, REQUIREMENTS.values()))
# Where the distribution that is pinned has another name than the module.
DISTRIBUTIONS = dict(
    cv2='opencv-python-headless',
    mmcv='mmcv-lite',
    PIL='pillow',
    yaml='pyyaml')


@pytest.fixture
def stack(monkeypatch):
    """A pretended machine: dict of module or fork -> version, all good.

    A package is removed by deleting its entry.
    """
    versions = {
        module: lowest or '1.0'
        for module, lowest in LOWEST.items()
    }

    def version(name):
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    def find_spec(module):
        names = module, *_requirements.FORKS.get(module, ())
        return object() if versions.keys() & set(names) else None

    versions['pkg_resources'] = '80.0'
    monkeypatch.setattr(importlib.metadata, 'version', version)
    monkeypatch.setattr(_requirements, '_find_spec', find_spec)
    return versions


def message():
    with pytest.raises(ImportError) as error:
        check_requirements()
    return str(error.value)


class TestRequirements:

    def test_this_environment(self):
        check_requirements()

    def test_lowest_versions_are_enough(self, stack):
        check_requirements()

    @pytest.mark.parametrize('module', LOWEST)
    def test_missing(self, stack, module):
        del stack[module]
        text = message()
        assert re.search(rf'needs {module}\S* \(not installed\)', text)
        assert f'Type: {COMMANDS[module]}' in text
        assert '\n' not in text

    def test_all_that_the_stack_imports_and_no_more(self, repo):
        """Whatever the stack's own modules import when we are imported."""
        code = ('import builtins, sys\n'
                'stack, found = set(sys.argv[1:]), set()\n'
                'old = builtins.__import__\n'
                'def record(name, namespace=None, *args, **kwargs):\n'
                '    module = old(name, namespace, *args, **kwargs)\n'
                '    of = (namespace or {}).get("__name__", "")\n'
                '    if of.split(".")[0] in stack and sum(args[2:]) == 0:\n'
                '        found.add(name.split(".")[0])\n'
                '    return module\n'
                'builtins.__import__ = record\n'
                'import spiga_mmpose\n'
                'print(*(found - set(sys.stdlib_module_names)))\n')
        stack = ['mmengine', 'mmcv', 'mmdet', 'mmpose', 'spiga_mmpose']
        out = run([sys.executable, '-W', 'ignore', '-c', code, *stack],
                  cwd=repo)
        found = set(out.splitlines()[-1].split())
        # MMDet takes the last two where they are, and does without them.
        left = {'spiga_mmpose', 'pkg_resources', 'lap', 'sklearn'}
        assert found - left == set(LOWEST)

    @pytest.mark.parametrize('module, package', [
        ('PIL', 'pillow'),
        ('yaml', 'pyyaml'),
        ('pycocotools', 'pycocotools'),
    ])
    def test_importing_the_package_names_what_to_install(
            self, repo, module, package):
        """In a fresh process that finds neither package nor module."""
        code = ('import importlib.metadata as m, importlib.util as u, sys\n'
                'module, package = sys.argv[1:]\n'
                'version, find_spec = m.version, u.find_spec\n'
                'def no_version(name):\n'
                '    if name == package:\n'
                '        raise m.PackageNotFoundError(name)\n'
                '    return version(name)\n'
                'm.version = no_version\n'
                'u.find_spec = lambda name: (\n'
                '    None if name == module else find_spec(name))\n'
                'try:\n'
                '    import spiga_mmpose\n'
                'except ImportError as error:\n'
                '    print(error)\n')
        out = run([sys.executable, '-c', code, module, package], cwd=repo)
        assert (f'needs {module} (not installed). Type: pip install {package} '
                in out)

    @pytest.mark.parametrize('module, found', [
        ('torch', '2.0.1+cu118'),
        ('mmengine', '0.10.2'),
        ('mmcv', '1.7.2'),
        ('mmdet', '2.28.2'),
        ('mmpose', '1.2.0'),
    ])
    def test_too_old(self, stack, module, found):
        stack[module] = found
        text = message()
        assert f'needs {module}>={LOWEST[module]} (found {found})' in text
        assert f'Type: {COMMANDS[module]}' in text

    def test_vendor_builds_and_forks(self, stack):
        stack['torch'] = '2.1.0a0+29c30b1'
        stack['mmpose'] = '1.3.0.post1'
        for name, version in [('mmengine', '0.10.12'), ('mmcv', '2.3.6')]:
            del stack[name]
            stack[f'onedl-{name}'] = version
        check_requirements()

    def test_old_mmcv_full(self, stack):
        del stack['mmcv']
        stack['mmcv-full'] = '1.7.2'
        assert 'needs mmcv>=2.0.0 (found 1.7.2)' in message()

    def test_source_tree_without_metadata(self, stack, monkeypatch):
        del stack['mmpose']
        monkeypatch.setattr(_requirements, '_find_spec', lambda module: module)
        check_requirements()

    def test_new_setuptools(self, stack):
        del stack['pkg_resources']
        text = message()
        assert 'pkg_resources' in text
        assert 'Type: pip install "setuptools<81"' in text

    def test_new_setuptools_with_a_fork_of_mmengine(self, stack):
        del stack['pkg_resources'], stack['mmengine']
        stack['onedl-mmengine'] = '0.10.12'
        check_requirements()

    def test_mmcv_without_operators(self, tmp_path, monkeypatch):
        package = tmp_path / 'mmcv'
        package.mkdir()
        (package / '__init__.py').write_text('')
        monkeypatch.syspath_prepend(str(tmp_path))
        for name in ('mmcv', 'mmcv._ext'):
            monkeypatch.delitem(sys.modules, name, raising=False)
        text = message()
        assert 'needs mmcv._ext (the mmcv installed has no compiled' in text
        folder = re.search(r'Type: pip install (\S*/mmcv_ext) \(or', text)[1]
        assert osp.isfile(osp.join(folder, 'pyproject.toml'))
        (package / '_ext.py').write_text('')
        check_requirements()

    def test_several_faults_are_one_sentence(self, stack):
        del stack['torch'], stack['torchvision']
        stack['mmdet'] = '2.0'
        text = message()
        assert text.startswith('spiga_mmpose needs torch>=2.1 (not installed)'
                               '; torchvision (not installed); mmdet>=3.0.0')
        assert text.count('pip install torch torchvision') == 1

    def test_check_imports_nothing_heavy(self, repo):
        code = ('import importlib.util as u, sys;'
                's = u.spec_from_file_location("r", sys.argv[1]);'
                'm = u.module_from_spec(s); s.loader.exec_module(m);'
                'm.check_requirements();'
                'print({"torch", "numpy", "mmcv"} & set(sys.modules))')
        path = osp.join(repo, 'spiga_mmpose', '_requirements.py')
        assert run([sys.executable, '-c', code, path]).strip() == 'set()'

    def test_importing_the_package_checks(self, repo):
        code = ('import importlib.metadata as m\n'
                'old = m.version\n'
                'm.version = lambda n: "0.9" if n == "mmdet" else old(n)\n'
                'try:\n'
                '    import spiga_mmpose\n'
                'except ImportError as error:\n'
                '    print(error)\n')
        out = run([sys.executable, '-c', code], cwd=repo)
        assert 'spiga_mmpose needs mmdet>=3.0.0 (found 0.9). Type:' in out


@pytest.fixture
def pins(repo):
    """Distribution -> version over all requirement files and stand-ins."""
    found = {}
    for path in Path(repo).glob('stand_ins/*/pyproject.toml'):
        name, version = re.findall('^(?:name|version) = "(.+)"$',
                                   path.read_text(), re.MULTILINE)
        found[name] = version
    folder = osp.join(repo, 'requirements')
    for name in os.listdir(folder):
        with open(osp.join(folder, name)) as file:
            for line in file:
                line = line.split('#')[0].split(';')[0].strip()
                if line:
                    assert '==' in line, f'{name}: {line} is not pinned'
                    distribution, version = line.split('==')
                    found[distribution] = version
    return found


class TestPins:

    def test_all_that_is_needed_is_pinned_and_new_enough(self, pins):
        for module, lowest in LOWEST.items():
            pinned = pins[DISTRIBUTIONS.get(module, module)]
            assert Version(pinned) >= Version(lowest or '0')

    def test_setuptools_still_has_pkg_resources(self, pins):
        assert int(pins['setuptools'].split('.')[0]) < 81


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

    def test_what_it_takes_to_run_is_in(self, content, files, repo):
        wanted = {
            f'spiga_mmpose/.mim/{osp.relpath(path, repo)}'
            for path in files
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


@pytest.fixture
def install(repo, tmp_path):
    """Run tools/install.sh in a checkout of its own; its error, one line."""
    for name in ('tools', 'requirements'):
        (tmp_path / name).mkdir()
    shutil.copy(osp.join(repo, 'tools', 'install.sh'), tmp_path / 'tools')
    for path in Path(repo).glob('requirements/*.txt'):
        shutil.copy(path, tmp_path / 'requirements')

    def run(**env):
        done = subprocess.run(
            ['bash', str(tmp_path / 'tools' / 'install.sh')],
            env=dict(os.environ, PYTHON=sys.executable, **env),
            capture_output=True,
            text=True)
        assert done.returncode == 1
        line, = done.stderr.splitlines()
        assert line.startswith('[install] error: ')
        return line

    return run


class TestInstallErrors:

    def test_a_folder_that_is_no_environment(self, install, tmp_path):
        (tmp_path / 'mine').mkdir()
        (tmp_path / 'mine' / 'notes.txt').write_text('keep')
        assert 'is no environment of Python' in install(VENV='mine')
        assert (tmp_path / 'mine' / 'notes.txt').read_text() == 'keep'

    @pytest.mark.slow
    def test_no_network_a_wrong_choice_and_a_half_made_environment(
            self, install, tmp_path):
        assert 'TORCH=gpu: expected cpu or cuda' in install(TORCH='gpu')
        (tmp_path / '.venv' / 'bin' / 'python').unlink()
        line = install(
            TORCH='cuda',
            PIP_CONFIG_FILE=os.devnull,
            PIP_INDEX_URL='http://127.0.0.1:9',
            PIP_FIND_LINKS='',
            PIP_NO_CACHE_DIR='1',
            PIP_RETRIES='1')
        assert 'the package index cannot be reached' in line
        assert 'run make install again' in line


class TestScripts:

    def test_install_refuses_another_python(self, repo, tmp_path):
        (tmp_path / 'tools').mkdir()
        shutil.copy(osp.join(repo, 'tools', 'install.sh'), tmp_path / 'tools')
        fake = tmp_path / 'python'
        fake.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.1 && '
                        'exit 0\nexit 1\n')
        fake.chmod(0o755)
        done = subprocess.run(
            ['bash', str(tmp_path / 'tools/install.sh')],
            env=dict(os.environ, PYTHON=str(fake)),
            capture_output=True,
            text=True)
        assert done.returncode == 1
        assert 'Python 3.10 to 3.13 is needed' in done.stderr
        assert 'Python 3.9.1' in done.stderr
        assert not (tmp_path / '.venv').exists()

    @pytest.mark.parametrize('before', [None, 'elsewhere'])
    @pytest.mark.parametrize('wheels', [True, False])
    def test_ci_offers_ready_wheels(self, repo, tmp_path, before, wheels):
        if shutil.which('make') is None:
            pytest.skip('no make on this machine')
        clone, folder = tmp_path / 'clone', tmp_path / 'shared' / 'wheels'
        (clone / '.ci').mkdir(parents=True)
        shutil.copy(osp.join(repo, '.ci', 'run'), clone / '.ci')
        (clone /
         'Makefile').write_text('test:\n\t@echo "[$(PIP_FIND_LINKS)]"\n')
        env = dict(os.environ)
        env.pop('PIP_FIND_LINKS', None)
        if before:
            env['PIP_FIND_LINKS'] = before
        if wheels:
            folder.mkdir(parents=True)
        out = run(['bash', str(clone / '.ci' / 'run')], env=env)
        wanted = [before or '', str(folder) if wheels else '']
        assert f'[{" ".join(filter(None, wanted))}]' in out


@pytest.fixture(scope='module')
def files(repo):
    """Paths of all files that are tracked, or would be by `add`."""
    if shutil.which('git') is None or not osp.exists(osp.join(repo, '.git')):
        pytest.skip('not a git checkout')
    names = run([
        'git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'
    ],
                cwd=repo).split('\0')
    paths = [osp.join(repo, name) for name in names if name]
    return [path for path in paths if osp.isfile(path)]


class TestCheckout:

    def test_no_path_of_one_machine(self, files):
        pattern = re.compile(r'(^|[^\w.])/(work|root|home/\w+|Users/\w+)/')
        bad = []
        for path in files:
            with open(path, 'rb') as file:
                content = file.read()
            if b'\0' in content:
                continue
            for line in content.decode().splitlines():
                if pattern.search(line):
                    bad.append(f'{path}: {line[:80]}')
        assert not bad

    def test_no_large_file_but_the_checkpoint(self, files):
        for path in files:
            bound = 8 if path.endswith('.pth') else 1
            assert osp.getsize(path) <= bound * 2**20, path

    def test_model_index_names_only_what_exists(self, repo):
        with open(osp.join(repo, 'model-index.yml')) as file:
            index = yaml.safe_load(file)
        collections = {entry['Name'] for entry in index['Collections']}
        assert index['Models']
        for model in index['Models']:
            assert osp.isfile(osp.join(repo, model['Config']))
            assert model['In Collection'] in collections


def run(command, **kwargs):
    """Standard output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout
