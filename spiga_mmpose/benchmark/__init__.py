"""What the speed tools measure, and how: docs/speed.md.

Nothing else in the package reads it.
"""
