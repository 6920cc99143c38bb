# The other way round: HourglassPoseNet under a head of MMPose, with that
# head's codec and one stage. It has no pose.
_base_ = ['../spiga_synthetic.py']
num_landmarks = 98
cells = _base_.input_size[0] // 4
heatmaps = dict(
    type='MSRAHeatmap',
    input_size=_base_.input_size,
    heatmap_size=(cells, cells),
    sigma=1.,
    unbiased=True)
codec = dict(_delete_=True, **heatmaps)
train_pipeline = [
    *_base_.train_pipeline[:-2],
    dict(type='GenerateTarget', encoder=heatmaps),
    dict(type='PackFaceInputs')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_evaluator = _base_.val_evaluator[:1]
test_evaluator = [_base_.test_evaluator[0], _base_.test_evaluator[2]]

stages = [
    dict(
        name='heatmap',
        length=16,
        lr=2e-3,
        schedulers=[_base_.warm_up, _base_.cosine],
        losses=(),  # the head has its own
        frozen=())
]
model = dict(
    head=dict(
        _delete_=True,
        type='HeatmapHead',
        in_channels=_base_.channels,
        out_channels=num_landmarks,
        deconv_out_channels=None,
        loss=dict(
            type='KeypointMSELoss', use_target_weight=True, loss_weight=100.),
        decoder=heatmaps),
    train_cfg=None)
