"""Loops of every shape, each in a fork of its own; prints the pid of each as JSON."""

import itertools
import json
import os
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset


class Stream(IterableDataset):
    def __iter__(self):
        return iter([ROWS[number] for number in range(8)])


def loader(**options):
    return DataLoader(ROWS, batch_size=4, **options)


def step(x, y):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@torch.no_grad()
def look(x):
    model(x)


def cut_short():
    for x, y in itertools.islice(loader(), 3):
        step(x, y)
    for number, (x, _) in enumerate(loader()):
        if number == 2:
            break
        look(x)


def within_a_batch():
    for x, y in itertools.islice(loader(), 2):
        step(x, y)
        for row in ROWS[:5][0]:
            look(row[None])


def between_steps_on_one_batch():
    for x, y in itertools.islice(loader(), 1):
        for _ in range(3):
            step(x, y)
            for row in ROWS[:4][0]:
                look(row[None])


def whole_pass():
    for x, y in loader():
        step(x, y)


def workers():
    for x, y in itertools.islice(loader(num_workers=1, persistent_workers=True), 2):
        step(x, y)


def accumulation():
    for number, (x, y) in enumerate(itertools.islice(loader(), 4)):
        nn.functional.cross_entropy(model(x), y).backward()
        if number % 2:
            optimizer.step()


def collected_first():
    batches = list(itertools.islice(loader(), 3))
    for x, y in batches:
        step(x, y)


def twice_on_each():
    for x, y in itertools.islice(loader(), 2):
        step(x, y)
        step(x, y)


def teacher():
    for x, _ in itertools.islice(loader(), 2):
        with torch.no_grad():
            target = model(x).softmax(-1)
        (model(x).log_softmax(-1) - target).pow(2).sum().backward()
        optimizer.step()


def two_loaders():
    for (x, y), (z, _) in itertools.islice(zip(loader(), loader(), strict=True), 2):
        (nn.functional.cross_entropy(model(x), y) + model(z).pow(2).sum()).backward()
        optimizer.step()


def one_batch():
    x, y = next(iter(loader()))
    step(x, y)


def endless():
    for x, y in DataLoader(Stream(), batch_size=4):
        step(x, y)


def by_hand():
    for start in range(0, 12, 4):
        step(INPUTS[start : start + 4], LABELS[start : start + 4])
    for _ in range(2):  # the same input again
        step(INPUTS[:4], LABELS[:4])
    for start in range(0, 20, 4):
        look(INPUTS[start : start + 4])


def gradients_alone():
    for x, y in itertools.islice(loader(), 2):
        loss = nn.functional.cross_entropy(model(x), y)
        for parameter, gradient in zip(
            model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True
        ):
            parameter.grad = gradient
        optimizer.step()


def checkpointed():
    from torch.utils.checkpoint import checkpoint

    for x, _ in itertools.islice(loader(), 2):
        checkpoint(model, x.requires_grad_(), use_reentrant=False).sum().backward()


torch.set_num_threads(1)
INPUTS, LABELS = torch.randn(40, 6), torch.randint(0, 2, (40,))
ROWS = TensorDataset(INPUTS, LABELS)
model = nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.1), nn.Linear(8, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
pids = {}
for case in sys.argv[1:]:
    pids[case] = os.fork()
    if not pids[case]:
        try:
            globals()[case]()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pids[case], 0)[1] == 0, case
print(json.dumps(pids))
