"""The configuration of a night: a review's settings, and what else a night needs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt, ValidationError

from runner.settings import Settings, SettingsError, checked, compose_words, problems_of
from runner.vocabulary import StageName

_OWN = ("executor", "nightly", "reuse")
"""Keys that a night has beside those of a review."""


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExecutorSettings(_Group):
    """Where reviews run, and what they may use there. MiB; None: as the comments in `conf/executor` say."""

    kind: Literal["local", "ray"]
    address: str | None
    slots: PositiveInt | None
    cpus: PositiveFloat | None
    memory_mb: PositiveInt | None
    gpus: int | None = Field(ge=0)
    review_cpus: PositiveFloat | None
    review_memory_mb: PositiveInt | None
    lost_again: int = Field(ge=0)


class NightSettings(_Group):
    """What a night keeps, and where it draws lines."""

    database: str | None
    name: str | None
    only: list[str]
    canary: str
    canary_stages: list[StageName]
    timing_factor: float = Field(gt=1)
    timing_seconds: NonNegativeFloat
    history: int = Field(ge=0)
    resume_hours: NonNegativeFloat

    def url(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database or f"sqlite:///{default_state() / 'nightly.db'}"


class NightlySettings(_Group):
    """Everything that can be overridden from the command line of `nightly`."""

    review: Settings
    executor: ExecutorSettings
    nightly: NightSettings
    reuse: bool
    words: tuple[str, ...]
    """The KEY=VALUE words as given."""

    def shown_words(self) -> list[str]:
        """The words as they may be written into a report: without the database's address, which may hold a password."""
        return [word for word in self.words if _key(word) != "nightly.database"]

    def review_words(self, own: Sequence[str] = ()) -> tuple[str, ...]:
        """The words of one review's command line; `own` are those of its `expect.yaml`, and win."""
        replaced = {_key(word) for word in own}
        given = [word for word in self.words if _root(word) not in _OWN and _key(word) not in replaced]
        return (f"limits.stop_over_budget={self.review.limits.stop_over_budget:g}", *given, *own)

    def review_settings(self, own: Sequence[str] = ()) -> Settings:
        """The settings of one review. Raises SettingsError where its own words cannot be used."""
        return _review_settings(self.review_words(own)) if own else self.review


def default_state() -> Path:
    """Where what must outlive a cache is kept: SANDBOX_REVIEW_STATE, else the user's folder for state."""
    given = os.environ.get("SANDBOX_REVIEW_STATE")
    if given:
        return Path(given).expanduser().resolve()
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base).expanduser().resolve() / "sandbox-review"


def load_nightly_settings(words: Sequence[str] = ()) -> NightlySettings:
    """Compose a night's configuration. Raises SettingsError naming what cannot be used."""
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise SettingsError(
            f"Not a KEY=VALUE word: {', '.join(wrong)}. One corpus at a time; overrides look like executor.slots=4."
        )
    data: Any = compose_words("nightly", words)
    own = {key: data.pop(key) for key in _OWN}
    review = checked(data)
    try:
        return NightlySettings.model_validate({"review": review, "words": tuple(words), **own})
    except ValidationError as error:
        raise SettingsError(problems_of(error)) from error


@lru_cache(maxsize=256)
def _review_settings(words: tuple[str, ...]) -> Settings:
    return checked(compose_words("config", words))


def _root(word: str) -> str:
    return _key(word).split(".")[0].split("@")[0]


def _key(word: str) -> str:
    return word.split("=", 1)[0].lstrip("+~")
