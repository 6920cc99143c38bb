"""Who may talk to the page, and how much is kept of what they send."""
import ipaddress
import os
import os.path as osp
from typing import Optional
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from .server import LOCAL

# What uploads and results may take together, beside the newest file.
MAX_KEPT = 200 * 1024**2


class Guard:
    """ASGI middleware: refuses what comes from other pages, and makes room
    before an upload.

    A page of somebody else can let a browser send requests here: by its own
    name, if that name points to this machine (DNS rebinding: ``Host`` is
    foreign), or from its own place (``Origin`` is another than ``Host``).
    """

    def __init__(self, app, host: str, folder: str) -> None:
        self.app = app
        self.host = host
        self.folder = folder

    async def __call__(self, scope, receive, send) -> None:
        """Refuse a request, or hand it on."""
        if scope['type'] in ('http', 'websocket'):
            headers = {name: value.decode('latin-1')
                       for name, value in scope['headers']}
            reason = self._foreign(headers.get(b'host', ''),
                                   headers.get(b'origin'))
            if reason:
                answer = PlainTextResponse(f'{reason}\n', status_code=403)
                await answer(scope, receive, send)
                return
            if scope['path'].endswith('/upload'):
                await run_in_threadpool(make_room, self.folder)
        await self.app(scope, receive, send)

    def _foreign(self, host: str, origin: Optional[str]) -> Optional[str]:
        """Why a request is refused."""
        name = _name(f'//{host}')
        known = name in LOCAL or (self.host not in LOCAL and
                                  (name == self.host or _is_address(name)))
        if not known:
            return (f'This page is not at {host!r}: open it by the address '
                    'that tools/web_demo.py printed.')
        if origin is not None and urlsplit(origin).netloc != host:
            return f'Requests of other pages are refused, this one: {origin}'
        return None


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ''
    except ValueError:
        return ''


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def make_room(folder: str, limit: int = MAX_KEPT) -> None:
    """Remove the oldest files below a folder until the others take no more
    than a number of bytes."""
    files = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = osp.join(place, name)
            try:
                found = os.stat(path)
            except OSError:  # gone by now
                continue
            files.append((found.st_mtime, found.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= limit:
            return
        try:
            os.remove(path)
        except OSError:
            continue
        total -= size
