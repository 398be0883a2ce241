"""Counts what a Python process really does, for every process of a stage that inherits PYTHONPATH.

Counters live in a memory-mapped file of the host's: an increment is a plain memory write, and what was counted before a
kill is there after it. Nothing of the submission is replaced: torch's own hooks are used where it has them. Standard
library only; whatever goes wrong in here is swallowed, the experiment must never notice.
"""

import os
import sys

NAMES = (
    "processes",
    "forward",
    "backward",
    "optimizer_steps",
    "other_framework",
    "python_children",
)
_OTHER_FRAMEWORKS = ("jax", "tensorflow", "sklearn", "xgboost", "lightgbm", "mxnet", "paddle")


class _Counters:
    """One slot of 8 bytes per name, in a file of this process alone."""

    def __init__(self, folder):
        self._folder = folder
        self._open()
        os.register_at_fork(after_in_child=self._open)

    def _open(self):
        import mmap

        path = os.path.join(self._folder, "%d-%s.counters" % (os.getpid(), os.urandom(4).hex()))
        with open(path, "w+b") as file:
            file.truncate(8 * len(NAMES))
            self._slots = memoryview(mmap.mmap(file.fileno(), 8 * len(NAMES))).cast("q")
        self.add("processes")

    def add(self, name, amount=1):
        try:
            self._slots[NAMES.index(name)] += amount
        except Exception:  # noqa: BLE001 - the experiment must never notice
            pass


def _watch_torch(counters):
    import torch
    from torch.nn.modules.module import register_module_forward_pre_hook
    from torch.optim.optimizer import register_optimizer_step_post_hook

    register_optimizer_step_post_hook(lambda *_: counters.add("optimizer_steps"))

    def first_forward(*_):
        # A global hook costs every module of every pass; one call is all that must be known.
        counters.add("forward")
        handle.remove()

    handle = register_module_forward_pre_hook(first_forward)
    engine = torch.autograd.backward

    def backward(*args, **kwargs):
        counters.add("backward")
        return engine(*args, **kwargs)

    backward.__wrapped__ = engine
    torch.autograd.backward = backward


class _AfterImport:
    """Runs a function once a module has been imported, by wrapping that one module's loader."""

    def __init__(self, actions):
        self._actions = actions
        self._busy = set()

    def find_spec(self, name, path=None, target=None):
        if name not in self._actions or name in self._busy:
            return None
        import importlib.util

        self._busy.add(name)  # the search below comes through here again
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._busy.discard(name)
        if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
            return spec
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            # Taken only now: libraries ask for a spec just to learn whether a package is there.
            action = self._actions.pop(name, None)
            try:
                if action is not None:
                    action()
            except Exception:  # noqa: BLE001 - the experiment must never notice
                pass

        spec.loader.exec_module = exec_module
        return spec


def _start(folder):
    counters = _Counters(folder)
    actions = {name: (lambda: counters.add("other_framework")) for name in _OTHER_FRAMEWORKS}
    actions["torch"] = lambda: _watch_torch(counters)
    sys.meta_path.insert(0, _AfterImport(actions))

    def audit(event, args):
        if event == "subprocess.Popen" and "python" in os.path.basename(str(args[0] or "")):
            counters.add("python_children")

    sys.addaudithook(audit)


def _start_device():
    """The device stand-in, under a name that no submission has, and without putting its folder on the path."""
    if not (os.environ.get("SANDBOX_REVIEW_DEVICE") or os.environ.get("SANDBOX_REVIEW_TORCHVISION")):
        return
    import importlib.util

    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "device")
    name = "_sandbox_review_device"
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    module.start()


def _run_shadowed():
    """Python imports one sitecustomize only; run the one that ours hides."""
    import importlib.machinery

    here = os.path.dirname(os.path.abspath(__file__))
    rest = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        import importlib.util

        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if __name__ == "sitecustomize":  # not where the host imports NAMES from
    try:
        if os.environ.get("SANDBOX_REVIEW_OBSERVE"):
            _start(os.environ["SANDBOX_REVIEW_OBSERVE"])
        _start_device()
    except Exception:  # noqa: BLE001 - the experiment must never notice
        pass
    _run_shadowed()
