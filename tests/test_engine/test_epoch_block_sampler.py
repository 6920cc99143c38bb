"""EpochBlockSampler: no sample twice, all processes together."""
import pytest
from mmengine.runner import Runner
from mmpose.registry import DATA_SAMPLERS

from spiga_mmpose.engine import EpochBlockSampler, epoch_block_sampler

FACES = range(10)


def epochs(sampler, count):
    for epoch in range(count):
        sampler.set_epoch(epoch)
        yield list(sampler)


def test_blocks_in_order_and_again():
    """Ten samples, blocks of four: what is left over is not shown."""
    sampler = DATA_SAMPLERS.build(
        dict(type='EpochBlockSampler', dataset=FACES, epoch_size=4))
    assert len(sampler) == 4
    assert list(epochs(sampler, 3)) == [[0, 1, 2, 3], [4, 5, 6, 7],
                                        [0, 1, 2, 3]]


@pytest.mark.parametrize('world_size', [2, 3])
def test_processes_share_a_block(monkeypatch, world_size):
    shares = []
    for rank in range(world_size):
        monkeypatch.setattr(epoch_block_sampler, 'get_dist_info', lambda:
                            (rank, world_size))
        sampler = EpochBlockSampler(FACES, epoch_size=5)
        assert len(sampler) == 5 // world_size
        shares.append(list(epochs(sampler, 2)))
        assert all(len(share) == len(sampler) for share in shares[-1])
    for epoch, block in enumerate([{0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}]):
        seen = [i for share in shares for i in share[epoch]]
        assert len(set(seen)) == len(seen)
        assert set(seen) <= block


@pytest.mark.parametrize('epoch_size', [0, 11])
def test_wrong_size_is_named(epoch_size):
    with pytest.raises(ValueError, match=rf'1 .*to 10 .*found {epoch_size}'):
        EpochBlockSampler(FACES, epoch_size)


def test_fewer_samples_than_processes(monkeypatch):
    monkeypatch.setattr(epoch_block_sampler, 'get_dist_info', lambda: (0, 8))
    with pytest.raises(ValueError, match='8 .processes'):
        EpochBlockSampler(FACES, 4)


def test_in_a_loader_as_the_runner_builds_it():
    loader = Runner.build_dataloader(
        dict(
            dataset=list(FACES),
            batch_size=2,
            num_workers=0,
            sampler=dict(type='EpochBlockSampler', epoch_size=4)),
        seed=3)
    assert len(loader) == 2
    loader.sampler.set_epoch(1)
    assert [list(batch) for batch in loader] == [[4, 5], [6, 7]]
