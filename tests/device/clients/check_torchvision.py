"""torchvision built for another torch, beside this one."""

import torch
from checks import check, raises


@check("models")
def _():
    import timm
    import torchvision

    model = torchvision.models.resnet18(num_classes=10).eval()
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)
    assert timm.create_model("resnet18", num_classes=3).eval()(torch.randn(1, 3, 32, 32)).shape == (1, 3)


@check("transforms and data sets")
def _():
    import PIL.Image
    from torchvision import datasets, transforms
    from torchvision.transforms import v2

    image = PIL.Image.new("RGB", (40, 40))
    steps = [transforms.RandomCrop(32, padding=4), transforms.RandAugment(), transforms.ToTensor()]
    assert transforms.Compose(steps)(image).shape == (3, 32, 32)
    modern = v2.Compose([v2.ToImage(), v2.RandomResizedCrop(32), v2.ToDtype(torch.float32, scale=True)])
    assert modern(image).shape == (3, 32, 32)
    assert len(datasets.FakeData(3, transform=transforms.ToTensor())) == 3


@check("operators")
def _():
    from torchvision import ops

    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]])
    assert ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist() == [0, 2]
    assert ops.roi_align(torch.randn(1, 3, 16, 16), [boxes[:1]], 4).shape == (1, 3, 4, 4)
    with raises(NotImplementedError, "torchvision::deform_conv2d"):
        ops.deform_conv2d(torch.randn(1, 1, 4, 4), torch.randn(1, 18, 2, 2), torch.randn(1, 1, 3, 3))


@check("torch stays a CPU build")
def _():
    assert not torch.cuda.is_available() and not hasattr(torch._C, "_cuda_getDeviceCount")
