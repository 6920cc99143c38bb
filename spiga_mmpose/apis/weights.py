"""Weights by a name, a URL or a path: fetched once, converted, kept.

The names are those of the files that SPIGA's authors publish (BSD-3-Clause) on
their model card. A file is checked, converted into a checkpoint of this
project (:mod:`spiga_mmpose.engine.release_weights`) and kept in the user's
cache. So is YuNet, the face detector of OpenCV's model zoo (MIT), as it is.
"""
import hashlib
import os
import os.path as osp
import shutil
import tempfile
from dataclasses import dataclass
from typing import Optional, Tuple

from spiga_mmpose.engine.checkpoint import load_from_local
from spiga_mmpose.engine.release_weights import convert_file
from spiga_mmpose.package_files import find_checkpoint, find_config
from .download import DownloadError, download, is_url, read_url, url_file

MODEL_CARD = 'https://huggingface.co/aprados/spiga/resolve/main'
OPENCV_ZOO = 'https://github.com/opencv/opencv_zoo/raw/main/models'
MIRROR = 'SPIGA_MMPOSE_MIRROR'  # environment: a folder URL instead of these

# Weights that come with the package, and the names of their files.
SHIPPED = dict(
    photo_98='spiga_photo_98',
    photo='spiga_photo',
    synthetic='spiga_synthetic_long')
DEFAULT = 'photo_98'


@dataclass(frozen=True)
class Release:
    """A published file."""
    file: str
    config: str
    sha256: Optional[str] = None
    folder: str = MODEL_CARD  # its URL

    @property
    def url(self) -> str:
        """Where the file is: at the mirror, where one is set."""
        folder = os.environ.get(MIRROR) or self.folder
        return f'{folder.rstrip("/")}/{self.file}'


# The checksums are those that another public project records.
RELEASES = {
    'wflw': Release(
        'spiga_wflw.pt', 'spiga_wflw.py',
        'e9eee56e132c269c350225059a3ccc31b278b0bf7e3d475bbd38aebba2cac5b1'),
    '300w': Release('spiga_300wpublic.pt', 'spiga_300w.py'),
    '300w_private': Release(
        'spiga_300wprivate.pt', 'spiga_300w_private.py',
        'a92f15060c3a5e62f2095df8eb59307c7e74d7f99428dded8697b754b62eee4e'),
    'merlrav': Release(
        'spiga_merlrav.pt', 'spiga_merlrav.py',
        '52559b750c07fcf8478c6b8f11ce79beda1c067b577ac6c6d9f2a06be73d0a18'),
}
YUNET = Release(
    'face_detection_yunet_2023mar.onnx', 'detection/yunet_face.py',
    '8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4',
    f'{OPENCV_ZOO}/face_detection_yunet')
_YUNET_BYTES = 1 << 20  # more than it has: 232,589
# Config of a converted file that came without its name.
_CONFIGS = {98: 'spiga_wflw.py', 68: 'spiga_300w.py'}


def find_weights(weights: str) -> Tuple[str, Optional[str]]:
    """Paths of the checkpoint and, where it is known, config of some weights.

    ``weights`` is a name (a key of ``SHIPPED`` or ``RELEASES``); an http(s)
    URL; or the path of a file: any checkpoint of this project, whose config is
    None, or a file of the authors as it is.

    Raises:
        ValueError: If there are no such weights, they cannot be fetched, or
            the file is damaged or holds anything but data. The message says
            what to give instead.
    """
    if weights in SHIPPED:
        name = SHIPPED[weights]
        return find_checkpoint(f'{name}.pth'), find_config(f'{name}.py')
    if weights in RELEASES:
        release = RELEASES[weights]
        path = _fetched(release.url, f'{weights}.pth', release.sha256)
        return path, find_config(release.config)
    if is_url(weights):
        file = url_file(weights)
        sums = {r.file: r.sha256 for r in RELEASES.values()}
        stem = osp.splitext(file)[0] or 'weights'
        number = hashlib.sha256(weights.encode()).hexdigest()[:12]
        path = _fetched(weights, f'{stem}-{number}.pth', sums.get(file))
    elif osp.isfile(weights):
        path = weights
        if _is_release(path):
            stem = osp.splitext(osp.basename(path))[0]
            path = _cached(f'{stem}-{checksum(path)[:12]}.pth',
                           lambda copy: convert_file(weights, copy))
    else:
        raise ValueError(
            f'no weights {weights!r}: expected a file, an http(s) URL, or '
            f'one of the names {", ".join([*SHIPPED, *RELEASES])}')
    return path, config_of(path)


def find_yunet(max_seconds: float = 60) -> str:
    """YuNet's ONNX file in the user's cache, where it is fetched to once, in
    at most ``max_seconds``.

    Raises:
        ValueError: If it cannot be fetched, or the cache cannot be written.
            The message says what to give instead.
    """

    def make(path):
        try:
            content = read_url(YUNET.url, _YUNET_BYTES, max_seconds,
                               YUNET.sha256)
        except DownloadError as error:
            raise ValueError(
                f'YuNet cannot be fetched from {YUNET.url}: {error}; give '
                f'{YUNET.file} by --det-weights FILE (det_weights=), or set '
                f'{MIRROR} to the URL of a folder that holds it') from None
        with open(path, 'wb') as file:
            file.write(content)

    return _cached(YUNET.file, make, YUNET.sha256)


def cache_folder() -> str:
    """``spiga_mmpose`` in ``$XDG_CACHE_HOME``, by default ``~/.cache``."""
    home = os.environ.get('XDG_CACHE_HOME') or osp.expanduser('~/.cache')
    return osp.join(home, 'spiga_mmpose')


def _fetched(url: str, name: str, sha256: Optional[str]) -> str:
    """Path in the cache of what a URL holds, as a checkpoint."""

    def make(path):
        try:
            download(url, path, sha256)
        except DownloadError as error:
            raise ValueError(
                f'the weights cannot be fetched from {url}: {error}; give '
                "the path of a local copy, a mirror's URL, or set "
                f'{MIRROR} to the URL of a folder that holds them') from None
        try:
            if _is_release(path):
                convert_file(path, path)
        except ValueError as error:
            raise ValueError(f'what {url} holds are no weights: {error}'
                             ) from None

    return _cached(name, make)


def _cached(name: str, make, sha256: Optional[str] = None) -> str:
    """Path of a file of the cache; made, whole or not at all, if it is
    missing or has another checksum."""
    path = osp.join(cache_folder(), name)
    if osp.isfile(path) and sha256 in (None, checksum(path)):
        return path
    try:
        os.makedirs(cache_folder(), exist_ok=True)
        folder = tempfile.mkdtemp(prefix='unfinished_', dir=cache_folder())
    except OSError as error:
        raise ValueError(f'cannot write into the cache {cache_folder()}: '
                         f'{error.strerror}; set XDG_CACHE_HOME') from None
    try:
        part = osp.join(folder, name)
        make(part)
        os.replace(part, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return path


def _is_release(path: str) -> bool:
    loaded = load_from_local(path)
    return isinstance(loaded, dict) and any(
        str(key).startswith('visual_cnn.') for key in loaded)


def checksum(path: str) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with open(path, 'rb') as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def config_of(checkpoint: str) -> Optional[str]:
    """Config of a converted file of the authors, else None."""
    loaded = load_from_local(checkpoint)
    meta = loaded.get('meta') if isinstance(loaded, dict) else None
    if not isinstance(meta, dict) or 'SPIGA authors' not in str(
            meta.get('source')):
        return None
    config = _CONFIGS.get(meta['dataset_meta']['num_keypoints'])
    return config and find_config(config)
