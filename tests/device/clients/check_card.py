"""torch by itself: what code that wants a GPU asks of it, and what a card refuses."""

import copy
import io

import torch
from checks import check, raises
from torch import nn
from torch.nn import functional as fn

CUDA = torch.device("cuda")
rows = torch.randn(4, 8)
on_card = rows.to("cuda")


def is_on_card(*tensors):
    return all(t.is_cuda and t.device == torch.device("cuda", 0) and t.device.type == "cuda" for t in tensors)


def same(one, other):
    return torch.allclose(one.cpu(), other.cpu(), atol=1e-4)


@check("the card is described")
def _():
    cuda = torch.cuda
    assert cuda.is_available() and cuda.device_count() == 1 and cuda.current_device() == 0
    assert "A100" in cuda.get_device_name() and cuda.get_device_capability() == (8, 0)
    assert cuda.get_device_properties("cuda").total_memory > 70 << 30
    assert cuda.is_bf16_supported() and torch.accelerator.current_accelerator() == CUDA
    cuda.set_device(0)
    with cuda.device(0), cuda.device("cuda:0"):
        cuda.synchronize()
    with raises(AssertionError, "Invalid device id"):
        cuda.get_device_properties(1)
    with raises(RuntimeError, "invalid device ordinal"):
        cuda.set_device(3)


@check("memory is counted")
def _():
    cuda = torch.cuda
    cuda.reset_peak_memory_stats()
    cuda.empty_cache()
    held = torch.ones(20 << 20, device=CUDA)
    figures = [cuda.memory_allocated(), cuda.memory_reserved(), cuda.max_memory_allocated(), *cuda.mem_get_info()]
    assert all(isinstance(each, int) and each >= 0 for each in figures) and cuda.max_memory_allocated() >= held.nbytes
    assert cuda.memory_summary() and cuda.memory_stats()["allocated_bytes.all.peak"] > 0


@check("tensors are made there")
def _():
    made = [
        torch.zeros(2, device="cuda"),
        torch.tensor([1.0], device="cuda:0"),
        torch.randn(2, device=CUDA),
        torch.arange(3, device=0),
        torch.full((2,), 3, device=torch.device("cuda", 0)),
        torch.zeros_like(on_card),
        on_card.new_zeros(2),
        rows.cuda(),
        rows.to(0),
        rows.to(device=CUDA, dtype=torch.float16, non_blocking=True),
        torch.as_tensor([1], device="cuda"),
        torch.empty(0, device="cuda"),
        torch.randint_like(on_card, 3),
    ]
    assert is_on_card(*made)
    assert not on_card.cpu().is_cuda and not on_card.to("cpu").is_cuda
    assert on_card.cpu().data_ptr() != on_card.data_ptr(), "a copy, as between devices"
    assert on_card.type() == "torch.cuda.FloatTensor" and "device='cuda:0'" in repr(on_card)
    assert is_on_card(torch.cuda.FloatTensor([1.0]), rows.type(torch.cuda.HalfTensor))
    assert isinstance(on_card, torch.cuda.FloatTensor) and not isinstance(rows, torch.cuda.FloatTensor)
    with raises(RuntimeError, "invalid device ordinal"):
        torch.zeros(1, device="cuda:1")
    torch.set_default_device("cuda")
    assert is_on_card(torch.zeros(2))
    torch.set_default_device("cpu")
    with torch.device("cuda"):
        assert is_on_card(nn.Linear(2, 2).weight)
    torch.set_default_device(None)


@check("operators give what the CPU gives")
def _():
    for function in (
        lambda t: t @ t.T,
        lambda t: t.softmax(-1).topk(2)[0],
        lambda t: torch.cat([t, t]).view(2, -1)[:, ::2],
        lambda t: t.masked_fill(t > 0, 0.0).sort().values,
        lambda t: torch.einsum("ij,kj->ik", t, t),
        lambda t: torch.linalg.svdvals(t),
        lambda t: torch.fft.rfft(t).abs(),
        lambda t: fn.layer_norm(t, (8,)),
        lambda t: torch.where(t > 0, t, -t).cumsum(0),
        lambda t: torch.unique(t.round()),
        lambda t: t[t[:, 0].argsort()].nonzero().float(),
    ):
        result = function(on_card)
        assert is_on_card(result) and same(result, function(rows))
    larger = torch.empty(0, device=CUDA)
    torch.add(on_card, on_card, out=larger)
    assert same(larger, rows * 2)
    assert torch.empty(2, device=CUDA).resize_(5, 5).shape == (5, 5)


