"""Loads what accompanies an experiment into every Python process of a stage that inherits PYTHONPATH, or that runs in
the environment that was made for it.

This folder holds nothing else, so that nothing else of ours can be imported by accident. The instruments lie beside it
and get top-level names that no submission has. Standard library only; what goes wrong here is swallowed, the experiment
must never notice.
"""

import os
import sys

_SWITCHES = {
    "device": ("SANDBOX_REVIEW_DEVICE", "SANDBOX_REVIEW_TORCHVISION"),
    "downloads": ("SANDBOX_REVIEW_DOWNLOADS",),
    "probe": ("SANDBOX_REVIEW_EVENTS",),
    "cut": ("SANDBOX_REVIEW_CUT",),
}
"""Instrument -> environment variables, any of which switches it on; in the order in which their hooks are to run."""


def _load(package):
    import importlib.util

    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), package)
    name = "_sandbox_review_" + package
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _start():
    wanted = [name for name, switches in _SWITCHES.items() if any(map(os.environ.get, switches))]
    if not wanted:
        return
    hooks = _load("hooks")
    for name in wanted:
        try:
            _load(name).start(hooks.around_import)
        except Exception:  # noqa: BLE001 - one instrument less
            pass


def _run_shadowed():
    """Python imports one sitecustomize only; run the one that ours hides."""
    import importlib.machinery

    here = os.path.dirname(os.path.abspath(__file__))
    rest = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        import importlib.util

        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if __name__ == "sitecustomize":
    try:
        _start()
    except Exception:  # noqa: BLE001 - the experiment must never notice
        pass
    _run_shadowed()
