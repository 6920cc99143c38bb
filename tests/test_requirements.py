"""What spiga_mmpose needs, as importing it says."""
import importlib.metadata
import os
import os.path as osp
import re
import sys
from pathlib import Path

import pytest
from commands import run
from packaging.version import Version

from spiga_mmpose import _requirements
from spiga_mmpose._requirements import REQUIREMENTS, check_requirements

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
