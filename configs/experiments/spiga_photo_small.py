# The network of spiga_synthetic.py on photographs: crops of 64 px, some
# minutes on one CPU core, for comparisons. It starts from the weights of
#
#   python tools/train.py configs/spiga_synthetic.py
_base_ = ['../spiga_photo.py']

input_size = (64, 64)
channels = 64
load_from = 'work_dirs/spiga_synthetic/cascade.pth'
codec = dict(_base_.codec, input_size=input_size)
stages = [
    dict(
        _base_.stages[0],
        length=4,
        schedulers=[_base_.warm_up,
                    dict(_base_.cosine, begin=1)])
]
train_cfg = dict(val_interval=4)
model = dict(
    backbone=dict(
        input_size=input_size[0],
        channels=channels,
        stem_channels=(24, 48),
        depth=3),
    head=dict(
        in_channels=channels,
        windows=(0.5, 0.25, 0.125),  # 8, 4 and 2 of 16 cells
        window_samples=5,
        embed_channels=64,
        position_channels=(64, 64),
        gat_channels=64,
        offset_channels=(64, 32),
        supervision=dict(sigma_points=1.),
        decoder=codec))

resized = dict(
    SPIGACrop=dict(input_size=input_size), GenerateTarget=dict(encoder=codec))
train_pipeline = [
    dict(step, **resized.get(step['type'], {}))
    for step in _base_.train_pipeline
]
val_pipeline = [
    dict(step, **resized.get(step['type'], {}))
    for step in _base_.val_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=val_pipeline))
