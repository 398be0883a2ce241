"""Rung: names and modules that exist, and are imported wrongly or not at all."""

from __future__ import annotations

import ast
import builtins
import re

from runner.repairs.base import Blocker, Repair
from runner.repairs.python_text import Edit, PythonText, read, sources

IMPORTS = {
    **{name: f"from omegaconf import {name}" for name in ("DictConfig", "OmegaConf", "ListConfig", "open_dict")},
    **{name: f"from typing import {name}" for name in (
        "Any", "Callable", "ClassVar", "Dict", "Generator", "Iterable", "Iterator", "List", "Literal", "Mapping",
        "NamedTuple", "Optional", "Sequence", "Set", "Tuple", "Type", "TypeVar", "Union", "cast",
    )},
    **{name: f"from torch.utils.data import {name}" for name in ("DataLoader", "TensorDataset", "Subset")},
    **{name: f"import {name}" for name in (
        "argparse", "collections", "contextlib", "copy", "csv", "functools", "gc", "hashlib", "hydra", "itertools",
        "json", "logging", "math", "os", "pickle", "random", "re", "shutil", "subprocess", "sys", "time", "traceback",
        "warnings", "torch", "datasets", "evaluate", "transformers", "optuna", "wandb", "yaml", "scipy", "torchvision",
    )},
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns",
    "nn": "import torch.nn as nn",
    "F": "import torch.nn.functional as F",
    "optim": "import torch.optim as optim",
    "Path": "from pathlib import Path",
    "Counter": "from collections import Counter",
    "OrderedDict": "from collections import OrderedDict",
    "defaultdict": "from collections import defaultdict",
    "deque": "from collections import deque",
    "dataclass": "from dataclasses import dataclass",
    "partial": "from functools import partial",
    "datetime": "from datetime import datetime",
    "deepcopy": "from copy import deepcopy",
    "contextmanager": "from contextlib import contextmanager",
    "nullcontext": "from contextlib import nullcontext",
    "tqdm": "from tqdm import tqdm",
    "load_dataset": "from datasets import load_dataset",
    "AdamW": "from torch.optim import AdamW",
    "get_original_cwd": "from hydra.utils import get_original_cwd",
    "to_absolute_path": "from hydra.utils import to_absolute_path",
    **{name: f"from transformers import {name}" for name in (
        "AutoConfig", "AutoModel", "AutoModelForCausalLM", "AutoModelForSequenceClassification", "AutoTokenizer",
        "AutoModelForSeq2SeqLM", "AutoModelForTokenClassification", "AutoModelForQuestionAnswering", "PreTrainedModel",
        "PreTrainedTokenizerBase", "Trainer", "TrainingArguments", "get_linear_schedule_with_warmup", "set_seed",
        "get_cosine_schedule_with_warmup", "DataCollatorWithPadding", "BitsAndBytesConfig",
    )},
    **{name: f"from peft import {name}" for name in ("LoraConfig", "get_peft_model", "PeftModel", "TaskType")},
}  # fmt: skip
"""What a well-known name that nothing defines is short for."""

MOVED = {
    ("transformers", "AdamW"): "torch.optim",
    ("transformers.optimization", "AdamW"): "torch.optim",
    ("collections", "Mapping"): "collections.abc", ("collections", "Iterable"): "collections.abc",
    ("collections", "Sequence"): "collections.abc", ("collections", "Callable"): "collections.abc",
    ("datasets", "load_metric"): "evaluate:load",
    ("hydra.core", "HydraConfig"): "hydra.core.hydra_config",
    ("hydra", "HydraConfig"): "hydra.core.hydra_config",
    ("omegaconf", "ConfigAttributeError"): "omegaconf.errors",
    ("torch", "DataLoader"): "torch.utils.data", ("torch.utils", "DataLoader"): "torch.utils.data",
    ("torch.utils", "Dataset"): "torch.utils.data",
    ("scipy.integrate", "simps"): "scipy.integrate:simpson", ("scipy.integrate", "trapz"): "scipy.integrate:trapezoid",
}  # fmt: skip
"""Module and name -> the module that has it today, with `:name` where it was renamed too."""

