"""The same memory under another device's name: a CPU tensor as `cuda:0` and back, without a copy."""

import ctypes

import torch

CPU, CUDA = 1, 2  # DLDeviceType
_DEVICE_OFFSET = ctypes.sizeof(ctypes.c_void_p)  # behind the data pointer of a DLTensor

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_to_dlpack = torch._C._to_dlpack
_from_dlpack = torch._C._from_dlpack
_device = ctypes.c_int32.from_address


def relabel(tensor, device):
    """Return `tensor`, which must be dense, with its memory named as of `device` (CPU or CUDA); about 2 µs."""
    capsule = _to_dlpack(tensor)
    _device(_pointer(capsule, b"dltensor") + _DEVICE_OFFSET).value = device
    return _from_dlpack(capsule)


_state = {"used": False}


def to_cuda(tensor):
    """Name a CPU tensor `cuda:0`."""
    _state["used"] = True
    return relabel(tensor, CUDA)


def used():
    """Whether this process has had a tensor on the card."""
    return _state["used"]


def forget():
    """What was used so far was ours."""
    _state["used"] = False


def refuse(message):
    """From now on every use of the card raises `message`."""
    global _to_dlpack

    def refused(tensor):
        raise RuntimeError(message)

    _to_dlpack = refused
