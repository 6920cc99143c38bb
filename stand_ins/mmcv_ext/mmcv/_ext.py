"""Stand-in for mmcv's compiled operators, beside mmcv-lite.

MMPose and MMDet import ``mmcv.ops`` with everything in it, and use next to
nothing of it. NMS and the forward pass of RoIAlign are torchvision's; any
other operator can be imported and raises when it is called. An extension
module takes precedence over a ``.py`` file of the same name: where mmcv is
compiled, this file is never read.
"""
from torchvision.ops import nms as _nms
from torchvision.ops import roi_align as _roi_align


def nms(boxes, scores, iou_threshold, offset=0):
    """Indices of the boxes that are kept, by falling score, (N,) int64.

    Args:
        boxes (Tensor): (B, 4) x1, y1, x2, y2 in px.
        scores (Tensor): (B, ).
        iou_threshold (float): Of two boxes that overlap by more, the one of
            the lower score goes.
        offset (int): 1 if x2 and y2 are the last px of a box, not its edge.
    """
    if offset:
        boxes = boxes + boxes.new_tensor([0, 0, offset, offset])
    return _nms(boxes, scores, iou_threshold)


def roi_align_forward(input, rois, output, argmax_y, argmax_x, aligned_height,
                      aligned_width, spatial_scale, sampling_ratio, pool_mode,
                      aligned):
    """Fill ``output`` (R, C, H, W); mmcv's arguments."""
    if pool_mode != 1:
        _missing('roi_align_forward (pool_mode max)')()
    output.copy_(
        _roi_align(input, rois, (aligned_height, aligned_width),
                   spatial_scale, sampling_ratio, aligned))


def get_compiler_version():
    return 'none: torchvision stands in'


def get_compiling_cuda_version():
    return 'not available'


def _missing(name):

    def operator(*args, **kwargs):
        raise NotImplementedError(
            f"mmcv's operator {name} is not installed: beside mmcv-lite there "
            'are nms and roi_align_forward alone. Type: MMCV_OPS=1 make '
            'install (in a checkout of spiga_mmpose), or install a compiled '
            'mmcv==2.1.0')

    return operator


def __getattr__(name):
    if name.startswith('_'):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return _missing(name)
