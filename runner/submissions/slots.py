"""The seven named slots of `experiment_code`, and the files that they are."""

from __future__ import annotations

from types import MappingProxyType

SLOTS = MappingProxyType(
    {
        "train_py": "src/train.py",
        "evaluate_py": "src/evaluate.py",
        "preprocess_py": "src/preprocess.py",
        "model_py": "src/model.py",
        "main_py": "src/main.py",
        "pyproject_toml": "pyproject.toml",
        "config_yaml": "config/config.yaml",
    }
)
SLOT_OF_PATH = MappingProxyType({path: slot for slot, path in SLOTS.items()})

RUN_CONFIG_DIR = "config/runs"
"""Where run configurations lie unless the submission says otherwise."""

RUN_CONFIG_DIRS = (RUN_CONFIG_DIR, "config/run")
"""The directories of run configurations that real submissions use."""
