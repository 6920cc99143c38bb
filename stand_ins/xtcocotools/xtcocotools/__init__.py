"""Stand-in for xtcocotools, MMPose's fork of pycocotools.

The fork has no wheels for Python 3.12 and later, and its others want numpy 1.
This is pycocotools with the fork's arguments and statistics. What the fork
alone has, CrowdPose and whole-body evaluation, raises NotImplementedError.
"""
