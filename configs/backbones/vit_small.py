# ViT-S, sized as ViTPose-small's; it needs MMPretrain (docs/mixing.md). Two
# transposed convolutions take the map of 4 x 4 patches to 16 x 16.
_base_ = ['base.py']
width = 384
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.VisionTransformer',
        arch=dict(
            embed_dims=width,
            num_layers=12,
            num_heads=12,
            feedforward_channels=4 * width),
        img_size=_base_.input_size,
        patch_size=16,
        with_cls_token=False,
        out_type='featmap'),
    neck=dict(
        type='mmdet.CTResNetNeck',
        in_channels=width,
        num_deconv_filters=(128, 64),
        num_deconv_kernels=(4, 4),
        use_dcn=False))
