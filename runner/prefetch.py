"""Makes the stand-ins that a submission names while its environment is being installed.

A client that asks for an asset waits ten seconds at most for the first answer; making a stand-in can take as long. What
is not named in plain words is still made when it is asked for.
"""

from __future__ import annotations

import re
import threading

from runner.downloads import named_downloads
from runner.submissions.model import Submission
from sandbox.downloads import DownloadStore
from sandbox.errors import InfrastructureError
from sandbox.repository import AssetSource

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?")


def named_assets(submission: Submission, source: AssetSource) -> list[tuple[str, str]]:
    """(kind, id) of every listed asset whose id or alias stands as a word in the submission's files."""
    known: dict[str, list[tuple[str, str]]] = {}
    for asset in source.assets():
        for name in (asset.id, *asset.aliases):
            known.setdefault(name.lower(), []).append((asset.kind, asset.id))
    words: set[str] = set()
    for path, text in submission.tree().items():
        if path.endswith((".py", ".yaml", ".yml")):
            words.update(word.rstrip(".").lower() for word in _WORD.findall(text))
    return list(dict.fromkeys(pair for word in sorted(words) for pair in known.get(word, ())))


class Prefetch:
    """A thread that prepares the named assets; `wait()` before anything may ask for them."""

    def __init__(self, submission: Submission, source: AssetSource, downloads: DownloadStore | None = None) -> None:
        self._source = source
        self._wanted = named_assets(submission, source)
        self._downloads = downloads
        code = "\n".join(text for path, text in submission.tree().items() if path.endswith((".py", ".yaml", ".yml")))
        self._files = named_downloads(code, downloads) if downloads is not None else []
        self.problem = ""
        """Why they could not be made; the hub tries again when it is asked, and records it then."""
        self._thread = threading.Thread(target=self._run, name="prefetch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._source.prepare(self._wanted)
            if self._downloads is not None:
                self._downloads.prepare(self._files)
        except InfrastructureError as error:
            self.problem = str(error)

    def wait(self) -> None:
        """Return when all are made or one could not be."""
        self._thread.join()

    def close(self) -> None:
        """Stop the generator if it still runs; the source and the downloads make nothing afterwards."""
        self._source.close()
        if self._downloads is not None:
            self._downloads.close()
        self._thread.join()