@check("views share memory")
def _():
    base = torch.zeros(4, 4, device=CUDA)
    base[0].add_(1)
    base.view(-1)[5] = 2
    base.t()[3, 3] = 3
    base[torch.tensor([2])] = 4
    assert base.sum().item() == 4 + 2 + 3 + 16
    parameter = nn.Parameter(base)
    parameter.data = torch.ones(2, 2, device=CUDA)
    parameter.data.mul_(2)
    assert parameter.sum().item() == 8


@check("a model learns, in mixed precision")
def _():
    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 4)),
    ).to(CUDA)
    images, labels = torch.randn(16, 3, 8, 8, device=CUDA), torch.randint(0, 4, (16,), device=CUDA)
    for make in (torch.amp.GradScaler, torch.cuda.amp.GradScaler):
        scaler = make("cuda") if make is torch.amp.GradScaler else make()
        optimizer, losses = torch.optim.AdamW(model.parameters(), lr=1e-2), []
        for _ in range(6):
            with torch.autocast(device_type="cuda", dtype=torch.float16), torch.cuda.amp.autocast():
                out = model(images)
            loss = fn.cross_entropy(out.float(), labels)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            losses.append(loss.item())
        assert out.dtype is torch.float16 and losses[-1] < losses[0] and scaler.get_scale() > 0
    assert is_on_card(*(p.grad for p in model.parameters()))


@check("optimizers step")
def _():
    for kind in ("SGD", "Adam", "RMSprop", "Adagrad", "Adamax", "NAdam", "AdamW"):
        model = nn.Linear(8, 2, device="cuda")
        before = model.weight.detach().clone()
        optimizer = getattr(torch.optim, kind)(
            model.parameters(), lr=0.1, **({"fused": True} if kind == "AdamW" else {})
        )
        model(on_card).sum().backward()
        optimizer.step()
        assert not torch.equal(before, model.weight)


@check("recurrent layers give what the CPU gives")
def _():
    for kind in (nn.LSTM, nn.GRU, nn.RNN):
        layer = kind(8, 6, num_layers=2, batch_first=True, bidirectional=True)
        other = copy.deepcopy(layer).cuda()
        series = torch.randn(2, 5, 8, requires_grad=True)
        moved = series.detach().cuda().requires_grad_()
        layer(series)[0].square().sum().backward()
        other(moved)[0].square().sum().backward()
        assert same(series.grad, moved.grad) and same(layer.weight_hh_l1.grad, other.weight_hh_l1.grad)
    packed = nn.utils.rnn.pack_padded_sequence(moved, torch.tensor([5, 3]), batch_first=True)
    padded, lengths = nn.utils.rnn.pad_packed_sequence(nn.LSTM(8, 6, batch_first=True).cuda()(packed)[0])
    assert is_on_card(padded) and not lengths.is_cuda


@check("attention, checkpointing, transforms and higher gradients")
def _():
    query = torch.randn(2, 2, 5, 4, device=CUDA, requires_grad=True)
    fn.scaled_dot_product_attention(query, query, query, is_causal=True).sum().backward()
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).cuda()
    layer(on_card.unsqueeze(0)).sum().backward()
    layer.eval()(on_card.unsqueeze(0))
    for reentrant in (True, False):
        given = on_card.clone().requires_grad_()
        torch.utils.checkpoint.checkpoint(nn.Linear(8, 8).cuda(), given, use_reentrant=reentrant).sum().backward()
        assert is_on_card(given.grad)
    assert is_on_card(torch.func.vmap(torch.sum)(on_card), torch.func.grad(lambda t: t.square().sum())(on_card))
    given = on_card.clone().requires_grad_()
    (first,) = torch.autograd.grad(given.pow(3).sum(), given, create_graph=True)
    assert same(torch.autograd.grad(first.sum(), given)[0], 6 * rows)


@check("saved, loaded and copied")
def _():
    model = nn.Linear(8, 2).cuda()
    file = io.BytesIO()
    torch.save({"rows": on_card, "model": model.state_dict()}, file)
    for place, kind in ((None, "cuda"), ("cpu", "cpu"), ("cuda", "cuda"), (torch.device("cuda:0"), "cuda")):
        file.seek(0)
        loaded = torch.load(file, map_location=place)
        assert loaded["rows"].device.type == kind and same(loaded["rows"], rows)
        assert loaded["model"]["weight"].device.type == kind
    copied = copy.deepcopy(model)
    copied.weight.data.zero_()
    assert is_on_card(copied.weight) and not same(copied.weight, model.weight)


