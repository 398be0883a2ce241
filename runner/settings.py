"""The program's configuration: Hydra composes it, pydantic types it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from runner.checklist import load_checklist
from runner.vocabulary import Severity, StageName
from sandbox.protocol import Limits


class SettingsError(Exception):
    """A KEY=VALUE word that cannot be used. The message says which, and what is possible."""


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BackendSettings(_Group):
    """Which sandbox to use."""

    name: Literal["auto", "docker", "bubblewrap", "process"]
    runtime: Literal["", "runc", "runsc"] = ""
    install_network: Literal["bridge", "host"] = "bridge"
    fallback: Literal["none", "process"] = "none"


class LimitSettings(_Group):
    """Limits of one stage attempt; seconds and MiB."""

    wall_seconds: PositiveFloat
    full_seconds: PositiveFloat
    environment_wall_seconds: PositiveFloat
    compose_wall_seconds: PositiveFloat
    evaluate_seconds: PositiveFloat
    memory_mb: PositiveInt
    pids: PositiveInt
    cpus: PositiveFloat
    disk_mb: PositiveInt
    shm_mb: PositiveInt
    tmp_mb: PositiveInt
    output_keep_mb: PositiveFloat
    output_stop_mb: PositiveFloat
    stop_over_budget: float = Field(ge=0)
    repair_steps: int = Field(ge=0)
    review_wall_seconds: PositiveFloat

    def for_wall(self, wall_seconds: float) -> Limits:
        """The sandbox limits of an attempt that may take `wall_seconds`."""
        return Limits(
            wall_seconds=wall_seconds,
            memory_mb=self.memory_mb,
            pids=self.pids,
            cpus=min(self.cpus, os.cpu_count() or 1),
            disk_mb=self.disk_mb,
            shm_mb=self.shm_mb,
            tmp_mb=self.tmp_mb,
            output_keep_mb=self.output_keep_mb,
            output_stop_mb=self.output_stop_mb,
        )


class BudgetSettings(_Group):
    """What one trial may do."""

    epochs: int = Field(ge=0)
    train_batches: int = Field(ge=0)
    eval_batches: int = Field(ge=0)
    optuna_trials: int = Field(ge=0)
    wandb_runs: int = Field(ge=0)


class AssetSettings(_Group):
    """Where models and data sets come from."""

    kind: Literal["standin", "mirror", "live"]
    mirror: Path | None = None


class EnvironmentSettings(_Group):
    """How the project's environment is resolved."""

    torch: str
    find_links: Path | None
    torch_index: str
    resolved_as_of: str

    def wheel_folder(self) -> Path | None:
        """The local folder of wheels, if there is one."""
        if self.find_links is not None:
            return self.find_links
        for variable in ("UV_FIND_LINKS", "PIP_FIND_LINKS"):
            for word in os.environ.get(variable, "").replace(",", " ").split():
                if Path(word).is_dir():
                    return Path(word)
        return None

    def as_of(self, created_at: datetime | None) -> datetime | None:
        """Packages published after this moment are not considered; None: today's."""
        if self.resolved_as_of == "now":
            return None
        if self.resolved_as_of == "submission":
            return created_at
        moment = datetime.fromisoformat(self.resolved_as_of)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Settings(_Group):
    """Everything that can be overridden from the command line."""

    backend: BackendSettings
    limits: LimitSettings
    budget: BudgetSettings
    assets: AssetSettings
    env: EnvironmentSettings
    stages: list[StageName]
    runs: list[str]
    gpu: int = Field(ge=0)
    device: Literal["auto", "standin", "none"]
    repairs: Literal["auto", "off"]
    cache_dir: Path | None
    severity: dict[str, Severity]

    def cache(self) -> Path:
        """The folder for package caches, environments and stand-ins; shared by all reviews of this user."""
        if self.cache_dir is not None:
            return self.cache_dir.expanduser().resolve()
        return default_cache()

    def mirror(self) -> Path:
        """The directory of real assets."""
        return self.assets.mirror.expanduser().resolve() if self.assets.mirror else default_mirror(self.cache())

    def severities(self) -> dict[str, Severity]:
        """Criterion -> overridden severity."""
        names = {name.replace(".", "_"): name for name in load_checklist().criteria}
        return {names[key]: severity for key, severity in self.severity.items()}


def default_cache() -> Path:
    """SANDBOX_REVIEW_CACHE, else the user's cache folder."""
    given = os.environ.get("SANDBOX_REVIEW_CACHE")
    if given:
        return Path(given).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser().resolve() / "sandbox-review"


def default_mirror(cache: Path) -> Path:
    """Where real assets are kept unless `assets.mirror` names another directory."""
    return cache / "mirror"


def load_settings(overrides: Sequence[str] = ()) -> Settings:
    """Compose the configuration with the KEY=VALUE words of the command line.

    Raises SettingsError naming the words that cannot be used.
    """
    return checked(compose_words("config", overrides))


def compose_words(config_name: str, overrides: Sequence[str]) -> Any:
    """A configuration of `runner.conf` with KEY=VALUE words, as plain data. Raises SettingsError."""
    from hydra import compose, initialize_config_module
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    words = [_free_key(word) for word in overrides]
    try:
        with initialize_config_module(config_module="runner.conf", version_base="1.3"):
            composed = compose(config_name=config_name, overrides=words)
        return OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise SettingsError(f"These words cannot be used: {' '.join(overrides)}\n{error}") from error


def checked(data: Any) -> Settings:
    """Plain data as settings. Raises SettingsError with everything that is wrong with it."""
    try:
        settings = Settings.model_validate(data)
        settings.severities()
        _require_mirror(settings)
        if settings.env.resolved_as_of not in ("submission", "now"):
            datetime.fromisoformat(settings.env.resolved_as_of)
    except ValidationError as error:
        raise SettingsError(problems_of(error)) from error
    except KeyError as error:
        raise SettingsError(
            f"severity.{error.args[0]}: no such criterion; write dots as underscores, as in "
            "severity.wandb_entity_project=advisory"
        ) from error
    except ValueError as error:
        raise SettingsError(f"env.resolved_as_of: {error}") from error
    return settings


def problems_of(error: ValidationError) -> str:
    """What pydantic found wrong with a configuration, a line each."""
    return "\n".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())


def _require_mirror(settings: Settings) -> None:
    named = settings.assets.kind == "mirror" or settings.assets.mirror is not None
    if named and settings.assets.kind != "live" and not settings.mirror().is_dir():
        raise SettingsError(
            f"assets.mirror: there is no directory {settings.mirror()}; sandbox-review assets add ID makes it on a "
            "machine with network, sandbox-review assets add --from DIR from a copy that you have"
        )


def _free_key(word: str) -> str:
    # severity is an open mapping: Hydra wants "+" for a key that the configuration does not have.
    return f"+{word}" if word.startswith("severity.") else word
