"""Rung: packages that the code imports and pyproject.toml does not declare."""

from __future__ import annotations

import ast
import json
import re
import sys

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from runner.repairs.base import Blocker, Repair
from runner.repairs.packaging import PYPROJECT
from runner.repairs.python_text import sources
from runner.source_text import toml_table
from runner.vocabulary import StageName

DISTRIBUTIONS = {
    "PIL": "pillow", "sklearn": "scikit-learn", "skimage": "scikit-image", "yaml": "pyyaml",
    "cv2": "opencv-python-headless", "bs4": "beautifulsoup4", "hydra": "hydra-core", "dotenv": "python-dotenv",
    "dateutil": "python-dateutil", "git": "gitpython", "google.protobuf": "protobuf", "Levenshtein": "levenshtein",
    "rouge_score": "rouge-score", "pynvml": "nvidia-ml-py", "umap": "umap-learn", "faiss": "faiss-cpu",
    "torch_geometric": "torch-geometric", "sentence_transformers": "sentence-transformers",
    "pytorch_lightning": "pytorch-lightning", "lightning_fabric": "lightning-fabric", "ruamel": "ruamel.yaml",
    "attr": "attrs", "fitz": "pymupdf", "docx": "python-docx", "serial": "pyserial", "jwt": "pyjwt",
    "OpenSSL": "pyopenssl", "zmq": "pyzmq", "gym": "gymnasium", "tensorboardX": "tensorboardx",
    "torch_optimizer": "torch-optimizer", "open_clip": "open-clip-torch", "clip": "openai-clip",
    "huggingface_hub": "huggingface-hub", "statsmodels": "statsmodels", "codecarbon": "codecarbon",
}  # fmt: skip
"""Import name -> distribution, where they differ."""

_INSTALL = re.compile(r"pip install (?:-U |--upgrade |-q |['\"])*([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?")
_REQUIRES = re.compile(
    r"requires? (?:the )?[`'\"]?([A-Za-z0-9][A-Za-z0-9._-]*)(?:>=[\d.]+)?[`'\"]?(?: library| package|:)?"
)
_OPTIONAL = {"torch", "flash_attn", "triton"}
"""Never supplied for an ImportError's words: another build or a GPU is what is missing."""


def undeclared(blocker: Blocker) -> Repair | None:
    """Declares every third-party package that src/ imports and the environment does not have."""
    if blocker.traceback is None or not blocker.traceback.type.endswith(("ModuleNotFoundError", "ImportError")):
        return None
    facts = blocker.case.environment
    if facts is None or not facts.modules:
        return None
    present = {name.split(".")[0] for name in facts.modules}
    own = {path.split("/")[1].removesuffix(".py") for path in blocker.files if path.startswith("src/")} | {"src"}
    found = re.search(r"No module named '?([\w.]+)", blocker.traceback.message)
    names = []
    if found:
        top = found.group(1).split(".")[0]
        if top in present | own | set(sys.stdlib_module_names):
            return None
        names = [top]
    words = [DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in names]
    if not names:
        words = _asked_for(blocker.traceback.message)
    if not words:
        return None
    for source in sources(blocker.files).values():
        for name in _required_imports(source.tree):
            if name not in present | own | set(sys.stdlib_module_names) | _OPTIONAL:
                words.append(DISTRIBUTIONS.get(name, name.replace("_", "-")))
    return declare(blocker, list(dict.fromkeys(words)))


def tokenizer_packages(blocker: Blocker) -> Repair | None:
    """Declares what reads a tokenizer that has no tokenizer.json.

    transformers tries SentencePiece first and tiktoken when that fails for any reason, so its error names the second
    where the first is what is missing.
    """
    facts = blocker.case.environment
    if facts is None or blocker.traceback is None or not blocker.traceback.type.endswith(("ValueError", "ImportError")):
        return None
    if not re.search(r"sentencepiece|tiktoken", blocker.traceback.message, re.IGNORECASE):
        return None
    present = {canonicalize_name(name) for name in facts.packages}
    missing = [name for name in ("sentencepiece", "protobuf", "tiktoken") if name not in present]
    return declare(blocker, missing[:1])


def declare(blocker: Blocker, words: list[str]) -> Repair | None:
    """Adds requirements to the list under [project]; None where none is new or there is no such list."""
    text = blocker.files.get(PYPROJECT, "")
    project = (toml_table(text) or {}).get("project")
    declared = project.get("dependencies") if isinstance(project, dict) else None
    have = set()
    for word in declared if isinstance(declared, list) else []:
        try:
            have.add(canonicalize_name(Requirement(word).name))
        except (InvalidRequirement, TypeError):
            continue
    new = [word for word in words if canonicalize_name(Requirement(word).name) not in have]
    if not new:
        return None
    text = _added(text, new) if isinstance(declared, list) else _begun(text, new)
    if toml_table(text) is None:
        return None
    return Repair(
        kind="undeclared",
        what=f"Declare {', '.join(new)} under [project] dependencies in pyproject.toml.",
        files={PYPROJECT: text},
        begins=StageName.FILES,
    )


def _added(text: str, words: list[str]) -> str:
    found = re.search(r"^dependencies\s*=\s*\[", text, re.MULTILINE)
    if found is None:
        return text
    lines = text[found.end() :].split("\n", 1)
    quoted = [json.dumps(word) for word in words]
    if lines[0].strip() == "" and len(lines) > 1:
        indent = re.match(r"[ \t]*", lines[1])
        lead = indent.group() if indent and not lines[1].lstrip().startswith("]") else "    "
        items = "".join(f"{lead}{word},\n" for word in quoted)
        at = found.end() + len(lines[0]) + 1
        return text[:at] + items + text[at:]
    rest = text[found.end() :]
    return text[: found.end()] + ", ".join(quoted) + (", " if not rest.lstrip().startswith("]") else "") + rest


def _begun(text: str, words: list[str]) -> str:
    header = re.search(r"^\[project\][^\n]*\n", text, re.MULTILINE)
    if header is None:
        return text
    items = "".join(f"    {json.dumps(word)},\n" for word in words)
    return f"{text[: header.end()]}dependencies = [\n{items}]\n{text[header.end() :]}"


def _asked_for(message: str) -> list[str]:
    """What an ImportError's own words ask for."""
    words = [name + (extras or "") for name, extras in _INSTALL.findall(message)]
    if not words:
        words = [name for name in _REQUIRES.findall(message) if "accelerate" in name or name in DISTRIBUTIONS.values()]
    plain = [re.sub(r"[.,'\"`]+$", "", word) for word in words]
    return [word for word in plain if word.split("[")[0].lower() not in _OPTIONAL | {"transformers"}][:1]


def _required_imports(tree: ast.Module) -> list[str]:
    """Top-level names of the imports that nothing guards."""
    names: list[str] = []
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.Try):
            todo += [*node.orelse, *node.finalbody]
            continue
        if isinstance(node, ast.Import):
            names += [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module.split(".")[0])
        todo += list(ast.iter_child_nodes(node))
    return names
