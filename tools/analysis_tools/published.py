"""The paper's tables: published.json, their columns and numbers.

Source: Prados-Torreblanca, Buenaposada and Baumela, *Shape Preserving Facial
Landmarks with Graph Attention Networks*, BMVC 2022, arXiv 2210.07233v1:
tables 1 to 6, and tables 1 to 3 of its supplementary material. Numbers are
text, as printed there; ``-`` where the paper prints none. Its table 2 is the
part of supplementary table 3 without the oldest methods, so the longer one
stands for both.
"""
import json
import os.path as osp
from dataclasses import dataclass
from typing import Optional, Tuple

# Faces of the test set that each benchmark's published rows are on (paper,
# section 3; of 300W, db_info.json in the PyPI package ``spiga`` 0.0.6).
TEST_FACES = {'wflw': 2500, '300w': 689, '300w-private': 600, 'cofw68': 507,
              'merlrav': 3865}


@dataclass(frozen=True)
class Column:
    """One number of a row, and how to get it from a scored result."""
    label: str
    metric: str  # a key of score's result ('NME') or of its pose ('MAE')
    norm: Optional[str] = None  # None where it plays no part (pose)
    subset: Optional[str] = None  # None: all faces
    step: Optional[int] = None  # of the cascade, from 1; None: the result


@dataclass(frozen=True)
class Row:
    method: str
    numbers: str  # one for each column, separated by spaces
    boxes: str = '-'  # what the faces were cropped by, where the paper says it

    @property
    def values(self) -> Tuple[str, ...]:
        return tuple(self.numbers.split())


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper, or the part of it that is on one data set."""
    number: str
    title: str
    dataset: str
    columns: Tuple[Column, ...]
    rows: Tuple[Row, ...]
    note: str = ''


with open(osp.join(osp.dirname(osp.abspath(__file__)), 'published.json'),
          encoding='utf-8') as _file:
    TABLES = tuple(PaperTable(
        **{**table, 'rows': tuple(Row(*row) for row in table['rows']),
           'columns': tuple(Column(**one) for one in table['columns'])})
                   for table in json.load(_file))
