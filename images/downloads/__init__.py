"""What code fetches by plain addresses, outside the model hub: facts (catalogue) and the makers of stand-ins.

Apart from `images/standins`, whose sources are part of every hub stand-in's digest.
"""

from images.downloads.catalogue import Download, DownloadCatalogue

__all__ = ["Download", "DownloadCatalogue"]
