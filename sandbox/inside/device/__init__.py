"""The device stand-in: the name `cuda` served by the CPU, for machines without a GPU.

Tensors really are of device `cuda:0` for torch: their memory is ordinary memory, and a kernel registered for torch's
CUDA dispatch key runs each operator on the CPU. So devices that do not match, `.numpy()` on a tensor of the GPU, or
CUDA in a forked worker fail as they do on a real card, and code that is right runs. Loaded into every Python process
of a stage; does nothing until torch is imported, and nothing at all where torch has a CUDA of its own.

Standard library and the submission's own packages only. Whatever cannot be put in place is reported and left alone.

Whoever loads it gives this folder a top-level name that no submission has, `_sandbox_review_device`, without putting
the folder on the path, and calls start(); the import hooks are loaded before, as `_sandbox_review_hooks`.
"""

import os

from . import libraries
from .after_import import around_import
from .served import not_served, open_report


def start(_around_import=None):
    """Do what the environment asks for: see device_variables() and torchvision_variables() on the host's side."""
    report_folder = os.environ.get("SANDBOX_REVIEW_DEVICE_REPORT")
    if os.environ.get("SANDBOX_REVIEW_TORCHVISION") == "schemas":
        open_report(report_folder)
        install_torchvision_schemas()
    if os.environ.get("SANDBOX_REVIEW_DEVICE") == "standin":
        install(report_folder)


def install(report_folder=None):
    """Serve `cuda` from the CPU once torch is imported; what was served is written below `report_folder`."""
    open_report(report_folder)
    around_import("torch", after=_serve_cuda)
    libraries.watch()


def install_torchvision_schemas():
    """Let a torchvision wheel built for another torch be imported, in processes that import it."""
    from .torchvision import define_operators

    around_import("torchvision.extension", after=None, before=define_operators)


def _serve_cuda():
    import torch

    if torch.backends.cuda.is_built() or torch.version.hip:
        # A build for GPUs without a card fails in ways that are its own; only the CPU build is served.
        not_served("cuda", "torch is built for GPUs")
        return
    from . import devices

    devices.serve(torch)
