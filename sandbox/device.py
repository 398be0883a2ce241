"""Host side of the device stand-in: switch it on for a command, and read afterwards what it served.

The stand-in itself, sandbox/inside/device, is loaded by sandbox/inside/site into every Python process of a stage. What
a stage shows with it on was seen on a stand-in device: numbers are not those of a card, and neither are times.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MAX_REPORT_BYTES = 1 << 20
"""A submission can write to the folder of reports too; nothing above this is read of one file."""


@dataclass(frozen=True)
class Card:
    """The card that the stand-in shows; the defaults are those of an NVIDIA A100 with 80 GB."""

    name: str = "NVIDIA A100-SXM4-80GB"
    memory_gib: float = 79.25
    capability: str = "8.0"
    processors: int = 108


@dataclass(frozen=True)
class Served:
    """What the stand-in did in the processes of one command."""

    names: tuple[str, ...]
    """What was used of it, e.g. "torch.cuda.memoryStats", "bitsandbytes 8-bit adam"; sorted."""
    not_served: tuple[str, ...]
    """Parts that could not be put in place, each with its reason; sorted."""

    @property
    def used(self) -> bool:
        """Whether the code put anything on the device that is not there; asking whether there is one is not enough."""
        return "tensors on cuda" in self.names


def device_variables(folder: str, card: Card | None = None, *, flash_attention: bool = False) -> dict[str, str]:
    """Environment that serves `cuda` from the CPU where torch is the CPU build; nothing changes where it is not.

    `folder` is the sandbox path of a writable folder for the reports. `flash_attention` says that the project declares
    flash-attn: then attn_implementation="flash_attention_2" is served by sdpa, else transformers refuses it, as on a
    card.
    """
    variables = {"SANDBOX_REVIEW_DEVICE": "standin", "SANDBOX_REVIEW_DEVICE_REPORT": folder}
    if card is not None:
        words = (card.name.replace("|", " "), str(card.memory_gib), card.capability, str(card.processors))
        variables["SANDBOX_REVIEW_DEVICE_CARD"] = "|".join(words)
    if flash_attention:
        variables["SANDBOX_REVIEW_DEVICE_FLASH"] = "1"
    return variables


def torchvision_variables() -> dict[str, str]:
    """Environment that lets torchvision be imported beside a torch that it was not built for."""
    return {"SANDBOX_REVIEW_TORCHVISION": "schemas"}


def read_served(folder: Path) -> Served:
    """Read the reports of all processes; also those that were killed."""
    names: set[str] = set()
    missing: set[str] = set()
    for path in sorted(folder.glob("*.served")):
        if path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                text = file.read(MAX_REPORT_BYTES).decode("utf-8", "replace")
        except OSError:
            continue  # made unreadable
        for line in text.splitlines():
            kind, _, what = line.partition(" ")
            if kind == "served" and what:
                names.add(what)
            elif kind == "not-served" and what:
                missing.add(what)
    return Served(tuple(sorted(names)), tuple(sorted(missing)))
