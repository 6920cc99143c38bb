"""What a checkout may hold."""
import os.path as osp
import re

import pytest
import yaml
from commands import checkout_files


@pytest.fixture(scope='module')
def files(repo):
    return checkout_files(repo)


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
