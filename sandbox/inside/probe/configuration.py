"""Hydra's configuration as the task function gets it, and which leaves of any OmegaConf container the code reads.

A read counts unless OmegaConf, Hydra, wandb or something that copies or prints makes it. What is turned into plain
containers or text as a whole is told apart: what becomes of it cannot be seen.
"""

import re
import sys

from .calls import inside
from .channel import channel
from .places import place
from .quiet import quietly, replace
from .studies import search

MAX_TEXT = 60_000
MAX_READS = 3000
MAX_WHOLE = 200
_NOT_READERS = {
    *("omegaconf", "hydra", "wandb", "antlr4", "copy", "pickle", "pprint", "json", "yaml", "logging", "rich"),
    *("_sandbox_review_probe", "_sandbox_review_device", "_sandbox_review_downloads", "collections"),
}
_OWN_RESOLVER = re.compile(r"\$\{(?!oc\.|now:|hydra:|env:)[\w.]+:")
"""An interpolation by a function of the submission's: calling it once more might change something."""
_readers: dict = {}
_reads: set = set()
_whole: set = set()


def watch_reads():
    """Attach to OmegaConf."""
    from omegaconf import DictConfig, ListConfig, OmegaConf

    channel().resets.extend((_reads.clear, _whole.clear))
    for name in ("__getattr__", "__getitem__", "get"):
        replace(DictConfig, name, lambda original: _reading(original, DictConfig, ListConfig))
    for name in ("__setattr__", "__setitem__"):
        replace(DictConfig, name, _writing)
    for name in ("__getitem__", "__iter__", "get"):
        replace(ListConfig, name, _reading_list)
    replace(DictConfig, "items", _reading_items)
    replace(OmegaConf, "select", lambda original: _selecting(original, DictConfig, ListConfig))
    for name in ("to_container", "to_yaml", "to_object", "save"):
        replace(OmegaConf, name, _converting)
    for name in ("__str__", "__repr__"):
        replace(DictConfig.__mro__[1], name, _converting)


def watch_jobs():
    """Attach to hydra.main: what a task function is called with."""
    from hydra.core import utils

    def make(original):
        def run_job(task_function, *args, **kwargs):
            def task(config):
                _got(config)
                return task_function(config)

            return original(_like(task, task_function), *args, **kwargs)

        return run_job

    replace(utils, "run_job", make)


def watch_compose():
    """Attach to Hydra's compose()."""
    module = sys.modules["hydra.compose"]

    def make(original):
        def compose(*args, **kwargs):
            config = original(*args, **kwargs)
            _got(config)
            return config

        return compose

    replace(module, "compose", make)


def watch_instantiate():
    """Attach to hydra.utils.instantiate, which reads all of what it is given."""
    module = sys.modules["hydra._internal.instantiate._instantiate2"]
    replace(module, "instantiate", _converting)


def _like(function, original):
    import functools

    return functools.wraps(original)(function)


@quietly
def _got(config):
    from omegaconf import OmegaConf

    was, inside.own = inside.own, True
    try:
        text = OmegaConf.to_yaml(config, resolve=False)
        if not _OWN_RESOLVER.search(text):
            try:
                text = OmegaConf.to_yaml(config, resolve=True)
            except Exception:  # noqa: BLE001 - something cannot be resolved; then as it stands
                pass
    finally:
        inside.own = was
    channel().send("config", resolved=text[:MAX_TEXT], at=place())


def _reading(original, mapping, sequence):
    def read(self, key, *args, **kwargs):
        value = original(self, key, *args, **kwargs)
        if not inside.own and not isinstance(value, mapping) and _reads_for_itself(sys._getframe(1)):
            _note_read(self, key)
            if search.written:
                _note_value(self, key, value)
        return value

    return read


def _writing(original):
    def write(self, key, value):
        original(self, key, value)
        if search.values and not inside.own:
            _note_written(self, key, value)

    return write


def _reading_list(original):
    def read(self, *args, **kwargs):
        if not inside.own and _reads_for_itself(sys._getframe(1)):
            _note_read(self, None)
        return original(self, *args, **kwargs)

    return read


def _reading_items(original):
    def items(self):
        if not inside.own and _reads_for_itself(sys._getframe(1)):
            _note_whole(self)
        return original(self)

    return items


def _selecting(original, mapping, sequence):
    def select(cfg, key, *args, **kwargs):
        value = original(cfg, key, *args, **kwargs)
        if not inside.own and not isinstance(value, mapping) and _reads_for_itself(sys._getframe(1)):
            _note_read(cfg, key)
            if search.written:
                _note_value(cfg, key, value)
        return value

    return select


def _converting(original):
    def convert(cfg, *args, **kwargs):
        if not inside.own and hasattr(cfg, "_metadata") and _reads_for_itself(sys._getframe(1)):
            _note_whole(cfg)
        return original(cfg, *args, **kwargs)

    return convert


def _reads_for_itself(frame):
    name = frame.f_code.co_filename
    known = _readers.get(name)
    if known is None:
        module = frame.f_globals.get("__name__", "") or ""
        known = _readers[name] = module.partition(".")[0] not in _NOT_READERS
    return known


@quietly
def _note_read(node, key):
    full = _full_key(node, key)
    if not full or full in _reads:
        return
    if len(_reads) >= MAX_READS:
        channel().cut("configurations")
        return
    _reads.add(full)
    channel().send("read", key=full)


@quietly
def _note_value(node, key, value):
    search.read(_full_key(node, key), value)


@quietly
def _note_written(node, key, value):
    search.wrote(_full_key(node, key), value, place())


@quietly
def _note_whole(node):
    key, at = _full_key(node, None), place()
    mark = (key, tuple(at or ()))
    if mark in _whole:
        return
    if len(_whole) >= MAX_WHOLE:
        channel().cut("configurations")
        return
    _whole.add(mark)
    channel().send("read_whole", key=key, at=at)


def _full_key(node, key):
    """Key of `key` in `node` from its root, written as OmegaConf does: a.b[0].c; of `node` itself where it is None."""
    full = "" if key is None else "." + str(key)
    for _ in range(50):
        data = node.__dict__
        name, node = data["_metadata"].key, data["_parent"]
        if name is None or node is None:
            break
        full = ("[%d]" % name if isinstance(name, int) else "." + str(name)) + full
    return full.lstrip(".")[:300]
