"""What must be noticed, and what must go on working as without the probe; one function a case."""

import copy
import inspect
import io
import pickle
import sys
import traceback

import torch
from torch import nn


def nan_loss():
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for factor in (1.0, float("nan")):
        (model(torch.ones(1, 2)).sum() * factor).backward()
        optimizer.step()


def scaled_loss():
    model = nn.Linear(2, 1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    scaler.scale(model(torch.ones(1, 2)).sum().abs() * 1e3 + 1.0).backward()


def never_learns():
    model, other = nn.Linear(2, 1), nn.Linear(2, 1)
    optimizer = torch.optim.SGD(copy.deepcopy(model).parameters(), lr=0.1)
    still = torch.optim.SGD(other.parameters(), lr=0.0)
    for _ in range(3):
        (model(torch.ones(1, 2)) + other(torch.ones(1, 2))).sum().backward()
        optimizer.step()
        still.step()


def masked_labels():
    model = nn.Linear(2, 3)
    labels = torch.full((4,), -100)
    nn.CrossEntropyLoss()(model(torch.ones(4, 2)), labels)
    nn.functional.cross_entropy(model(torch.ones(4, 2)), labels * 0)


def left_alone():
    """Pickles, signatures, compiled and scripted code, tracebacks, random numbers."""
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    torch.manual_seed(1)
    model(torch.ones(1, 4)).sum().backward()
    assert torch.rand(1).item() == torch.rand(1, generator=torch.Generator().manual_seed(1)).item()
    assert pickle.loads(pickle.dumps(nn.functional.cross_entropy)) is nn.functional.cross_entropy
    assert pickle.loads(pickle.dumps(torch.autograd.backward)) is torch.autograd.backward
    assert list(inspect.signature(nn.functional.cross_entropy).parameters)[:2] == ["input", "target"]
    buffer = io.BytesIO()
    torch.save(model, buffer)
    assert b"sandbox_review" not in buffer.getvalue()
    copy.deepcopy(model)(torch.ones(1, 4))
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    compiled(torch.ones(2, 4)).sum().backward()
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    torch.jit.trace(model, torch.ones(2, 4))
    torch.jit.script(Scripted())
    try:
        model(torch.ones(1, 5))
    except RuntimeError:
        frames = [frame for frame in traceback.extract_tb(sys.exc_info()[2]) if "/inside/probe/" in frame.filename]
        assert len(frames) == 1, frames
    else:
        raise AssertionError("no error")
    handle = nn.modules.module.register_module_forward_hook(lambda *_: None)
    model(torch.ones(1, 4))
    handle.remove()


class Scripted(nn.Module):
    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(x, y)


def replaced():
    torch.autograd.backward = lambda *a, **k: None
    torch.ones(1, requires_grad=True).sum().backward()


globals()[sys.argv[1]]()