@check("random numbers can be repeated")
def _():
    generator = torch.Generator(device="cuda").manual_seed(3)
    first = torch.randn(3, device=CUDA, generator=generator)
    assert same(first, torch.randn(3, device=CUDA, generator=generator.manual_seed(3)))
    assert isinstance(generator, torch.Generator) and isinstance(torch.default_generator, torch.Generator)
    state = torch.cuda.get_rng_state()
    first = torch.rand(3, device=CUDA)
    torch.cuda.set_rng_state(state)
    assert same(first, torch.rand(3, device=CUDA))
    torch.cuda.manual_seed_all(1)
    torch.manual_seed(1)
    del generator
    with raises(RuntimeError, "Expected a 'cuda' device type for generator"):
        torch.randn(3, device=CUDA, generator=torch.Generator())


@check("losses with lengths on the CPU")
def _():
    scores = torch.randn(5, 2, 4).log_softmax(-1)
    labels, lengths = torch.ones(2, 3, dtype=torch.long), (torch.tensor([5, 5]), torch.tensor([3, 3]))
    assert same(fn.ctc_loss(scores.cuda(), labels.cuda(), *lengths), fn.ctc_loss(scores, labels, *lengths))


@check("tools that watch a card")
def _():
    cpu, card = torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA
    for activities in ([cpu, card], [card]):
        with torch.profiler.profile(activities=activities, with_flops=True), torch.cuda.nvtx.range("step"):
            on_card @ on_card.T
    assert torch.cuda.utilization() == 0


@check("not served: sparse tensors")
def _():
    for use in (on_card.to_sparse, lambda: rows.to_sparse().cuda()):
        with raises(NotImplementedError, "requires a GPU"):
            use()


@check("streams and events")
def _():
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        on_card + 1
    torch.cuda.current_stream().wait_stream(stream)
    on_card.record_stream(stream)
    end.record()
    end.synchronize()
    assert begin.elapsed_time(end) >= 0
    with raises(RuntimeError, "requires a GPU"):
        torch.cuda.CUDAGraph()


@check("loaders pin")
def _():
    data = torch.utils.data.TensorDataset(rows, torch.arange(4))
    for batch, labels in torch.utils.data.DataLoader(data, batch_size=2, pin_memory=True, num_workers=1):
        assert batch.is_pinned() and is_on_card(batch.to("cuda", non_blocking=True), labels.cuda())
    assert rows.pin_memory().is_pinned() and not rows.is_pinned()


@check("several devices and compiling")
def _():
    model = nn.DataParallel(nn.Linear(8, 2).cuda())
    model(rows).sum().backward()
    assert is_on_card(model.module.weight.grad, torch.compile(model)(on_card))
    torch.distributed.init_process_group("nccl", init_method="tcp://127.0.0.1:0", rank=0, world_size=1)
    total = torch.ones(2, device=CUDA)
    torch.distributed.all_reduce(total)
    torch.distributed.destroy_process_group()
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = True


@check("half precision without a CPU kernel")
def _():
    half = on_card.half()
    assert torch.linalg.norm(half).dtype is torch.float16
    assert same(torch.cdist(half.float(), half.float()), torch.cdist(rows.half().float(), rows.half().float()))
    assert fn.interpolate(half.view(1, 1, 4, 8), scale_factor=2).dtype is torch.float16


@check("refused: tensors of two devices")
def _():
    for mistake in (
        lambda: nn.Linear(8, 2).cuda()(rows),
        lambda: nn.Linear(8, 2)(on_card),
        lambda: rows + on_card,
        lambda: torch.cat([rows, on_card]),
        lambda: fn.cross_entropy(on_card, torch.zeros(4, dtype=torch.long)),
        lambda: nn.Embedding(3, 2).cuda()(torch.tensor([1, 2])),
        lambda: on_card.masked_fill(rows > 0, 0.0),
    ):
        with raises(RuntimeError, "Expected all tensors to be on the same device"):
            mistake()
    with raises(RuntimeError, "indices should be either on cpu"):
        rows[torch.tensor([0], device=CUDA)]
    assert is_on_card(on_card * torch.tensor(2.0), on_card[torch.tensor([0, 1])], on_card[rows > 0])


@check("refused: numpy of a tensor on the card")
def _():
    with raises(TypeError, "can't convert cuda:0 device type tensor to numpy"):
        on_card.numpy()
    assert on_card.cpu().numpy().shape == (4, 8) and isinstance(on_card.sum().item(), float)


@check("refused: unscaling float16 gradients")
def _():
    model = nn.Linear(8, 2).cuda().half()
    optimizer, scaler = torch.optim.SGD(model.parameters(), lr=0.1), torch.amp.GradScaler("cuda")
    scaler.scale(model(on_card.half()).sum()).backward()
    with raises(ValueError, "Attempting to unscale FP16 gradients."):
        scaler.unscale_(optimizer)


@check("refused: the card in a forked worker")
def _():
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(on_card), num_workers=1)
    with raises(RuntimeError, "Cannot re-initialize CUDA in forked subprocess"):
        next(iter(loader))
