"""How tools end: one line for what the user can fix."""
import os.path as osp

import pytest
from command_line import (OneLineParser, add_common_arguments, load_config,
                          run_runner)
from mmengine.logging import MMLogger

WORKER = '''Caught ValueError in DataLoader worker process 0.
Original Traceback (most recent call last):
  File "loader.py", line 1, in f
    raise ValueError('x')
ValueError: faces/3.png: no such
image'''


def fail(error):
    raise error


@pytest.mark.parametrize('error,line', [
    (ValueError('root: not\n  there'), 'root: not there'),
    (FileNotFoundError(2, 'No such file', 'a.json'), 'No such file.*a.json'),
    (FloatingPointError('the loss was NaN'), 'the loss was NaN'),
    (ValueError(WORKER), 'error: faces/3.png: no such image'),
])
def test_one_line(error, line):
    with pytest.raises(SystemExit, match=f'error: .*{line}|{line}') as end:
        run_runner(lambda: fail(error))
    assert '\n' not in end.value.code
    assert 'Traceback' not in end.value.code


@pytest.mark.parametrize('error', [TypeError, KeyError, AssertionError])
def test_mistakes_of_the_program_keep_their_traceback(error):
    with pytest.raises(error):
        run_runner(lambda: fail(error('x')))


def test_a_tool_that_works():
    done = []
    run_runner(lambda: done.append(1))
    assert done == [1]


def test_the_log_keeps_the_traceback(tmp_path):
    logger = MMLogger.get_instance(
        'ended', log_file=str(tmp_path / 'ended.log'))
    try:
        with pytest.raises(SystemExit):
            run_runner(lambda: fail(ValueError('root')))
    finally:  # the tests that follow have loggers of their own
        MMLogger._instance_dict.pop('ended')
        for handler in logger.handlers:
            handler.close()
    text = (tmp_path / 'ended.log').read_text()
    assert 'Traceback' in text and 'ValueError: root' in text


@pytest.mark.parametrize('folder', ['', 'elsewhere'])
def test_weights_to_start_from_in_any_folder(repo, tmp_path, monkeypatch,
                                             folder):
    """Those of a shipped config are found; others stay as they are."""
    monkeypatch.chdir(repo if not folder else tmp_path)
    parser = OneLineParser('train.py', '')
    parser.add_argument('config')
    add_common_arguments(parser)
    config = osp.join(repo, 'configs', 'spiga_photo.py')
    cfg = load_config(parser.parse_args([config]))
    assert osp.isfile(cfg.load_from)
    mine = 'checkpoints/mine.pth'
    cfg = load_config(
        parser.parse_args([config, '--cfg-options', f'load_from={mine}']))
    assert cfg.load_from == mine
