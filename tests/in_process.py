"""Workers of the speed tools as threads, so that tests take seconds."""
import threading
from unittest import mock

from spiga_mmpose.benchmark import workers


def no_processes(monkeypatch):
    """Let every :class:`Worker` be a thread, and every turn one call."""

    def start(target, args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        thread.start()
        return thread

    monkeypatch.setattr(workers, 'start', start)
    # What a process sets for itself would stay for the tests that follow.
    for name in ('signal', 'torch', 'cv2', 'MMLogger'):
        monkeypatch.setattr(workers, name, mock.MagicMock())
    monkeypatch.setattr(workers, '_TURN', 0.)
