# The same with ImageNet's weights, which stay as they are: neck, pose
# regressor and cascade alone are trained. Downloads the weights.
_base_ = ['resnet50.py']
stages = [dict(_base_.stages[0], frozen=('backbone', ))]
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='torchvision://resnet50')))
