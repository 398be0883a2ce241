"""A directory of real assets, in the cache layout of the hub's clients, as a source for the hub."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from images.catalogue import Asset, Catalogue
from sandbox.errors import InfrastructureError
from sandbox.mirror import layout
from sandbox.repository import COMMIT, FileEntry, NotServedError, Provided, Repository, Revision


class Mirror:
    """An AssetSource over `root`; the catalogue says under which names an asset goes, and whether it is gated."""

    def __init__(self, root: Path, catalogue: Catalogue | None = None) -> None:
        self.root = root
        self.catalogue = catalogue or Catalogue.default()
        self._ready: dict[tuple[str, str], Repository] = {}
        self._listed: tuple[int, dict[str, str]] = (0, {})

    @property
    def name(self) -> str:
        return f"mirror {self.root}"

    def find(self, kind: str, asset_id: str) -> Asset | None:
        """The catalogue's id for it where there is one, as the hub would redirect; else the folder's."""
        folder = self.folder(kind, asset_id)
        if folder is None:
            return None
        known = self.catalogue.find(kind, asset_id)
        notes = read_notes(folder)
        if known is not None:
            return Asset(kind, known.id, known.aliases, bool(notes.get("gated", known.gated)), known.facts)
        parsed = layout.parse_folder_name(folder.name)
        assert parsed is not None
        return Asset(kind, notes.get("id") or parsed[1], (), bool(notes.get("gated", False)), {})

    def folder(self, kind: str, asset_id: str) -> Path | None:
        """Where the asset lies, under its own name or one that the hub takes for the same; None if it is not here."""
        known = self.catalogue.find(kind, asset_id)
        names = [asset_id, *((known.id, *known.aliases) if known else ())]
        wanted = {layout.folder_name(kind, name).lower() for name in names}
        found = (self.root / name for low, name in self._names().items() if low in wanted)
        return next((path for path in found if layout.snapshots(path)), None)

    def can_exist(self, kind: str, asset_id: str) -> bool:
        return self.catalogue.can_exist(kind, asset_id)

    def provided(self, asset: Asset) -> Provided:
        return Provided.MIRROR

    def repository(self, asset: Asset) -> Repository:
        """Reads the listing once; raises InfrastructureError if a link leaves the mirror."""
        key = (asset.kind, asset.id)
        if key not in self._ready:
            self._ready[key] = self._read(asset)
        return self._ready[key]

    def prepare(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return [pair for pair in wanted if self.folder(*pair) is None]

    def assets(self) -> list[Asset]:
        pairs = filter(None, (layout.parse_folder_name(name) for name in self._names().values()))
        found = {(kind, asset.id): asset for kind, name in pairs if (asset := self.find(kind, name)) is not None}
        return list(found.values())

    def real_sizes(self, asset: Asset) -> list[int]:
        """None are lost: it is the real one."""
        return []

    def fingerprint(self, asset: Asset) -> str:
        folder = self.folder(asset.kind, asset.id)
        return f"mirror:{folder}:{sorted(layout.branches(folder).items())}" if folder else "mirror"

    def close(self) -> None:
        """Nothing is being made."""

    def _names(self) -> dict[str, str]:
        """Names of the repositories' folders by their lower case; read anew when the directory has changed."""
        try:
            changed = self.root.stat().st_mtime_ns
        except OSError:
            return {}
        if changed != self._listed[0]:
            names = {path.name.lower(): path.name for path in sorted(self.root.iterdir())}
            self._listed = changed, {low: name for low, name in names.items() if layout.parse_folder_name(name)}
        return self._listed[1]

    def _read(self, asset: Asset) -> Repository:
        folder = self.folder(asset.kind, asset.id)
        if folder is None:
            raise InfrastructureError(f"{asset.id} has gone from the mirror {self.root}")
        commits = layout.snapshots(folder)
        notes = read_notes(folder)
        listings = notes.get("listings", {})
        at = {commit: self._revision(commit, path, listings.get(commit, ())) for commit, path in commits.items()}
        named = {name: at[commit] for name, commit in layout.branches(folder).items()}
        extra: dict[str, Any] = {
            key: notes[key] for key in ("pipeline_tag", "library_name", "config", "safetensors") if key in notes
        }
        card = _front_matter(named["main"])
        return MirroredRepository(asset, Provided.MIRROR, named, card, notes.get("tags", []), extra, at)

    def _revision(self, commit: str, folder: Path, listing: Iterable[Sequence[Any]]) -> Revision:
        here = layout.files(self.root, folder)
        paths = {entry.path for entry in here}
        absent = [FileEntry(*each) for each in listing if each[0] not in paths]
        files = tuple(sorted((*here, *absent), key=lambda entry: entry.path))
        return MirroredRevision(commit, folder, files, frozenset(entry.path for entry in absent))


@dataclass(frozen=True)
class MirroredRevision(Revision):
    """What was downloaded of a revision, and what the hub lists besides."""

    absent: frozenset[str] = frozenset()

    def locate(self, entry: FileEntry) -> Path:
        if entry.path in self.absent:
            raise NotServedError(f"the mirror has not downloaded {entry.path} of {self.folder.parent.parent.name}")
        return super().locate(entry)


@dataclass(frozen=True)
class MirroredRepository(Repository):
    """Has the revisions that were downloaded; others may exist on the real hub."""

    commits: dict[str, Revision] | None = None

    def revision(self, name: str) -> Revision | None:
        found = super().revision(name)
        if found is None and COMMIT.fullmatch(name):
            found = next((each for sha, each in (self.commits or {}).items() if sha.startswith(name)), None)
        if found is None:
            raise NotServedError(f"the mirror has no revision {name!r} of {self.asset.id}")
        return found


def read_notes(folder: Path) -> dict[str, Any]:
    """What was noted of a repository when it was taken in; {} where nothing was."""
    try:
        found = json.loads((folder / layout.NOTES).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _front_matter(revision: Revision) -> dict[str, Any]:
    """The YAML between dashes at the head of README.md: the hub's card."""
    entry = revision.by_path.get("README.md")
    if entry is None:
        return {}
    text = revision.locate(entry).read_text("utf-8", "replace")
    if not text.startswith("---"):
        return {}
    try:
        card = yaml.safe_load(text[3:].split("\n---", 1)[0])
        # Dates and the like must come back as the JSON that a client expects.
        return dict(json.loads(json.dumps(card, default=str))) if isinstance(card, dict) else {}
    except (yaml.YAMLError, ValueError, TypeError):
        return {}
