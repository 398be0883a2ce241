"""What a process asks of the wandb package: runs, logins, the API, keys logged and keys of the summary."""

import inspect
import math
import os

from .calls import inside
from .channel import channel
from .places import place
from .quiet import quietly, replace
from .studies import search

MAX_KEYS = 500
_keys: dict = {"wandb_keys": set(), "wandb_summary": set()}
_bad: set = set()
_FIELDS = ("mode", "entity", "project", "id")


def watch():
    """Attach to wandb, once all of it is imported."""
    import wandb

    channel().resets.append(lambda: [known.clear() for known in (*_keys.values(), _bad)])
    replace(wandb, "init", lambda original: _init(original, wandb))
    replace(wandb, "login", lambda original: _calling(original, "login"))
    if isinstance(getattr(wandb, "Api", None), type):
        replace(wandb.Api, "__init__", lambda original: _calling(original, "api"))
    from wandb.sdk import wandb_run, wandb_summary
    from wandb.sdk.lib import disabled

    replace(wandb_run.Run, "log", _log)
    replace(wandb_summary.SummaryDict, "__setitem__", _set_item)
    replace(wandb_summary.SummaryDict, "update", _update)
    summary = getattr(disabled, "SummaryDisabled", None)
    if summary is not None and "__setitem__" not in vars(summary):
        for name, make in (("__setitem__", _set_item), ("update", _update)):
            setattr(summary, name, make(getattr(dict, name)))


def _init(original, wandb):
    signature = inspect.signature(original)

    def init(*args, **kwargs):
        _initialised(signature, args, kwargs)
        run = original(*args, **kwargs)
        log = getattr(run, "__dict__", {}).get("log")  # a disabled run has one of its own
        if log is not None and not getattr(log, "_sandbox_review", False):
            replace(run, "log", _log_of_disabled)
            if wandb.log is log:
                wandb.log = run.log
        return run

    return init


def _calling(original, call):
    def called(*args, **kwargs):
        _called(call)
        return original(*args, **kwargs)

    return called


def _log(original):
    def log(self, data, *args, **kwargs):
        _logged(data)
        if search.running:
            _logged_in_search(self)
        return original(self, data, *args, **kwargs)

    return log


def _log_of_disabled(original):
    def log(data, *args, **kwargs):
        _logged(data)
        was, inside.own = inside.own, True
        try:
            return original(data, *args, **kwargs)
        finally:
            inside.own = was

    return log


def _set_item(original):
    def __setitem__(self, key, value):  # noqa: N807
        _note("wandb_summary", {key: value})
        return original(self, key, value)

    return __setitem__


def _update(original):
    def update(self, *args, **kwargs):
        _note("wandb_summary", args[0] if args and isinstance(args[0], dict) else kwargs)
        return original(self, *args, **kwargs)

    return update


@quietly
def _initialised(signature, args, kwargs):
    given = signature.bind_partial(*args, **kwargs).arguments
    settings = given.get("settings")
    values = {}
    for name in _FIELDS:
        known_as = "run_id" if name == "id" else name
        of_settings = _of_settings(settings, known_as)
        value = given.get(name) or of_settings or os.environ.get("WANDB_" + known_as.upper())
        values[name] = str(value)[:200] if value else ""
    if os.environ.get("WANDB_DISABLED", "").lower() in ("true", "1") and not values["mode"]:
        values["mode"] = "disabled"
    channel().send("wandb", call="init", at=place(), searching=bool(search.running), **values)


def _of_settings(settings, name):
    """What settings given to init say: a dictionary, or a Settings object, of which only what was set counts."""
    if isinstance(settings, dict):
        return settings.get(name)
    value = getattr(settings, name, None)
    given = getattr(settings, "model_fields_set", None)
    if given is not None:
        return value if name in given else None
    # Older objects do not tell a default from what was set; the only default among these is this mode.
    return None if value == "online" else value


@quietly
def _called(call):
    at = place()
    if call != "login" or at is not None:
        channel().send("wandb", call=call, at=at, mode=os.environ.get("WANDB_MODE", ""))


@quietly
def _logged(data):
    _note("wandb_keys", data)


@quietly
def _logged_in_search(run):
    settings = getattr(run, "_settings", None)
    if getattr(settings, "_noop", False) or getattr(settings, "mode", "") == "disabled" or inside.own:
        return
    if search.running and "wandb" not in search.told:
        search.told.add("wandb")
        channel().send("wandb_searched", at=place())


@quietly
def _note(kind, data):
    if inside.own or not isinstance(data, dict):
        return
    known = _keys[kind]
    new = [str(key)[:100] for key in data if str(key)[:100] not in known]
    if new and len(known) + len(new) > MAX_KEYS:
        new = new[: MAX_KEYS - len(known)]
        channel().cut(kind)
    if new:
        known.update(new)
        channel().send(kind, keys=new)
    for key, value in data.items():
        if isinstance(value, float) and math.isnan(value) and key not in _bad and len(_bad) < 100:
            _bad.add(key)
            channel().send("not_a_number", key=str(key)[:100], text=str(value), at=place())
