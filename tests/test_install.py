"""tools/install.sh and .ci/run."""
import os
import os.path as osp
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run


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
