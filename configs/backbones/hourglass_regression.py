# HourglassPoseNet under MMPose's plain regression of coordinates.
_base_ = ['hourglass_heatmap.py']
regression = dict(
    type='RegressionLabel', input_size=_base_.input_size)
codec = dict(_delete_=True, **regression)
train_pipeline = [
    *_base_.train_pipeline[:-2],
    dict(type='GenerateTarget', encoder=regression),
    dict(type='PackFaceInputs')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        _delete_=True,
        type='RegressionHead',
        in_channels=_base_.channels,
        num_joints=_base_.num_landmarks,
        loss=dict(
            type='SmoothL1Loss', use_target_weight=True, loss_weight=100.),
        decoder=regression))
