"""torchvision beside a torch that it was not built for: its compiled operators cannot be loaded, but its Python part
registers gradients and shapes for them at import. The schemas alone let that pass; without the compiled part, models,
transforms and data sets work, and an operator that is called says that it has no kernel.
"""

import sys

from .served import served

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor",
    "_roi_align_backward(Tensor grad, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
    "SymInt batch_size, SymInt channels, SymInt height, SymInt width, int sampling_ratio, bool aligned) -> Tensor",
    "ps_roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
    "int sampling_ratio) -> (Tensor, Tensor)",
    "_ps_roi_align_backward(Tensor grad, Tensor rois, Tensor channel_mapping, float spatial_scale, "
    "SymInt pooled_height, SymInt pooled_width, int sampling_ratio, SymInt batch_size, SymInt channels, "
    "SymInt height, SymInt width) -> Tensor",
    "roi_pool(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width) "
    "-> (Tensor, Tensor)",
    "_roi_pool_backward(Tensor grad, Tensor rois, Tensor argmax, float spatial_scale, SymInt pooled_height, "
    "SymInt pooled_width, SymInt batch_size, SymInt channels, SymInt height, SymInt width) -> Tensor",
    "ps_roi_pool(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width) "
    "-> (Tensor, Tensor)",
    "_ps_roi_pool_backward(Tensor grad, Tensor rois, Tensor channel_mapping, float spatial_scale, "
    "SymInt pooled_height, SymInt pooled_width, SymInt batch_size, SymInt channels, SymInt height, SymInt width) "
    "-> Tensor",
    "deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h, "
    "SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, SymInt groups, "
    "SymInt offset_groups, bool use_mask) -> Tensor",
    "_deform_conv2d_backward(Tensor grad, Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, "
    "SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, "
    "SymInt groups, SymInt offset_groups, bool use_mask) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
)
_libraries: list = []  # a library takes its kernels with it when it is freed


def define_operators():
    """Define the operators that torchvision's compiled part would; called before its Python part looks for it.

    Returns what must be called behind the import: schemas that the compiled part brought itself stay its own.
    """
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    return lambda: _define_missing(torch, library)


def _define_missing(torch, library):
    _libraries.append(library)
    missing = [schema for schema in _SCHEMAS if not _known(torch, schema.partition("(")[0])]
    for schema in missing:
        library.define(schema)
    if missing:
        served("torchvision operators (schemas only)")
        library.impl("nms", _nms, "CPU")
        # It refuses every operator where its compiled part is missing; only those without a kernel shall be refused.
        sys.modules["torchvision.extension"]._assert_has_ops = lambda: None


def _known(torch, name):
    return torch._C._dispatch_has_kernel("torchvision::" + name) or any(
        known.startswith("torchvision::" + name) and known.split(".")[0] == "torchvision::" + name
        for known in torch._C._dispatch_get_all_op_names()
    )


def _nms(boxes, scores, iou_threshold):
    """Non-maximum suppression, the one operator that detection code calls by itself."""
    import torch

    order = scores.argsort(descending=True, stable=True)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept = []
    while order.numel():
        first, rest = order[0], order[1:]
        kept.append(first)
        low = torch.maximum(boxes[first, :2], boxes[rest, :2])
        high = torch.minimum(boxes[first, 2:], boxes[rest, 2:])
        shared = (high - low).clamp(min=0).prod(1)
        order = rest[shared / (areas[first] + areas[rest] - shared) <= iou_threshold]
    return torch.stack(kept) if kept else order
