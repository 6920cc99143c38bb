_base_ = ['mmpose::_base_/default_runtime.py']

custom_imports = dict(imports=['spiga_mmpose'], allow_failed_imports=False)

vis_backends = [
    dict(type='LocalVisBackend'),
    dict(type='TensorboardVisBackend'),
]
visualizer = dict(
    type='SPIGAVisualizer', vis_backends=vis_backends, name='visualizer')

# Fixed, so that a resumed run equals one that went on.
randomness = dict(seed=0)
