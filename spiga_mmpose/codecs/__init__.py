"""Codecs: what a network learns from a face, and back."""
from .spiga_label import SPIGALabel

__all__ = ['SPIGALabel']
