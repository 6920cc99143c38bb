"""Check the packages that spiga_mmpose needs, before any is imported.

MMPose names its dependencies loosely (and one it never uses), so pip cannot
be trusted to bring the stack, and the package's own metadata leave it out
(``setup.py``). The first import therefore looks at what is installed and says
in one sentence what is missing or of a wrong version and what to type.
Nothing heavy is imported here: it takes milliseconds.
"""
import importlib.machinery
import importlib.metadata
import importlib.util
import os.path as osp
import shlex
import sys

try:
    from packaging.requirements import Requirement
    from packaging.version import Version
except ImportError:
    raise ImportError('spiga_mmpose needs packaging (not installed). Type: '
                      'pip install packaging') from None

# What stands in for compiled operators and for a package without wheels.
STAND_INS = osp.join(osp.dirname(osp.abspath(__file__)), '.mim', 'stand_ins')
MMCV_EXT = shlex.quote(osp.join(STAND_INS, 'mmcv_ext'))
XTCOCOTOOLS = shlex.quote(osp.join(STAND_INS, 'xtcocotools'))

# Importable module with its versions: what to type. ``mmpose`` is installed
# without its dependency list, and the others may be (``tools/install.sh``),
# hence the last rows: all that this stack imports as soon as spiga_mmpose is
# imported.
REQUIREMENTS = {
    'torch>=2.1': 'pip install torch torchvision',
    'torchvision': 'pip install torch torchvision',
    'numpy': 'pip install numpy',
    'cv2': 'pip install "opencv-python<4.13"',
    'mmengine>=0.10.3': 'pip install mmengine==0.10.7',
    'mmcv>=2.0.0': f'pip install mmcv-lite==2.1.0 {MMCV_EXT}',
    'mmdet>=3.0.0': 'pip install mmdet==3.3.0',
    'mmpose>=1.3.0': 'pip install --no-deps mmpose==1.3.2',
    'PIL': 'pip install pillow',
    'xtcocotools': f'pip install {XTCOCOTOOLS}',
    'yaml': 'pip install pyyaml',
    **{
        name: f'pip install {name}'
        for name in ('addict', 'matplotlib', 'munkres', 'packaging',
                     'pycocotools', 'rich', 'scipy', 'shapely', 'six',
                     'termcolor', 'terminaltables', 'tqdm', 'yapf')
    }
}
# Distributions that bring a module under another name, OneDL's forks first.
FORKS = dict(
    mmengine=('onedl-mmengine', ),
    mmcv=('onedl-mmcv', 'mmcv-full', 'mmcv-lite'),
    mmdet=('onedl-mmdetection', ))


def check_requirements():
    """Raise an ``ImportError`` of one sentence that names every package that
    is missing or of a wrong version (what was found, what is wanted) and what
    to type."""
    faults = {}  # and what to type
    for text, command in REQUIREMENTS.items():
        fault = _fault(Requirement(text))
        if fault is None and text.startswith('mmcv') and not _has_operators():
            fault = ('mmcv._ext (the mmcv installed has no compiled '
                     'operators, and nothing stands in for them)')
            command = f'pip install {MMCV_EXT}'
        if fault is not None:
            faults[fault] = command
    faults.update(_setuptools_fault())
    if faults:
        raise ImportError(
            f'spiga_mmpose needs {"; ".join(faults)}. Type: '
            f'{" && ".join(dict.fromkeys(faults.values()))} (or, in a '
            'checkout, `make install`, which makes an environment with all '
            'of it)')


def _fault(required):
    """Problem with one package, or None."""
    if _find_spec(required.name) is None:
        return f'{required} (not installed)'
    found = required.specifier and _version(required.name)
    # None: a source tree on the path has no metadata, and is taken as it is.
    # A vendor's 2.1.0a0+git1 is a 2.1.
    if found and not required.specifier.contains(found.base_version):
        return f'{required} (found {found})'
    return None


def _version(module):
    """Version of what brings a module, None without metadata."""
    for name in (module, *FORKS.get(module, ())):
        try:
            return Version(importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _find_spec(module):
    """Find the spec of a module without importing it."""
    if module in sys.modules:
        return sys.modules[module]
    return importlib.util.find_spec(module)


def _has_operators():
    """Whether mmcv has compiled operators, or what stands in for them."""
    if 'mmcv._ext' in sys.modules:
        return True
    folders = importlib.util.find_spec('mmcv').submodule_search_locations
    # The path finder looks into the folder; importlib.util.find_spec would
    # import mmcv first.
    return importlib.machinery.PathFinder.find_spec('mmcv._ext',
                                                    folders) is not None


def _setuptools_fault():
    """MMEngine up to 0.10 imports pkg_resources, which setuptools dropped."""
    try:
        mmengine = importlib.metadata.version('mmengine')
    except importlib.metadata.PackageNotFoundError:
        return {}
    if (Version(mmengine) >= Version('0.11')
            or _find_spec('pkg_resources') is not None):
        return {}
    return {
        f'pkg_resources, which mmengine {mmengine} imports and setuptools no '
        'longer has': 'pip install "setuptools<81"'
    }
