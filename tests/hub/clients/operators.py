"""Import before torchvision: its compiled part is made for another build of torch, its Python part needs the names.

Libraries import torchvision where it is installed, also those that need nothing of it.
"""

import torch

kept = torch.library.Library("torchvision", "FRAGMENT")
for _name in ("nms", "qnms"):
    kept.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
