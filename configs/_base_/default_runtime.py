_base_ = ['mmpose::_base_/default_runtime.py']

custom_imports = dict(imports=['spiga_mmpose'], allow_failed_imports=False)

# A config says in `stages` how it trains, and nowhere else.
train_cfg = dict(_delete_=True, type='StagedTrainLoop')
custom_hooks = [
    dict(type='SyncBuffersHook'),
    dict(type='SampleSeedHook'),
    dict(type='NonFiniteLossHook', max_in_a_row=10),
    dict(type='StageHook'),
]

vis_backends = [
    dict(type='LocalVisBackend'),
    dict(type='TensorboardVisBackend'),
]
visualizer = dict(
    type='SPIGAVisualizer', vis_backends=vis_backends, name='visualizer')

# Fixed, so that a resumed run equals one that was not interrupted.
randomness = dict(seed=0)
