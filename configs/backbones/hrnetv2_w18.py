# HRNetv2-W18, the branches side by side at the resolution of the finest.
_base_ = ['base.py']
widths = (18, 36, 72, 144)


def stage(modules, branches, block='BASIC', blocks=4, widths=widths):
    return dict(
        num_modules=modules,
        num_branches=branches,
        block=block,
        num_blocks=(blocks, ) * branches,
        num_channels=widths[:branches])


model = dict(
    backbone=dict(
        _delete_=True,
        type='HRNet',
        # As ResNet. Its own, of a deviation of 0.001, is for weights that are
        # loaded: without any it hardly learns.
        init_cfg=[
            dict(type='Kaiming', layer=['Conv2d']),
            dict(type='Constant', val=1, layer=['_BatchNorm'])
        ],
        extra=dict(
            stage1=stage(1, 1, 'BOTTLENECK', widths=(64, )),
            stage2=stage(1, 2),
            stage3=stage(4, 3),
            stage4=dict(stage(3, 4), multiscale_output=True),
            upsample=dict(mode='bilinear', align_corners=False))),
    neck=dict(type='FeatureMapProcessor', concat=True),
    head=dict(in_channels=sum(widths)))
