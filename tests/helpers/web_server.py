"""A server on this machine whose answers a test chooses by the path."""
import http.server
import threading
import time
from contextlib import contextmanager

BODY = bytes(range(256)) * 40


class _Handler(http.server.BaseHTTPRequestHandler):

    def do_GET(self):
        path = self.path.split('?')[0]
        if path in self.server.files:
            self._send(self.server.files[path])
        elif path == '/file.bin':
            self._send(BODY)
        elif path == '/cut':
            self._send(BODY, 10)
        elif path == '/moved':
            self._redirect('/file.bin')
        elif path == '/to-a-file':
            self._redirect('file:///etc/hostname')
        elif path == '/to-ftp':
            self._redirect('ftp://127.0.0.1/a')
        elif path == '/silent':
            time.sleep(1)
        elif path == '/slow':
            self._drip()
        elif path == '/nonsense':
            self.wfile.write(b'this is no HTTP\r\n\r\n')
        else:
            self.send_error(404)
        self.server.asked.append(self.path)

    def _send(self, body, count=None):
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body[:count])

    def _drip(self):
        """Two seconds for 40 bytes."""
        self.send_response(200)
        self.send_header('Content-Length', '40')
        self.end_headers()
        try:
            for _ in range(40):
                self.wfile.write(b'.')
                time.sleep(0.05)
        except ConnectionError:  # nobody listens any more
            pass

    def _redirect(self, to):
        self.send_response(302)
        self.send_header('Location', to)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def serve(files=()):
    """Run the server on a free port of the loopback.

    Args:
        files (dict): Path -> content (bytes), beside the paths above.

    Yields:
        ThreadingHTTPServer: With ``url`` and ``asked``, the paths so far.
    """
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Handler)
    server.files, server.asked = dict(files), []
    server.url = f'http://127.0.0.1:{server.server_port}'
    thread = threading.Thread(target=server.serve_forever, args=(0.02, ))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
