"""A trained model as an ONNX or OpenVINO file.

torch writes ONNX, OpenVINO reads that: both files hold the same graph, of
standard operators. The lower precision stands in the graph, type by type, so
that what must be float32 is so in every program that runs it. int8 is for
OpenVINO alone, see :mod:`.quantize`.
"""
import os
import os.path as osp
import warnings
from typing import Optional

import torch
import torch.nn as nn

from spiga_mmpose.io import staging_folder, write_whole
from .extras import require
from .graph import PRECISIONS, LandmarkGraph
from .metadata import KEY, GraphInfo, crop_rule, describe
from .quantize import (CALIBRATION_FACES, calibration_crops, heavy_layers,
                       quantize)

# 20 has grid samples of any rank and every type that is used.
_OPSET = 20


def export_model(model: nn.Module,
                 path: str,
                 precision: str = 'fp32',
                 batch: Optional[int] = None,
                 attention: bool = False,
                 calibration_faces: int = CALIBRATION_FACES) -> GraphInfo:
    """Write a model as a file that needs neither this package nor torch.

    Args:
        model (nn.Module): Made by :func:`~spiga_mmpose.apis.load_model`.
        path (str): File to write: ``.onnx``, or ``.xml`` for OpenVINO, which
            puts the weights into a ``.bin`` beside it.
        precision (str): ``'fp32'``, ``'bf16'``, ``'fp16'`` or ``'int8'``.
        batch (int, optional): Faces a call; None: any number.
        attention (bool): With the attention among the outputs.
        calibration_faces (int): For int8: how many faces of the config's
            training data set its ranges are seen on.

    Returns:
        GraphInfo: What the file says of itself.

    Raises:
        ValueError: If the model or the arguments do not allow it.
        ImportError: If a package is missing. It says what to install.
        OSError: If the file cannot be written.
    """
    suffix = _check(path, precision, batch)
    int8 = precision == 'int8'
    require('onnx', 'onnxscript')
    if suffix == '.xml':
        require('openvino')
    seen = calibration = None
    if int8:
        require('nncf')
        seen, calibration = calibration_crops(model.cfg, calibration_faces)
    graph = LandmarkGraph(model, precision, attention)
    size = crop_rule(model.cfg)[1]
    # torch takes a batch of one for a constant.
    crops = torch.zeros(batch or 2, size, size, 3, dtype=torch.uint8)
    with torch.no_grad():
        outputs = graph.named(crops)
    info = describe(model, precision, batch, outputs, calibration)
    exported, write = _to_onnx(graph, crops, list(outputs), batch), _write_onnx
    if suffix == '.xml':
        exported, write = _to_openvino(exported), _write_openvino
    if int8:
        exported = quantize(exported, seen, heavy_layers(graph))
    folder = osp.dirname(osp.abspath(path))
    os.makedirs(folder, exist_ok=True)
    # OpenVINO's weights (.bin) come before the file that names them (.xml).
    with staging_folder(folder) as staging:
        write(exported, info, osp.join(staging, osp.basename(path)))
    return info


def _check(path: str, precision: str, batch: Optional[int]) -> str:
    """Suffix of a path, if all is well."""
    suffix = osp.splitext(path)[1]
    if suffix not in ('.onnx', '.xml'):
        raise ValueError(f'{path}: the name of the file must end in .onnx, or '
                         'in .xml for OpenVINO')
    known = list(PRECISIONS)
    if precision not in known:
        raise ValueError(f'precision must be one of {known}, found '
                         f'{precision!r}')
    if suffix == '.onnx' and precision == 'bf16':
        raise ValueError('ONNX Runtime has no bfloat16 convolutions for '
                         'CPUs: take bf16 with OpenVINO')
    if suffix == '.onnx' and precision == 'int8':
        raise ValueError('int8 is written for OpenVINO alone: take int8 with '
                         'OpenVINO (.xml), or another precision')
    if batch is not None and batch < 1:
        raise ValueError(f'batch must be at least 1, found {batch}')
    return suffix


def _to_onnx(graph: LandmarkGraph, crops: torch.Tensor, outputs: list,
             batch: Optional[int]):
    """ModelProto of the graph."""
    any_batch = None if batch else ({0: torch.export.Dim('batch')}, )
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')  # about torch's own parts
        try:
            program = torch.onnx.export(
                graph, (crops, ),
                dynamo=True,
                opset_version=_OPSET,
                input_names=['crops'],
                output_names=outputs,
                dynamic_shapes=any_batch,
                verbose=False)
        except RuntimeError as error:
            reason = str(error.__cause__ or error).strip().split('\n')[0]
            raise ValueError('torch cannot export this model, perhaps for its '
                             f'backbone: {reason}') from None
    return program.model_proto


def _write_onnx(proto, info: GraphInfo, path: str) -> None:
    import onnx
    onnx.helper.set_model_props(proto, {KEY: info.to_json()})
    write_whole(path, proto.SerializeToString())


def _to_openvino(proto):
    import openvino
    return openvino.Core().read_model(proto.SerializeToString())


def _write_openvino(model, info: GraphInfo, path: str) -> None:
    import openvino
    model.set_rt_info(info.to_json(), KEY)
    # It would store float32 as half floats otherwise.
    openvino.save_model(model, path, compress_to_fp16=False)
