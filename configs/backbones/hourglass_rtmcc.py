# HourglassPoseNet under RTMPose's head.
_base_ = ['hourglass_heatmap.py']
simcc = dict(
    type='SimCCLabel',
    input_size=_base_.input_size,
    sigma=(1.5, 1.5),
    simcc_split_ratio=2.,
    normalize=False)
codec = dict(_delete_=True, **simcc)
train_pipeline = [
    *_base_.train_pipeline[:-2],
    dict(type='GenerateTarget', encoder=simcc),
    dict(type='PackFaceInputs')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(
    head=dict(
        _delete_=True,
        type='RTMCCHead',
        in_channels=_base_.channels,
        out_channels=_base_.num_landmarks,
        input_size=_base_.input_size,
        in_featuremap_size=(_base_.cells, _base_.cells),
        simcc_split_ratio=2.,
        final_layer_kernel_size=7,
        gau_cfg=dict(
            hidden_dims=128,
            s=64,
            expansion_factor=2,
            dropout_rate=0.,
            drop_path=0.,
            act_fn='SiLU',
            use_rel_bias=False,
            pos_enc=False),
        loss=dict(
            type='KLDiscretLoss',
            use_target_weight=True,
            beta=10.,
            label_softmax=True),
        decoder=simcc))
