"""Guard: requests of other pages, and the size of what is kept."""
import os

import pytest

pytest.importorskip('starlette', reason='no gradio (requirements/web.txt)')

from starlette.applications import Starlette  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.responses import PlainTextResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402
from web_demo.guard import Guard, make_room  # noqa: E402


@pytest.fixture
def ask(tmp_path):
    """Status of a request with some headers, at a page that listens at an
    address."""

    def asker(listening, host, origin=None, path='/'):
        app = Starlette(
            routes=[
                Route(place, lambda request: PlainTextResponse('the page'))
                for place in ('/', '/upload')
            ],
            middleware=[
                Middleware(Guard, host=listening, folder=str(tmp_path))
            ])
        headers = {'Host': host, **({'Origin': origin} if origin else {})}
        answer = TestClient(app).get(path, headers=headers)
        assert (answer.text == 'the page') == (answer.status_code == 200)
        return answer.status_code

    return asker


@pytest.mark.parametrize('host', [
    'localhost:7860', '127.0.0.1:7860', '[::1]:7860', 'localhost'
])
def test_by_its_own_names(ask, host):
    assert ask('127.0.0.1', host) == 200
    assert ask('127.0.0.1', host, f'http://{host}') == 200


@pytest.mark.parametrize('host, origin', [
    ('evil.example:7860', None),
    ('localhost.evil.example:7860', None),
    ('192.168.0.7:7860', None),
    ('', None),
    ('[', None),
    ('localhost:7860', 'http://evil.example'),
    ('localhost:7860', 'http://localhost:3000'),
    ('localhost:7860', 'null'),
    ('localhost:7860', 'http://['),
    ('evil.example:7860', 'http://evil.example:7860'),
])
def test_foreign(ask, host, origin):
    assert ask('127.0.0.1', host, origin) == 403


@pytest.mark.parametrize('host, status', [
    ('192.168.0.7:7860', 200),
    ('localhost:7860', 200),
    ('box.lan:7860', 200),
    ('evil.example:7860', 403),
])
def test_open_to_others(ask, host, status):
    """Names may be anybody's; the one that --host gave is not."""
    assert ask('box.lan', host) == status
    assert ask('0.0.0.0', host) == (403 if host[0] == 'b' else status)


def test_the_oldest_go(tmp_path, ask, monkeypatch):
    for age, name in enumerate(('new', 'middle', 'old')):
        (tmp_path / name).mkdir()
        path = tmp_path / name / 'a.png'
        path.write_bytes(bytes(100))
        os.utime(path, (1000 - age, 1000 - age))
    make_room(str(tmp_path), 300)
    assert len(list(tmp_path.rglob('a.png'))) == 3
    make_room(str(tmp_path), 299)
    assert not (tmp_path / 'old' / 'a.png').exists()
    monkeypatch.setattr('web_demo.guard.make_room',
                        lambda folder: make_room(folder, 100))
    ask('127.0.0.1', 'localhost')
    assert (tmp_path / 'middle' / 'a.png').exists()
    ask('127.0.0.1', 'localhost', path='/upload')
    assert [p.parent.name for p in tmp_path.rglob('a.png')] == ['new']
