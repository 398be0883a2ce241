"""What code fetches by plain addresses outside the model hub (data sets of pictures, weights, corpora), on the host."""

from sandbox.downloads.record import DownloadRequest, Provided
from sandbox.downloads.server import DownloadServer
from sandbox.downloads.store import DownloadStore

__all__ = ["DownloadRequest", "DownloadServer", "DownloadStore", "Provided"]
