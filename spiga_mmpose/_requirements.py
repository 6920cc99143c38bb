"""Which packages spiga_mmpose stands on, looked for before any is imported.

MMPose names its dependencies loosely (and one it never uses), so pip cannot
be trusted to bring the stack; see ``setup.py``. The first import therefore
looks at what is installed and says in one sentence what is missing or too
old and what to type. Nothing heavy is imported here: it takes milliseconds.
"""
import importlib.machinery
import importlib.metadata
import importlib.util
import re
import sys

# Importable module: (distributions that bring it, lowest version or None,
# what to type). Besides OpenMMLab's own there are the OneDL forks, which keep
# the import names. ``mmpose`` is installed without its dependency list, and
# the others may be (``tools/install.sh``), hence the rows after it: all that
# this stack imports as soon as spiga_mmpose is imported.
REQUIREMENTS = {
    'torch': (('torch', ), '2.1', 'pip install torch torchvision'),
    'torchvision': (('torchvision', ), None, 'pip install torch torchvision'),
    'numpy': (('numpy', ), None, 'pip install "numpy<2"'),
    'scipy': (('scipy', ), None, 'pip install scipy'),
    'cv2': (('opencv-python', 'opencv-python-headless',
             'opencv-contrib-python', 'opencv-contrib-python-headless'), None,
            'pip install "opencv-python<4.12"'),
    'mmengine':
    (('mmengine', 'onedl-mmengine'), '0.10.3', 'pip install mmengine==0.10.7'),
    'mmcv': (('mmcv', 'onedl-mmcv', 'mmcv-full', 'mmcv-lite'), '2.0.0',
             'pip install openmim && mim install mmcv==2.1.0'),
    'mmdet':
    (('mmdet', 'onedl-mmdetection'), '3.0.0', 'pip install mmdet==3.3.0'),
    'mmpose': (('mmpose', ), '1.3.0', 'pip install --no-deps mmpose==1.3.2'),
    'munkres': (('munkres', ), None, 'pip install munkres'),
    'six': (('six', ), None, 'pip install six'),
    'xtcocotools': (('xtcocotools', ), None, 'pip install xtcocotools'),
    'matplotlib': (('matplotlib', ), None, 'pip install matplotlib'),
    'packaging': (('packaging', ), None, 'pip install packaging'),
    'PIL': (('pillow', ), None, 'pip install pillow'),
    'tqdm': (('tqdm', ), None, 'pip install tqdm'),
    'yaml': (('pyyaml', ), None, 'pip install pyyaml'),
    'addict': (('addict', ), None, 'pip install addict'),
    'rich': (('rich', ), None, 'pip install rich'),
    'termcolor': (('termcolor', ), None, 'pip install termcolor'),
    'yapf': (('yapf', ), None, 'pip install yapf'),
    'pycocotools': (('pycocotools', ), None, 'pip install pycocotools'),
    'shapely': (('shapely', ), None, 'pip install shapely'),
    'terminaltables':
    (('terminaltables', ), None, 'pip install terminaltables'),
}


def check_requirements():
    """Raise one clear sentence where a package is missing or too old.

    Raises:
        ImportError: Naming every package that is missing or too old (what
            was found, what is wanted) and the command that mends it.
    """
    faults, commands = [], []
    for module, (distributions, lowest, command) in REQUIREMENTS.items():
        fault = _fault(module, distributions, lowest)
        if fault is None and module == 'mmcv' and not _has_operators():
            fault = ('mmcv with its compiled operators (the one installed '
                     'has none: mmcv-lite, or built with MMCV_WITH_OPS=0)')
            command = 'pip uninstall -y mmcv mmcv-lite && ' + command
        if fault is None and module == 'mmengine':
            fault, command = _setuptools_fault()
        if fault is not None:
            faults.append(fault)
            if command not in commands:
                commands.append(command)
    if faults:
        raise ImportError(
            f'spiga_mmpose needs {"; ".join(faults)}. Type: '
            f'{" && ".join(commands)} (or, in a checkout, `make install`, '
            'which makes an environment with all of it)')


def _fault(module, distributions, lowest):
    """What is wrong with one package, None where nothing is."""
    wanted = module if lowest is None else f'{module}>={lowest}'
    found = _installed_version(distributions)
    if found is None:
        # A source tree on the path has no metadata: taken as it is.
        if _find_spec(module) is None:
            return f'{wanted} (not installed)'
    elif lowest is not None and _release(found) < _release(lowest):
        return f'{wanted} (found {found})'
    return None


def _installed_version(distributions):
    """Version of the first of the distributions that is installed."""
    for name in distributions:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _release(version):
    """'2.1.0a0+git1' -> (2, 1, 0): a vendor's 2.1 is a 2.1."""
    release = re.match(r'\d+(\.\d+)*', version).group()
    numbers = [int(number) for number in release.split('.')]
    while numbers[-1:] == [0]:  # 2.1 and 2.1.0 are one version
        numbers.pop()
    return tuple(numbers)


def _find_spec(module):
    """Where a module would come from, without importing it."""
    if module in sys.modules:
        return sys.modules[module]
    return importlib.util.find_spec(module)


def _has_operators():
    """Whether mmcv carries its compiled extension."""
    if 'mmcv._ext' in sys.modules:
        return True
    folders = importlib.util.find_spec('mmcv').submodule_search_locations
    # The path finder looks into the folder; importlib.util.find_spec would
    # import mmcv first.
    return importlib.machinery.PathFinder.find_spec('mmcv._ext',
                                                    folders) is not None


def _setuptools_fault():
    """MMEngine up to 0.10 imports pkg_resources, which setuptools dropped."""
    mmengine = _installed_version(('mmengine', ))
    if (mmengine is not None and _release(mmengine) < (0, 11)
            and _find_spec('pkg_resources') is None):
        return (f'pkg_resources, which mmengine {mmengine} imports and '
                'setuptools no longer has', 'pip install "setuptools<81"')
    return None, None
