"""What torch's C++ library must be told before it handles CUDA tensors in a build without CUDA.

Two things are missing in a CPU build: a device guard for CUDA (who is the current device?), and "yes" as the answer to
"is CUDA there?", which autograd asks before it runs on the device. There is no Python interface to either, so both are
set in memory, through exported symbols; everything is checked by using it, and put back where it does not work.
"""

import contextlib
import ctypes
import os

# c10::DeviceType, part of torch's binary interface.
_CUDA, _LAZY, _TYPES = 1, 17, 20
_HOOK_SLOTS = range(2, 16)
_TABLE_WORDS = 52


class NotServed(Exception):  # noqa: N818 - an answer, not a mistake
    """This build of torch does not have what the stand-in needs."""


def enable_cuda_tensors(torch):
    """Make torch accept tensors of device `cuda:0`; NotServed if this build does not."""
    libraries = os.path.join(os.path.dirname(torch.__file__), "lib")
    try:
        core = ctypes.CDLL(os.path.join(libraries, "libc10.so"))
        cpu = ctypes.CDLL(os.path.join(libraries, "libtorch_cpu.so"))
        _set_device_guard(torch, core)
        hooks = _Hooks(cpu)
    except (OSError, AttributeError, ValueError) as error:
        raise NotServed(str(error)) from error
    return hooks


def _set_device_guard(torch, core):
    """Let torch install its own guard that does nothing.

    It does so itself for a CUDA build without a card, which it tells by a guard that counts no devices. The one of the
    lazy backend is such a guard.
    """
    guards = (ctypes.c_void_p * (_TYPES + 1)).in_dll(core, "_ZN3c104impl26device_guard_impl_registryE")
    if guards[_CUDA]:
        raise NotServed("there is a CUDA device guard already")
    if not guards[_LAZY]:
        raise NotServed("no guard to start from")
    guards[_CUDA] = guards[_LAZY]
    torch._C._ensureCUDADeviceGuardSet()
    if guards[_CUDA] == guards[_LAZY]:
        guards[_CUDA] = None
        raise NotServed("torch did not install a CUDA device guard")


class _Hooks:
    """The object that libtorch_cpu asks about CUDA, with a copy of its table of functions that can be changed."""

    def __init__(self, cpu):
        get = cpu._ZN2at6detail12getCUDAHooksEv
        get.restype = ctypes.c_void_p
        self._object = ctypes.c_void_p.from_address(get())
        self._original = self._object.value
        # Two words before the table belong to it: the offset to top and the type. Never freed: the object outlives
        # the interpreter and is asked until the process has ended.
        words = ctypes.c_void_p * _TABLE_WORDS
        allocate = ctypes.pythonapi.PyMem_RawMalloc
        allocate.restype, allocate.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        self._table = words.from_address(allocate(ctypes.sizeof(words)))
        ctypes.memmove(self._table, self._original - 16, ctypes.sizeof(words))
        # Ignores its arguments, needs no lock, returns 1 for as long as there is somebody to ask.
        self._yes = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, ctypes.c_void_p).value
        self._object.value = ctypes.addressof(self._table) + 16

    def answer_yes(self, works):
        """Find the one function for which answering yes makes `works()` true, and leave it so.

        Where a function stands in the table differs between versions of torch. `works` must ask nothing but that one.
        """
        for slot in _HOOK_SLOTS:
            place = slot + 2
            original = self._table[place]
            if original == self._yes:
                continue
            self._table[place] = self._yes
            with contextlib.suppress(Exception):
                if works():
                    return
            self._table[place] = original
        raise NotServed("torch has no function to answer for")

    def restore(self):
        """Put the original table back."""
        self._object.value = self._original


def answer_for_cuda(torch, hooks):
    """Answer the two questions of the autograd engine: whether CUDA is there, and whether its device is in use."""

    def has_accelerator():
        found = torch._C._accelerator_getAccelerator()
        return found is not None and found.type == "cuda"

    try:
        if not has_accelerator():
            hooks.answer_yes(has_accelerator)
    except NotServed:
        hooks.restore()
        raise
    # Asked by conversions to the old tensor types; they fail by themselves where it cannot be answered.
    with contextlib.suppress(NotServed):
        hooks.answer_yes(lambda: torch.zeros(1).type("torch.cuda.FloatTensor").is_cuda)
    _answer_before_first_backward(torch, hooks)


def _answer_before_first_backward(torch, hooks):
    """The second question is asked when a backward pass starts, so its place is found when the first one does.

    Not earlier: the pass starts threads, which wait for torch's import, and a child forked after it can not run one.
    """
    graph = torch.autograd.graph
    original = graph._engine_run_backward

    def run(*args, **kwargs):
        graph._engine_run_backward = torch.autograd._engine_run_backward = original
        _answer_for_context(torch, hooks, original)
        return original(*args, **kwargs)

    graph._engine_run_backward = torch.autograd._engine_run_backward = run


def _answer_for_context(torch, hooks, run_backward):
    def backward_runs():
        with torch.enable_grad():
            leaf = torch.ones(1, device="cuda:0", requires_grad=True)
            root = leaf * 2
        run_backward((root,), (torch.ones(1, device="cuda:0"),), False, False, (), True, accumulate_grad=True)
        return leaf.grad is not None

    try:
        backward_runs()
    except RuntimeError:
        try:
            hooks.answer_yes(backward_runs)
        except NotServed as error:
            raise RuntimeError("the backward pass of tensors on cuda requires a GPU") from error
