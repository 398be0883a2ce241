"""The probe: tells the host what a Python process of a stage really does, without changing what it does.

Loaded into every Python process; attaches to a library when that is imported, and sends events over a unix socket (see
channel.py). Standard library only; whatever goes wrong in here is swallowed and reported once. Whoever loads it gives
this folder a top-level name that no submission has, without putting the folder on the path, and calls start().

    channel        the connection to the host: events, objects whose state is sent again when it changed, forks, ends
    places         the innermost frame of the submission's own files
    quiet          wrappers and guards: what is wrapped, and that a failure of ours reaches nobody
    work           batches, evaluations and phases, from deliveries, forward and backward passes
    torch_*        feeds `work`: loaders, modules, training, masked targets
    loads, trackers, studies, configuration, files, frameworks    one library, or kind of call, each
"""

import os


def start(around_import):
    """Watch this process and those it forks; `around_import` calls back once a module was imported."""
    from . import channel, places

    places.open_root(os.environ.get("SANDBOX_REVIEW_ROOT") or os.getcwd())
    channel.open_channel(os.environ["SANDBOX_REVIEW_EVENTS"])

    from . import endings, files, libraries
    from .work import work

    channel.channel().resets.append(work.reset)
    files.watch()
    endings.watch()
    libraries.watch(around_import)