HOMES = {
    **dict.fromkeys(("ttest_ind", "ttest_rel", "ttest_1samp", "wilcoxon", "mannwhitneyu", "bootstrap"), "scipy.stats"),
    **dict.fromkeys(("pearsonr", "spearmanr"), "scipy.stats"),
    **dict.fromkeys(("accuracy_score", "f1_score", "confusion_matrix", "roc_auc_score"), "sklearn.metrics"),
    **dict.fromkeys(("DataLoader", "TensorDataset", "Subset", "random_split"), "torch.utils.data"),
    **dict.fromkeys(("get_linear_schedule_with_warmup", "get_cosine_schedule_with_warmup"), "transformers"),
    **dict.fromkeys(("DictConfig", "OmegaConf", "ListConfig", "open_dict"), "omegaconf"),
    "train_test_split": "sklearn.model_selection",
    "load_dataset": "datasets",
    "tqdm": "tqdm",
}
"""Name -> the module that has it, for those that are asked of another library."""

_ATTRIBUTES = {"OmegaConf.deepcopy": ("copy.deepcopy", "import copy")}
"""Functions that are asked of the wrong module."""


def unimported_name(blocker: Blocker) -> Repair | None:
    """A NameError for a name that the code only forgot to import; what it never defines stays undefined."""
    trace = blocker.traceback
    if trace is None or not trace.type.endswith("NameError") or trace.file is None:
        return None
    found = re.search(r"name '(\w+)' is not defined", trace.message)
    source = read(blocker.files.get(trace.file, ""))
    if found is None or source is None or found[1] not in IMPORTS:
        return None
    # The others of this file would come up one by one.
    names = [found[1], *(name for name in _undefined(source) if name in IMPORTS and name != found[1])]
    modules = blocker.case.environment.modules if blocker.case.environment else []
    edits: list[Edit] = []
    added = []
    for name in names:
        statement = IMPORTS[name]
        edit = source.import_edit(statement)
        if edit and (name == found[1] or not modules or _at_hand(statement, modules)):
            edits += edit
            added.append(statement)
    if not edits:
        return None
    place = edits[0][0]
    text = source.edited([(place, place, "".join(edit[2] for edit in edits))])
    what = f"Import what {trace.file} uses: {'; '.join(added)}."
    return Repair(kind="missing-import", what=what, files={trace.file: text}, begins=blocker.draft.stage)


def own_module(blocker: Blocker) -> Repair | None:
    """`from preprocess import x`, or a relative import outside of a package: the project's modules lie in src."""
    trace = blocker.traceback
    if trace is None or not trace.type.endswith(("ModuleNotFoundError", "ImportError")):
        return None
    own = {p.removeprefix("src/").removesuffix(".py") for p in blocker.files if re.fullmatch(r"src/\w+\.py", p)}
    found = re.search(r"No module named '(\w+)'", trace.message)
    plain = found is not None and found[1] in own - {"evaluate"}
    relative = blocker.says("attempted relative import", "relative import beyond")
    if not (plain or relative):
        return None
    files = {}
    for path, source in sources(blocker.files).items():
        edits = _absolute(source, own - {"evaluate"}, relative)
        if edits:
            files[path] = source.edited(edits)
    if not files:
        return None
    what = f"Import the project's own modules from src ({', '.join(files)})."
    return Repair(kind="own-module", what=what, files=files, begins=blocker.draft.stage)


def moved_name(blocker: Blocker) -> Repair | None:
    """A name that a library has elsewhere today, such as transformers.AdamW."""
    trace = blocker.traceback
    if trace is None or not trace.type.endswith(("ImportError", "AttributeError")):
        return None
    files, moved = {}, []
    for path, source in sources(blocker.files).items():
        edits: list[Edit] = []
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    there = MOVED.get((node.module, alias.name)) or HOMES.get(alias.name)
                    if there not in (None, node.module) and there is not None and blocker.says(f"'{alias.name}'"):
                        kept = _as_before(source, node.module, alias)
                        if kept is None:
                            continue
                        edits += [*_moved(source, node, alias, there), *kept]
                        moved.append(f"{node.module}.{alias.name} from {there.replace(':', '.')}")
            if isinstance(node, ast.Attribute):
                there_function = _ATTRIBUTES.get(ast.unparse(node))
                if there_function is not None and blocker.says(f"'{node.attr}'"):
                    edits.append((*source.span(node), there_function[0]))
                    edits += [edit for edit in source.import_edit(there_function[1]) if edit not in edits]
                    moved.append(f"{there_function[0]} for {ast.unparse(node)}")
        if edits:
            files[path] = source.edited(edits)
    if not files:
        return None
    what = f"Take {', '.join(dict.fromkeys(moved))} ({', '.join(files)})."
    return Repair(kind="moved-name", what=what, files=files, begins=blocker.draft.stage)


