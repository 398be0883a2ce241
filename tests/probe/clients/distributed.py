"""One small training, started by torchrun (each rank with its half of the data) or by accelerate launch."""

import itertools
import os
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

BATCHES = 3
model = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
rows = TensorDataset(torch.randn(40, 6), torch.randint(0, 2, (40,)))


def by_torchrun():
    torch.distributed.init_process_group("gloo")
    ranks = nn.parallel.DistributedDataParallel(model)
    loader = DataLoader(rows, batch_size=4, sampler=DistributedSampler(rows))
    for x, y in itertools.islice(loader, BATCHES):
        nn.functional.cross_entropy(ranks(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()
    torch.distributed.barrier()
    # torch 2.13 joins gloo's thread while it holds the lock that this thread may wait for, and hangs now and then.
    os._exit(0)


def by_accelerate():
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    prepared, steps, loader = accelerator.prepare(model, optimizer, DataLoader(rows, batch_size=4))
    for x, y in itertools.islice(loader, BATCHES):
        accelerator.backward(nn.functional.cross_entropy(prepared(x), y))
        steps.step()
        steps.zero_grad()


torch.set_num_threads(1)
globals()[sys.argv[1]]()
