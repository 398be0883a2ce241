"""Loads METRIC[/CONFIGURATION]:MISSING for each argument, with the library MISSING hidden; prints the error as JSON."""

import importlib
import json
import sys

import operators  # noqa: F401  (before what imports torchvision)

# isort: split
import evaluate

true_import = importlib.import_module


def load(name, configuration, missing):
    def hiding(module, package=None):
        if missing and module.split(".")[0] == missing:
            raise ImportError(f"No module named {module!r}")
        return true_import(module, package)

    importlib.import_module = hiding
    try:
        evaluate.load(name, configuration or None)
        return {"error": "", "message": ""}
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}
    finally:
        importlib.import_module = true_import


for argument in sys.argv[1:]:
    metric, _, hidden = argument.partition(":")
    metric, _, configuration = metric.partition("/")
    print(json.dumps({"metric": metric, "missing": hidden, **load(metric, configuration, hidden)}), flush=True)
