# The same with ImageNet's weights, which stay as they are: neck, pose
# regressor and cascade alone are trained. Downloads the weights.
_base_ = ['resnet50.py']
stages = [dict(_base_.stages[0], frozen=('backbone', ))]
custom_hooks = [
    *_base_.custom_hooks[:-1],
    dict(type='StageHook', stages=stages),
]
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='torchvision://resnet50')))
