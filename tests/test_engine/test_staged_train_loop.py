"""Faces that make no batch."""
import pytest
import small_models
from small_runs import STAGES, run


def loader(batch_size, faces, drop_last):
    return dict(
        batch_size=batch_size,
        num_workers=0,
        drop_last=drop_last,
        sampler=dict(type='EpochBlockSampler', epoch_size=faces),
        dataset=dict(
            type='SyntheticFaceDataset',
            num_faces=9,
            image_size=small_models.SIZE,
            pipeline=small_models.pipeline()))


def test_fewer_faces_than_a_batch(tmp_path):
    with pytest.raises(ValueError, match=r'2 faces .* a batch of 3.*'
                       r'train_dataloader.batch_size to 2 .*drop_last=False'):
        run(tmp_path, 'few', train_dataloader=loader(3, 2, True))
    run(tmp_path, 'enough', STAGES[:1],
        train_dataloader=loader(3, 2, False))


@pytest.mark.parametrize('batch_size, faces, number', [(1, 2, 1), (2, 3, 2)])
def test_a_batch_of_one(tmp_path, batch_size, faces, number):
    with pytest.raises(ValueError, match=f'batch {number} has 1 face.*{faces} '
                       f'faces an epoch in batches of {batch_size};.*'
                       'batch_size to 2 or more.*drop_last=True'):
        run(tmp_path, f'one{batch_size}', STAGES[1:2],
            train_dataloader=loader(batch_size, faces, False))
