"""tools/model_converters/publish_model.py --half: small, and the same."""

import torch


def test_half_of_the_size_and_the_same_weights(load_tool, tmp_path):
    tool = load_tool('model_converters', 'publish_model.py')
    # 1e5 is beyond float16.
    weights = dict(
        kernel=torch.randn(64, 64, 3, 3),
        running_var=torch.full((64, ), 1e5),
        num_batches_tracked=torch.tensor(7))
    source = tmp_path / 'epoch_1.pth'
    torch.save(dict(meta=dict(epoch=1), state_dict=weights), source)
    sizes = []
    for half in (False, True):
        target = tmp_path / f'{half}.pth'
        tool.publish(str(source), str(target), half)
        sizes.append(target.stat().st_size)
    assert sizes[1] < 0.55 * sizes[0]

    module = torch.nn.Module()
    for name, value in weights.items():
        module.register_buffer(name, torch.zeros_like(value))
    published = torch.load(target, weights_only=True)
    module.load_state_dict(published['state_dict'], strict=True)
    assert module.kernel.dtype == torch.float32
    torch.testing.assert_close(
        module.kernel, weights['kernel'], rtol=1e-3, atol=1e-6)
    assert torch.equal(module.running_var, weights['running_var'])
    assert module.num_batches_tracked == 7
