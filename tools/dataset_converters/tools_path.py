"""Import it to import the modules of ``tools`` from this folder's tools."""
import os.path as osp
import sys

sys.path.append(osp.dirname(osp.dirname(osp.abspath(__file__))))