_DEFAULTS = {
    ("transformers", "AdamW"): (("eps", 3, "1e-6"), ("weight_decay", 4, "0.0")),
    ("transformers.optimization", "AdamW"): (("eps", 3, "1e-6"), ("weight_decay", 4, "0.0")),
}
"""Moved name -> arguments whose default is another where it is now: name, place, and the default that it had."""
_GONE = {"correct_bias", "no_deprecation_warning"}
"""Arguments that torch's AdamW does not have."""


def _as_before(source: PythonText, module: str, alias: ast.alias) -> list[Edit] | None:
    """What keeps the calls of a moved name computing what they did; None where that cannot be kept."""
    defaults = _DEFAULTS.get((module, alias.name), ())
    name = alias.asname or alias.name
    calls = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]
    uses = sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(source.tree))
    if not defaults:
        return []
    if uses > len(calls):
        return None  # handed on, and called elsewhere
    edits: list[Edit] = []
    for call in calls:
        given = {word.arg for word in call.keywords}
        absent = [f"{key}={value}" for key, place, value in defaults if key not in given and len(call.args) <= place]
        edit = source.keyword_edit(call, ", ".join(absent)) if absent else None
        if given & _GONE or (absent and edit is None):
            return None
        edits += [edit] if edit is not None else []
    return edits


def _at_hand(statement: str, modules: list[str]) -> bool:
    import sys

    top = statement.split()[1].split(".")[0]
    return top in sys.stdlib_module_names or top in modules


def _undefined(source: PythonText) -> list[str]:
    """Names that the file loads and nothing in it binds."""
    bound = set(dir(builtins))
    loaded: list[str] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                loaded.append(node.id)
            else:
                bound.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
            if node.name == "*":
                return []
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return [name for name in dict.fromkeys(loaded) if name not in bound]


def _absolute(source: PythonText, own: set[str], relative: bool) -> list[Edit]:
    edits: list[Edit] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom):
            text = source.source(node)
            at = source.span(node)[0]
            if relative and node.level:
                new = re.sub(r"^from\s+\.+\s*", "from src." if node.module else "from src ", text)
                edits.append((at, at + len(text), new))
            elif not relative and not node.level and (node.module or "").split(".")[0] in own:
                edits.append((at, at + len(text), re.sub(r"^from\s+", "from src.", text)))
        elif isinstance(node, ast.Import) and not relative and len(node.names) == 1 and node.names[0].name in own:
            alias = node.names[0]
            name = f" as {alias.asname}" if alias.asname else ""
            edits.append((*source.span(node), f"from src import {alias.name}{name}"))
    return edits


def _moved(source: PythonText, node: ast.ImportFrom, alias: ast.alias, there: str) -> list[Edit]:
    """The import of one name, taken out of its statement and put in front of it."""
    module, _, renamed = there.partition(":")
    as_name = alias.asname or (alias.name if renamed else None)
    new = f"from {module} import {renamed or alias.name}{f' as {as_name}' if as_name else ''}"
    start, end = source.span(node)
    if len(node.names) == 1:
        return [(start, end, new)]
    indent = source.text[source.line_start(node.lineno) : start]
    first, last = (
        source.offset(alias.lineno, alias.col_offset),
        source.offset(alias.end_lineno or 1, alias.end_col_offset or 0),
    )
    behind = re.match(r"\s*,[ \t]*", source.text[last:end])
    if behind:
        cut = (first, last + behind.end(), "")
    else:
        before = re.search(r",\s*$", source.text[start:first])
        cut = (start + before.start() if before else first, last, "")
    return [(start, start, f"{new}\n{indent}"), cut]
