# What happens to a photograph before its landmarks become labels, and the
# loaders; a config adds its data set and its codec.
data_mode = 'topdown'
input_size = (256, 256)
padding = 1.6  # of the box: each side by this factor

# Augmentation of the paper and the release, in its order. The photometric
# steps act on the crop, which is cheaper and the same.
augmentation = [
    dict(type='LoadFaceImage'),
    dict(type='BoxFromLandmarks'),
    dict(type='FaceRandomFlip', prob=0.5),
    dict(type='FaceBoxCenterScale', padding=padding),
    dict(type='FaceRandomBox', rotate=45, shift=0.05, scale=0.15),
    dict(type='SPIGACrop', input_size=input_size),
    dict(type='RandomOcclusion'),
    dict(type='RandomHSV', limit=0.5),
    dict(type='RandomBlur', prob=0.5),
]
# Published numbers are on the tight boxes of the true landmarks; a sample
# without landmarks keeps the box that it is given. For released weights add
# sampling='nearest_release' to the crop.
val_pipeline = [
    dict(type='LoadFaceImage'),
    dict(type='BoxFromLandmarks'),
    dict(type='FaceBoxCenterScale', padding=padding),
    dict(type='SPIGACrop', input_size=input_size),
    dict(type='PackFaceInputs')
]

train_dataloader = dict(
    batch_size=24,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='collate_faces'),
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(data_mode=data_mode, data_prefix=dict(img='images/')))
val_dataloader = dict(
    batch_size=24,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        data_mode=data_mode,
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = val_dataloader
