"""Packaging of spiga_mmpose.

``pip install .`` is for people who already have the OpenMMLab stack; the
pinned environment of a fresh clone is made by ``make install``. The wheel
holds configs, tools, checkpoints and the stand-ins as well, in
``spiga_mmpose/.mim``.
"""
import os.path as osp
import re

from setuptools import find_packages, setup

HERE = osp.dirname(osp.abspath(__file__))


def read(*parts):
    """Text of a file of the checkout, '' where there is none."""
    path = osp.join(HERE, *parts)
    if not osp.isfile(path):
        return ''
    with open(path, encoding='utf-8') as file:
        return file.read()


version = re.search(r"^__version__ = '(.+)'$",
                    read('spiga_mmpose', 'version.py'), re.MULTILINE)

setup(
    name='spiga_mmpose',
    version=version.group(1),
    description='SPIGA for MMPose: face landmarks and head pose by a '
    'multi-task hourglass and a cascade of graph-attention regressors',
    long_description=read('README.md'),
    long_description_content_type='text/markdown',
    author='The spiga_mmpose authors',
    license='Apache-2.0',
    license_files=['LICENSE', 'THIRD_PARTY_NOTICES.md'],
    keywords='face alignment, landmarks, head pose, MMPose, SPIGA',
    classifiers=[
        'Intended Audience :: Science/Research',
        'License :: OSI Approved :: Apache Software License',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    packages=find_packages(include=['spiga_mmpose', 'spiga_mmpose.*']),
    package_data={
        'spiga_mmpose': [
            'landmark_sets/*.json',
            # Of the repository: .mim links to it.
            '.mim/model-index.yml',
            '.mim/configs/**/*.py',
            '.mim/tools/**/*.py',
            '.mim/tools/**/*.sh',
            '.mim/tools/**/*.json',
            '.mim/tools/**/*.txt',
            '.mim/stand_ins/*/*.toml',
            '.mim/stand_ins/*/*/*.py',
            '.mim/checkpoints/spiga_photo*',
            '.mim/checkpoints/spiga_synthetic_long.*',
        ]
    },
    python_requires='>=3.10',
    # On purpose without torch, mmcv, mmdet and mmpose: pip would compile or
    # replace a stack that works (a CUDA torch, an mmcv built for it), and
    # mmpose's own list names a package that no longer builds. Importing
    # spiga_mmpose says which of them is missing and what to type.
    install_requires=[
        'matplotlib', 'numpy', 'packaging', 'scipy', 'tabulate'
    ],
    zip_safe=False,
)
