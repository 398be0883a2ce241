"""Libraries compare checksums of what they fetched with the real file's; a stand-in's cannot match.

Each patch lets pass only what is a stand-in: anything else must have the sum that the library wants.
"""

import sys
from urllib.parse import urlsplit


def for_torchvision(service):
    """Files and members of archives may also be the service's own; asked there, since another process may have got
    them."""
    utils = sys.modules["torchvision.datasets.utils"]
    original = utils.check_md5

    def check_md5(fpath, md5, **options):
        return original(fpath, md5, **options) or service.made(utils.calculate_md5(fpath, **options))

    check_md5.__wrapped__ = original
    utils.check_md5 = check_md5


def for_torch_hub(service):
    """The prefix of a hash in a file's name is not asked for where the file came from the service."""
    hub = sys.modules["torch.hub"]
    original = hub.download_url_to_file

    def download_url_to_file(url, dst, hash_prefix=None, progress=True):
        parts = urlsplit(url)
        if service.target(parts.scheme, parts.netloc, parts.path) is not None:
            hash_prefix = None
        return original(url, dst, hash_prefix, progress)

    download_url_to_file.__wrapped__ = original
    hub.download_url_to_file = download_url_to_file
