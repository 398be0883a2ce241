"""Every operator on `cuda` tensors, run by the CPU: one kernel for torch's CUDA dispatch key.

Below autograd and autocast, so those work as on a card. An operator that only changes how memory is seen runs on the
tensor as it is; every other one gets its tensors under the name of the CPU, and its results are named `cuda` again.
"""

import warnings
from functools import partial
from inspect import signature

import torch

from .mixing import Mixing
from .precision import any_float16, in_float32, lacks_kernel, slow_in_float16
from .relabel import CPU, relabel, to_cuda
from .resizing import cannot_grow, into_new_memory, resize
from .served import served

Tensor = torch.Tensor
_CPU_DEVICE = torch.device("cpu")
_CPU_KERNELS = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)
# Newer versions want to hear that a kernel is replaced on purpose.
_OVERRIDE = {"allow_override": True} if "allow_override" in signature(torch.library.Library.impl).parameters else {}
_libraries: list = []  # a library takes its kernels with it when it is freed
_kernels: dict = {}


def register():
    """Register the kernels; about 0.2 s, once a process."""
    fallback = torch.library.Library("_", "IMPL")
    fallback.fallback(_run, "CUDA")
    for other in ("SparseCUDA", "SparseCsrCUDA", "QuantizedCUDA"):
        fallback.fallback(_refuse, other)
    _libraries.append(fallback)
    register_namespace("aten")
    register_kernel("aten", "_pack_padded_sequence", _pack)
    register_kernel("aten", "resize_", resize)
    for name in torch._C._dispatch_get_all_op_names():
        if name.startswith(("aten::_use_cudnn_ctc", "aten::_use_miopen_ctc")):
            register_kernel("aten", name.partition("::")[2], lambda *args: False)


def register_namespace(namespace):
    """Take over the operators of `namespace` that have a kernel for any device, written for real cards.

    Those never reach the fallback, and in C++ they go straight to code for CUDA that this build does not have.
    """
    library = torch.library.Library(namespace, "IMPL")
    _libraries.append(library)
    for name in torch._C._dispatch_get_all_op_names():
        if name.startswith(namespace + "::") and _needs_kernel(name):
            op = _operator(name)
            if op is not None and not _is_view(op):
                _implement(library, op._name, kernel_of(op))


def register_kernel(library_name, name, function):
    """Serve one operator by `function` on `cuda` tensors."""
    library = torch.library.Library(library_name, "IMPL")
    _libraries.append(library)
    _implement(library, name, function)


def _implement(library, name, function):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says, in the experiment's output, that a kernel is replaced
        library.impl(name, function, "CUDA", **_OVERRIDE)


def _needs_kernel(name):
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    if has(name, "CompositeImplicitAutograd"):
        return False
    return has(name, "CompositeExplicitAutograd") or has(name, "CompositeExplicitAutogradNonFunctional")


def _operator(name):
    namespace, _, rest = name.partition("::")
    base, _, overload = rest.partition(".")
    try:
        return getattr(getattr(getattr(torch.ops, namespace), base), overload or "default")
    except (AttributeError, RuntimeError):
        return None  # an operator without a Python face, for mobile builds


def _is_view(op):
    return any(a.alias_info is not None and not a.alias_info.is_write for a in op._schema.arguments)


def _refuse(op, *args, **kwargs):
    raise NotImplementedError("%s of a sparse or quantized tensor on cuda requires a GPU" % op._schema.name)


def _run(op, *args, **kwargs):
    kernel = _kernels.get(op)
    if kernel is None:
        kernel = _kernels[op] = kernel_of(op)
    return kernel(*args, **kwargs)


def kernel_of(op):
    """Return the function that runs `op` for tensors named `cuda`."""
    if _is_view(op) or torch.Tag.inplace_view in op.tags or op._schema.name == "aten::set_":
        return _as_it_is(op)
    return _on_cpu(op)


def _as_it_is(op):
    redispatch, keys = op.redispatch, _CPU_KERNELS

    def kernel(*args, **kwargs):
        # These kernels touch shapes and strides only and take the device from their tensor.
        return redispatch(keys, *args, **kwargs)

    return kernel


def _on_cpu(op):
    results = _results_that_are_arguments(op._schema)
    mixing, slow = Mixing(op), slow_in_float16(op)
    generator_at = next((i for i, a in enumerate(op._schema.arguments) if a.name == "generator"), None)

    def kernel(*args, **kwargs):
        to_cuda = True
        if kwargs:
            device = kwargs.get("device")
            if device is not None and device.type != "cuda":
                to_cuda = False
        mixed = []
        low_args = [_lower(value, mixed) for value in args]
        low_kwargs = {name: _lower(value, mixed) for name, value in kwargs.items()}
        if mixed:
            mixing.check(args, kwargs, mixed)
        if generator_at is not None:
            mixing.check_generator(args, kwargs, generator_at)
        try:
            if slow and any_float16(low_args):
                out = in_float32(op, low_args, low_kwargs, results)
            else:
                out = op(*low_args, **low_kwargs)
        except NotImplementedError as error:
            raise NotImplementedError(_needs_gpu(op)) from error
        except RuntimeError as error:
            if lacks_kernel(error):
                out = in_float32(op, low_args, low_kwargs, results)
            elif results is not None and cannot_grow(error):
                out = into_new_memory(op, results, partial(_given, args, kwargs), low_args, low_kwargs)
            else:
                raise
        if results is not None:
            return _named_as_given(out, results, args, kwargs)
        return _raise_up(out) if to_cuda else out

    return kernel


def _needs_gpu(op):
    return "%s requires a GPU: no CPU kernel stands in for it" % op._schema.name


def _lower(value, mixed):
    if isinstance(value, Tensor):
        if value.is_cuda:
            return relabel(value, CPU)
        if value.dim():
            mixed.append(value)
        return value
    if isinstance(value, (list, tuple)):
        return [_lower(item, mixed) for item in value]
    if isinstance(value, torch.device) and value.type == "cuda":
        if value.index:
            raise RuntimeError("CUDA error: invalid device ordinal")
        return _CPU_DEVICE
    return value


def _raise_up(value):
    if isinstance(value, Tensor):
        if value.is_cuda:
            return value
        if value.layout is not torch.strided or value.is_quantized:
            raise NotImplementedError("a sparse or quantized tensor on cuda requires a GPU")
        served("tensors on cuda")
        return to_cuda(value)
    if isinstance(value, (list, tuple)):
        return type(value)([_raise_up(item) for item in value])
    return value


def _results_that_are_arguments(schema):
    """For each result the argument that it is: (position, name), None where it is new; None if all are."""
    written = {}
    for position, argument in enumerate(schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            for name in argument.alias_info.before_set:
                written[name] = (position, argument.name)
    found = []
    for result in schema.returns:
        names = result.alias_info.before_set if result.alias_info is not None else ()
        found.append(next((written[name] for name in names if name in written), None))
    return found if any(found) else None


def _named_as_given(out, results, args, kwargs):
    outs = out if len(results) > 1 else (out,)
    named = []
    for value, place in zip(outs, results, strict=True):
        if place is None:
            named.append(_raise_up(value))
        else:
            named.append(_given(args, kwargs, *place))
    return tuple(named) if len(results) > 1 else named[0]


def _given(args, kwargs, position, name):
    return args[position] if position < len(args) else kwargs[name]


def _pack(data, lengths, batch_first):
    """The one operator of torch whose second result stays on the CPU."""
    packed, sizes = torch.ops.aten._pack_padded_sequence.default(relabel(data, CPU), lengths, batch_first)
    return to_cuda(packed), sizes
