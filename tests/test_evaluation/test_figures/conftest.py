"""Figures that are looked into before they are written."""
import pytest
from matplotlib.figure import Figure


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Call a drawing function; its figure, written to a file as well."""
    saved = []
    write = Figure.savefig

    def savefig(figure, path, **kwargs):
        saved.append(figure)
        write(figure, path, **kwargs)

    monkeypatch.setattr(Figure, 'savefig', savefig)

    def draw(function, *args):
        path = tmp_path / 'figure.png'
        function(*args, str(path))
        assert path.read_bytes()[1:4] == b'PNG'
        return saved.pop()

    return draw
