"""Makes the stand-ins that a submission names while its environment is being installed.

A client that asks for an asset waits ten seconds at most for the first answer; making a stand-in can take as long. What
is not named in plain words is still made when it is asked for.
"""

from __future__ import annotations

import re
import threading

from runner.submissions.model import Submission
from sandbox.assets import AssetStore
from sandbox.errors import InfrastructureError

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?")


def named_assets(submission: Submission, store: AssetStore) -> list[tuple[str, str]]:
    """(kind, id) of every asset of the catalogue whose id or alias stands as a word in the submission's files."""
    words: set[str] = set()
    for path, text in submission.tree().items():
        if path.endswith((".py", ".yaml", ".yml")):
            words.update(word.rstrip(".") for word in _WORD.findall(text))
    found: dict[tuple[str, str], None] = {}
    for word in sorted(words):
        for kind in ("model", "dataset", "metric"):
            asset = store.find(kind, word)
            if asset is not None:
                found[(kind, asset.id)] = None
    return list(found)


class Prefetch:
    """A thread that prepares the named assets; `wait()` before anything may ask for them."""

    def __init__(self, submission: Submission, store: AssetStore) -> None:
        self._store = store
        self._wanted = named_assets(submission, store)
        self.problem = ""
        """Why they could not be made; the hub tries again when it is asked, and records it then."""
        self._thread = threading.Thread(target=self._run, name="prefetch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._store.prepare(self._wanted)
        except InfrastructureError as error:
            self.problem = str(error)

    def wait(self) -> None:
        """Return when all are made or one could not be."""
        self._thread.join()
