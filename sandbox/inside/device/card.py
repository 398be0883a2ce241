"""The one card there is: the functions of torch's C++ module that a CPU build lacks, over which torch.cuda is written.

torch.cuda itself stays as it is, so what it checks and raises is the real thing.
"""

import os
import sys

from . import memory
from .served import served

_DEFAULT = "NVIDIA A100-SXM4-80GB|79.25|8.0|108"
_provided: list = []


class Properties:
    """What torch.cuda.get_device_properties() answers."""

    def __init__(self, words):
        name, gib, capability, processors = (words.split("|") + _DEFAULT.split("|")[words.count("|") + 1 :])[:4]
        self.name = name
        self.total_memory = int(float(gib) * (1 << 30))
        self.major, self.minor = (int(part) for part in capability.split("."))
        self.multi_processor_count = int(processors)
        self.is_integrated = self.is_multi_gpu_board = 0
        self.max_threads_per_multi_processor = 2048
        self.max_threads_per_block = 1024
        self.shared_memory_per_block = 48 << 10
        self.shared_memory_per_block_optin = 163 << 10
        self.shared_memory_per_multiprocessor = 164 << 10
        self.regs_per_multiprocessor = 65536
        self.warp_size = 32
        self.L2_cache_size = 40 << 20
        self.clock_rate = 1410000
        self.memory_clock_rate = 1593000
        self.memory_bus_width = 5120
        self.gcnArchName = name
        self.pci_bus_id = self.pci_device_id = self.pci_domain_id = 0
        self.uuid = "00000000-0000-0000-0000-000000000000"

    def __repr__(self):
        return "_CudaDeviceProperties(name='%s', major=%d, minor=%d, total_memory=%dMB, multi_processor_count=%d)" % (
            self.name,
            self.major,
            self.minor,
            self.total_memory >> 20,
            self.multi_processor_count,
        )


class _Runtime:
    """The part of the CUDA runtime library that torch.cuda.cudart() is asked for."""

    class cudaError:  # noqa: N801 - its name in the runtime
        success = 0

    def cudaMemGetInfo(self, device):  # noqa: N802
        served("torch.cuda.mem_get_info")
        return memory.free_and_total()

    def cudaGetErrorString(self, code):  # noqa: N802
        return "error %s" % code

    def __getattr__(self, name):
        if not name.startswith("cuda"):
            raise AttributeError(name)
        return lambda *args, **kwargs: 0


def provide(torch):
    """Add the functions to torch._C and point torch.cuda at them."""
    properties = Properties(os.environ.get("SANDBOX_REVIEW_DEVICE_CARD") or _DEFAULT)
    memory.start(properties.total_memory)
    for name, function in _functions(properties).items():
        if not hasattr(torch._C, name):
            setattr(torch._C, name, _counted(name, function))
            _provided.append(name)
    cuda = torch.cuda
    cuda._exchange_device = torch._C._cuda_exchangeDevice
    cuda._maybe_exchange_device = torch._C._cuda_maybeExchangeDevice
    cuda._cudart = _Runtime()
    cuda._get_device_properties = lambda index: properties
    cuda.default_generators = (torch.default_generator,)
    # The version's warnings about a card that this build has no code for are of no use here.
    cuda._queued_calls.clear()
    _answers_by_driver(cuda)
    cuda.init()
    os.register_at_fork(after_in_child=lambda: _after_fork(torch))


def withdraw(torch):
    """Take the functions away: torch is a CPU build again."""
    for name in _provided:
        delattr(torch._C, name)
    torch.cuda._initialized = False
    torch.cuda.default_generators = ()


def _counted(name, function):
    label = "torch.cuda." + name.replace("_cuda_", "")

    def call(*args, **kwargs):
        served(label)
        return function(*args, **kwargs)

    call.__name__ = name
    return call


def _functions(properties):
    def constant(value):
        return lambda *args, **kwargs: value

    def only_card(index):
        if index not in (0, -1):
            raise RuntimeError("CUDA error: invalid device ordinal")

    def exchange(index):
        only_card(index)
        return 0

    return {
        "_cuda_getDeviceCount": lambda: 0 if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1") else 1,
        "_cuda_getDevice": constant(0),
        "_cuda_setDevice": only_card,
        "_cuda_exchangeDevice": exchange,
        "_cuda_maybeExchangeDevice": exchange,
        "_cuda_init": constant(None),
        "_cuda_isInBadFork": lambda: _forked["bad"],
        "_cuda_synchronize": constant(None),
        "_cuda_sleep": constant(None),
        "_cuda_emptyCache": constant(None),
        "_cuda_ipc_collect": constant(None),
        "_cuda_memoryStats": lambda index: memory.statistics(),
        "_cuda_hostMemoryStats": lambda *args: {},
        "_cuda_resetPeakMemoryStats": lambda index: memory.reset_peak(),
        "_cuda_resetAccumulatedMemoryStats": constant(None),
        "_cuda_memorySnapshot": lambda *args: {"segments": [], "device_traces": [[]], "allocator_settings": {}},
        "_cuda_record_memory_history": constant(None),
        "_cuda_record_memory_history_legacy": constant(None),
        "_cuda_setMemoryFraction": constant(None),
        "_cuda_getMemoryFraction": constant(1.0),
        "_cuda_getAllocatorBackend": constant("native"),
        "_cuda_getCurrentStream": lambda index: (0, 0, 1),
        "_cuda_getDefaultStream": lambda index: (0, 0, 1),
        "_cuda_getCurrentRawStream": constant(0),
        "_cuda_setStream": constant(None),
        "_cuda_getCurrentBlasHandle": constant(0),
        "_cuda_getArchFlags": constant("sm_%d%d" % (properties.major, properties.minor)),
        "_cuda_canDeviceAccessPeer": constant(False),
        "_cuda_hasPrimaryContext": constant(True),
        "_cuda_getCompiledVersion": constant(12080),
        "_cuda_getDriverVersion": constant(12080),
        "_cuda_set_sync_debug_mode": constant(None),
        "_cuda_get_sync_debug_mode": constant(0),
        "_cuda_isCurrentStreamCapturing": constant(False),
        "_cuda_clearCublasWorkspaces": constant(None),
    }


def _answers_by_driver(cuda):
    """What torch.cuda asks nvidia's management library, which is not there either."""
    answers = {"utilization": 0, "memory_usage": 0, "temperature": 40, "power_draw": 60000, "clock_rate": 1410}
    for name, value in answers.items():
        setattr(cuda, name, lambda device=None, value=value: value)


_forked = {"bad": False}


def _after_fork(torch):
    """A forked child of a process that used the card can not: torch.cuda says so, and so do the kernels."""
    relabel = sys.modules.get(__package__ + ".relabel")
    if relabel is not None and relabel.used():
        _forked["bad"] = True
        relabel.refuse(
            "Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, "
            "you must use the 'spawn' start method"
        )
