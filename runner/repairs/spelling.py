"""Rung: one-word slips that only wiring is lost by: a keyword as an attribute, a library's renamed argument."""

from __future__ import annotations

import ast
import keyword
import re

from runner.repairs.base import Blocker, Repair
from runner.repairs.python_text import Edit, read
from runner.source_text import without_mark
from runner.vocabulary import StageName

_KEYWORD_ATTRIBUTE = re.compile(rf"(?<=[\w\])])\.({'|'.join(keyword.kwlist)})\b(?!\s*(?:\())")

RENAMED = {
    ("TrainingArguments", "evaluation_strategy"): "eval_strategy",
    ("Seq2SeqTrainingArguments", "evaluation_strategy"): "eval_strategy",
    ("TrainingArguments", "no_cuda"): "use_cpu",
    ("Trainer", "tokenizer"): "processing_class",
    ("Seq2SeqTrainer", "tokenizer"): "processing_class",
    ("SFTTrainer", "tokenizer"): "processing_class",
    ("load_dataset", "use_auth_token"): "token",
    ("from_pretrained", "use_auth_token"): "token",
    ("OneHotEncoder", "sparse"): "sparse_output",
}
"""Callable and argument -> the name that the library has since given it; the value means the same.

Names that a library never had are mistakes about the experiment, and stay.
"""

_UNEXPECTED = re.compile(r"(?:(\w+)\.)?(\w+)\(\) got an unexpected keyword argument '(\w+)'")


def keyword_attribute(blocker: Blocker) -> Repair | None:
    """`cfg.gains.global` as `cfg.gains["global"]`: a configuration may have keys that Python keeps for itself."""
    trace = blocker.traceback
    if trace is None or not trace.type.endswith("SyntaxError") or trace.file is None:
        return None
    text = blocker.files.get(trace.file, "")
    new = text
    for _ in range(50):
        try:
            ast.parse(without_mark(new))
        except SyntaxError as error:
            lines = new.split("\n")
            number = (error.lineno or 0) - 1
            if not 0 <= number < len(lines):
                return None
            line = _KEYWORD_ATTRIBUTE.sub(lambda found: f'["{found[1]}"]', lines[number])
            if line == lines[number]:
                return None
            lines[number] = line
            new = "\n".join(lines)
        except ValueError:
            return None
        else:
            break
    if new == text or read(new) is None:
        return None
    what = f'Read keys that are Python keywords by ["…"] in {trace.file}.'
    return Repair(kind="keyword-attribute", what=what, files={trace.file: new}, begins=StageName.FILES)


def renamed_argument(blocker: Blocker) -> Repair | None:
    """An argument that a library has under another name."""
    trace = blocker.traceback
    if trace is None or not trace.type.endswith("TypeError") or trace.file is None:
        return None
    found = _UNEXPECTED.search(trace.message)
    source = read(blocker.files.get(trace.file, ""))
    if found is None or source is None:
        return None
    called = found[1] if found[2] in ("__init__", "__new__") and found[1] else found[2]
    right = RENAMED.get((called, found[3]))
    if right is None:
        return None
    edits: list[Edit] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == called:
            given = {word.arg for word in node.keywords}
            for word in node.keywords:
                if word.arg == found[3] and right not in given:
                    start = source.offset(word.lineno, word.col_offset)
                    edits.append((start, start + len(found[3]), right))
    if not edits:
        return None
    what = f"{called} calls its argument {found[3]} {right}: rename it in {trace.file}."
    return Repair(
        kind="renamed-argument", what=what, files={trace.file: source.edited(edits)}, begins=blocker.draft.stage
    )
