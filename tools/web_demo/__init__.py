"""A web page that finds faces in photographs; ``tools/web_demo.py`` runs it.

:mod:`.analysis` does the work and knows no browser; :mod:`.page` lays it out
with Gradio (requirements/web.txt) and is imported by :mod:`.server` alone.
"""
from .analysis import Analysis, FaceAnalyser
from .server import LOCAL, serve

__all__ = ['LOCAL', 'Analysis', 'FaceAnalyser', 'serve']
