"""Other frameworks than torch: that the submission's own code imports one is all that is known of its work."""

import sys

from .channel import channel
from .places import own_file
from .quiet import quietly

NAMES = ("jax", "tensorflow", "sklearn", "xgboost", "lightgbm", "mxnet", "paddle")
PARTS = {name: [("frameworks", "imported", name)] for name in NAMES}


@quietly
def imported(name):
    """Called behind the import of one; libraries import some of them for purposes of their own."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if own_file(file) is not None:
            channel().send("framework", name=name)
            return
        module = frame.f_globals.get("__name__", "")
        if not module.startswith(("importlib", "_frozen_importlib", "_sandbox_review", name)):
            return
        frame = frame.f_back
