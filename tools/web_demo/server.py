"""Serves the page to this machine, and cleans up behind it."""
import os
import tempfile
from typing import Callable, Optional

from .analysis import FaceAnalyser

# Names of this machine alone.
LOCAL = ('localhost', '127.0.0.1', '::1')
# A file of more bytes is not taken.
MAX_BYTES = 30 * 1024**2
# Visitors whose last result is kept.
_SESSIONS = 16


def serve(analyser: FaceAnalyser,
          host: str = '127.0.0.1',
          port: Optional[int] = None,
          ready: Callable[[str], None] = print) -> None:
    """Serve the page until Ctrl-C.

    Everything that is uploaded or made is in one new folder among the
    temporary files, which is removed at the end; nothing is written anywhere
    else. The oldest goes where it is more than ``guard.MAX_KEPT``. The page
    fetches nothing from other machines and tells them nothing.
    """
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(
            prefix='spiga_web_', ignore_cleanup_errors=True) as folder:
        uploads, results = (os.path.join(folder, name)
                            for name in ('uploads', 'results'))
        os.mkdir(uploads)
        os.mkdir(results)
        # Gradio reads these when it is imported.
        os.environ['GRADIO_TEMP_DIR'] = uploads
        os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'
        os.environ['HF_HUB_DISABLE_TELEMETRY'] = '1'
        tempfile.tempdir = folder
        try:
            _serve(analyser, folder, results, host, port, ready)
        finally:
            tempfile.tempdir = before


def _serve(analyser, folder, results, host, port, ready) -> None:
    try:
        from starlette.middleware import Middleware

        from .guard import Guard
        from .page import CSS, THEME, build_page
    except ImportError as error:
        raise ImportError(f'the page needs Gradio ({error}): pip install -r '
                          'requirements/web.txt') from None
    page = build_page(analyser, results)
    try:
        _, url, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            max_file_size=MAX_BYTES,
            show_error=True,
            app_kwargs=dict(
                middleware=[Middleware(Guard, host=host, folder=folder)]),
            state_session_capacity=_SESSIONS,
            allowed_paths=[],
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            mcp_server=False,
            theme=THEME,
            css=CSS)
    except OSError as error:
        raise OSError(f'cannot listen at {host}, port {port or "7860 to 7959"}'
                      f': {error}; give another --port or --host') from None
    try:
        ready(url)
        page.block_thread()
    finally:
        # Not waiting for browsers that keep their connections.
        page.server.force_exit = True
        page.close(verbose=False)
