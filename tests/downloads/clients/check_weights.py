"""Published weights, loaded by torchvision, timm and torch.hub."""

import urllib.error
from pathlib import Path

import torch
from checks import check, raises
from torchvision import models


@check("torchvision weights")
def _():
    for build, weights in (
        (models.resnet18, models.ResNet18_Weights.DEFAULT),
        (models.mobilenet_v3_small, models.MobileNet_V3_Small_Weights.IMAGENET1K_V1),
        (models.efficientnet_b0, "DEFAULT"),
        (models.googlenet, "DEFAULT"),
    ):
        model = build(weights=weights).eval()
        assert torch.isfinite(model(torch.randn(2, 3, 224, 224))).all()


@check("weights are the same each time, and not a fresh initialisation")
def _():
    first, second = models.resnet18(weights="DEFAULT"), models.resnet18(weights="DEFAULT")
    assert torch.equal(first.conv1.weight, second.conv1.weight)
    assert not torch.equal(first.conv1.weight, models.resnet18().conv1.weight)


@check("large weights have small files")
def _():
    model = models.vgg16(pretrained=True)
    assert sum(each.numel() for each in model.parameters()) == 138357544
    (path,) = Path("~/.cache/torch/hub/checkpoints").expanduser().glob("vgg16*")
    assert path.stat().st_size < 5e6
    torch.optim.SGD(model.parameters(), 0.1).step()


@check("the classifier can be replaced and trained")
def _():
    model = models.resnet18(weights="IMAGENET1K_V1")
    model.fc = torch.nn.Linear(512, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    pictures, labels = torch.randn(8, 3, 32, 32), torch.arange(8)
    losses = []
    for _ in range(5):
        loss = torch.nn.functional.cross_entropy(model(pictures), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] < 6


@check("detection")
def _():
    model = models.detection.ssdlite320_mobilenet_v3_large(weights="DEFAULT")
    assert len(model.state_dict()) > 300


@check("torch.hub code and weights")
def _():
    model = torch.hub.load("pytorch/vision:v0.10.0", "resnet18", pretrained=True)
    assert isinstance(model, models.ResNet)
    assert isinstance(torch.hub.load("pytorch/vision", "resnet18", weights=None), models.ResNet)
    assert "resnet50" in torch.hub.list("pytorch/vision")


@check("weights without a stand-in fail as without a network")
def _():
    with raises(urllib.error.URLError, "name resolution"):
        torch.hub.load_state_dict_from_url("https://example.org/weights-12345678.pth")


@check("timm weights by address")
def _():
    import timm

    assert timm.create_model("resnet18.tv_in1k", pretrained=True, pretrained_cfg_overlay={"hf_hub_id": None}).eval()
