"""What a client says of itself in its run's configuration, under `_wandb`.

The numbers are those of the client's telemetry messages, the same in all versions from 0.12 to 0.31: field 3 of
the record lists features, of which 4 is "offline"; field 5 is the client's version.
"""

from __future__ import annotations

import json
from typing import Any

FEATURES, CLIENT_VERSION = "3", "5"
OFFLINE = 4


def _telemetry(config: str) -> dict[str, Any]:
    internal = json.loads(config).get("_wandb")
    value = internal.get("value", internal) if isinstance(internal, dict) else None
    found = value.get("t") if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def was_offline(config: str) -> bool:
    """Whether the run was logged offline (its configuration as the store has it: JSON)."""
    features = _telemetry(config).get(FEATURES)
    return isinstance(features, list) and OFFLINE in features


def client_version(config: str) -> str:
    version = _telemetry(config).get(CLIENT_VERSION)
    return version if isinstance(version, str) else ""
