"""The figure of variants is an image, whatever is missing."""
import cv2
import pytest

from spiga_mmpose.evaluation.figures.comparison import (VariantPanel,
                                                        draw_variants)

RUNS = {'SPIGA': [4., 4.2], 'no positions': [4.5]}


@pytest.mark.parametrize('panels', [
    [VariantPanel('NME', RUNS)],
    [VariantPanel('NME', RUNS, {'no positions': 4.3}, 0.),
     VariantPanel('NPE90', RUNS)],
])
def test_draws(panels, tmp_path):
    path = tmp_path / 'figure.png'
    draw_variants(panels, str(path))
    image = cv2.imread(str(path))
    assert image.std() > 5
    assert image.shape[1] > 300 * len(panels)
