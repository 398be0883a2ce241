"""In which mode a run is asked for: by the call, by settings of either form, by the environment."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.inside.probe import trackers


def settings(*was_set: str, **values: Any) -> SimpleNamespace:
    """As newer clients make it: an object that knows what was set."""
    return SimpleNamespace(model_fields_set=set(was_set), **values)


def init(project: Any = None, id: Any = None, mode: Any = None, settings: Any = None) -> None: ...


def told(monkeypatch: pytest.MonkeyPatch, **given: Any) -> dict[str, Any]:
    sent: list[dict[str, Any]] = []
    channel = SimpleNamespace(send=lambda kind, **values: sent.append(values))
    monkeypatch.setattr(trackers, "channel", lambda: channel)
    monkeypatch.setattr(trackers, "place", lambda: None)
    trackers._initialised(inspect.signature(init), (), given)
    return sent[0]


@pytest.mark.parametrize(
    ("given", "environment", "mode"),
    [
        ({"mode": "disabled"}, "", "disabled"),
        ({"settings": {"mode": "disabled"}}, "", "disabled"),
        ({"settings": settings("mode", mode="disabled")}, "", "disabled"),
        ({"settings": settings("mode", mode="disabled")}, "online", "disabled"),
        ({"settings": settings("mode", mode="online")}, "disabled", "online"),
        ({"settings": settings(mode="online")}, "disabled", "disabled"),
        ({"settings": SimpleNamespace(mode="disabled")}, "", "disabled"),
        ({"settings": SimpleNamespace(mode="online")}, "disabled", "disabled"),
        ({"settings": settings("mode", mode="disabled"), "mode": "online"}, "", "online"),
        ({}, "disabled", "disabled"),
        ({}, "", ""),
    ],
)
def test_modes(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], environment: str, mode: str) -> None:
    monkeypatch.setenv("WANDB_MODE", environment)
    monkeypatch.delenv("WANDB_DISABLED", raising=False)
    assert told(monkeypatch, **given)["mode"] == mode


def test_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, settings=settings("run_id", run_id="a", project="p"), project="q")["id"] == "a"
    assert told(monkeypatch, settings=settings("run_id", run_id="a", project="p"))["project"] == ""
