"""Fixtures of the tests that fetch files."""
import socket

import pytest
from web_server import serve


@pytest.fixture
def server():
    """URL of a server on this machine."""
    with serve() as running:
        yield running.url


@pytest.fixture
def closed_port():
    """A port of this machine on which nobody listens."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return free.getsockname()[1]
