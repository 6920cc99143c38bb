# What each mix of backbone and head costs and gives after a training of equal
# budget on synthetic faces, the whole method first: docs/mixing.md.
#
#   python tools/analysis_tools/compare.py configs/experiments/backbones.py \
#       --out work_dirs/backbones
base = 'configs/spiga_synthetic.py'
seeds = (0, )
metrics = ('NME', )
costs = True
options = {}
titles = {
    'hrnetv2_w18': 'HRNetv2-W18 + GATCascadeHead',
    'resnet50': 'ResNet-50 + GATCascadeHead',
    'cspnext_m': 'CSPNeXt-m + GATCascadeHead',
    'mobilenetv2': 'MobileNetV2 + GATCascadeHead',
    'vit_small': 'ViT-S + GATCascadeHead',
    'hourglass_heatmap': 'HourglassPoseNet + HeatmapHead',
    'hourglass_rtmcc': 'HourglassPoseNet + RTMCCHead',
    'hourglass_regression': 'HourglassPoseNet + RegressionHead',
}
variants = {
    'spiga_synthetic': dict(title='HourglassPoseNet + GATCascadeHead'),
    **{
        name: dict(base=f'configs/backbones/{name}.py', title=title)
        for name, title in titles.items()
    }
}
