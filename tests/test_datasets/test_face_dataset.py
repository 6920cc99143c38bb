"""What the data sets of photographs have in common."""
import pytest

from spiga_mmpose.datasets.face_dataset import FaceDataset, allow_missing


class TestAllowMissing:

    @pytest.mark.parametrize('kind', ['CocoFaceDataset', 'SPIGAJsonDataset',
                                      FaceDataset])
    def test_photographs(self, kind):
        dataset = dict(type=kind)
        allow_missing(dataset)
        assert dataset['allow_missing'] is True

    def test_wrapped_ones(self):
        inner = [dict(type='CocoFaceDataset') for _ in range(3)]
        dataset = dict(
            type='ConcatDataset',
            datasets=[
                dict(type='RepeatDataset', times=2, dataset=inner[0]),
                dict(type='CombinedDataset', datasets=inner[1:])
            ])
        allow_missing(dataset)
        assert all(part['allow_missing'] for part in inner)
        assert set(dataset) == {'type', 'datasets'}

    @pytest.mark.parametrize('kind', ['SyntheticFaceDataset', 'WFLWDataset',
                                      'NoSuchDataset'])
    def test_others_are_refused(self, kind):
        dataset = dict(type='RepeatDataset', dataset=dict(type=kind))
        with pytest.raises(ValueError, match=f'found {kind}.*leave it out'):
            allow_missing(dataset)
        assert dataset['dataset'] == dict(type=kind)
