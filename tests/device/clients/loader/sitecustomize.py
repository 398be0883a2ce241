"""Loads the stand-in the way the observer does: by the folder's path, under a name that no submission has."""

import importlib.util
import os
import sys

_folder = os.environ["DEVICE_FOLDER"]
_spec = importlib.util.spec_from_file_location(
    "_sandbox_review_device", _folder + "/__init__.py", submodule_search_locations=[_folder]
)
_module = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _module
_spec.loader.exec_module(_module)
_module.start()
