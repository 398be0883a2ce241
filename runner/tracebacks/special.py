"""Failures that say what is wrong without a Python traceback: Hydra's short form, the interpreter's own, crashes."""

from __future__ import annotations

import re

from runner.tracebacks.lines import is_noise, line_at
from runner.tracebacks.sections import Section, frame_at

HYDRA_FOOTER = "Set the environment variable HYDRA_FULL_ERROR=1"
FATAL = "Fatal Python error: "
TERMINATE = "terminate called after throwing an instance of "
USAGE_ERROR = ": error: "
NO_MODULE = ": No module named "
NO_FILE = ": can't open file "
NO_SPEC = ": Error while finding module specification for "

_REACH = 8000
"""Characters before or behind a mark that can belong to it."""

_HYDRA_TYPES = (
    (r"Cannot find primary config|Primary config (?:module|directory)|In '[^']*': Could not find|"
     r"In '[^']*': Could not load", "hydra.errors.MissingConfigException"),
    (r"Error parsing override|mismatched input|LexerNoViableAltException|no viable alternative|extraneous input",
     "hydra.errors.OverrideParseException"),
    (r"Missing mandatory value", "omegaconf.errors.MissingMandatoryValue"),
    (r"Interpolation key|InterpolationKeyError", "omegaconf.errors.InterpolationKeyError"),
    (r"Could not (?:override|append|delete|process)|Key '[^']*' is not in struct|You must specify|"
     r"In '[^']*'|Multiple values for|Error merging|Config .*already", "hydra.errors.ConfigCompositionException"),
)  # fmt: skip
_HYDRA_START = re.compile("|".join(f"(?:{pattern})" for pattern, _ in _HYDRA_TYPES))
_CRASH_FRAME = re.compile(r'^\s+File "(?P<file>.+?)", line (?P<line>\d+) in (?P<function>.+?)\s*$')
_USAGE_ERROR = re.compile(r"^(?P<program>\S+): error: (?P<message>.+)$")
_PYTHON = re.compile(r"^\S*python[\d.]*: (?P<message>.+)$")


def hydra_error(text: str, floor: int, at: int, after_traceback: bool) -> Section | None:
    """Read the lines that Hydra prints instead of a traceback; `at` is its footer, `floor` where they begin at most.

    None where the footer belongs to a traceback that stands right before it.
    """
    lines = text[max(floor, at - _REACH) : at].split("\n")[-60:]
    lines = [line.rstrip() for line in lines if not is_noise(line)]
    first = next((n for n, line in enumerate(lines) if _HYDRA_START.search(line)), None)
    if first is None:
        if after_traceback:
            return None
        filled = [n for n, line in enumerate(lines) if line.strip()]
        if not filled:
            return None
        first = filled[-1]
        while first > 0 and lines[first - 1].strip():
            first -= 1
    message = "\n".join(lines[first:]).strip()
    kind = next((name for pattern, name in _HYDRA_TYPES if re.search(pattern, message)), "HydraError")
    return Section(type=kind, message=message)


def crash(text: str, at: int, root: str) -> tuple[Section, int]:
    """Read what faulthandler prints: the reason, then the current thread's frames, deepest first."""
    cursor = line_at(text, at)
    assert cursor is not None
    section = Section(type="FatalError", message=cursor.line.strip())
    position, in_current = cursor.next, False
    for _ in range(400):
        ahead = line_at(text, position)
        if ahead is None or ahead.line.startswith(("Extension modules", FATAL)) or "Traceback (most" in ahead.line:
            break
        if ahead.line.startswith(("Current thread ", "Thread ", "Stack (most recent call first)")):
            in_current = not ahead.line.startswith("Thread ")
        elif frame := _CRASH_FRAME.match(ahead.line):
            if in_current:
                found = frame_at(frame["file"], int(frame["line"]), frame["function"], "", root)
                section.frames.insert(0, found)
        elif ahead.line.strip() and not ahead.line.startswith((" ", "Python runtime state")):
            break
        elif "finalizing" in ahead.line:
            section.at_exit = True
        position = ahead.next
    return section, position


def terminate(text: str, at: int) -> tuple[Section, int]:
    """Read what the C++ runtime prints when nobody caught an exception."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    message = f"{TERMINATE}{text[at:end]}".strip()
    what = text.find("what():", end, end + 200)
    if what >= 0:
        end = text.find("\n", what)
        end = len(text) if end < 0 else end
        message = f"{message}\n{text[what:end].strip()}"
    return Section(type="FatalError", message=message[:4000]), end


def usage_error(text: str, floor: int, line_start: int) -> Section | None:
    """Read argparse's complaint; only under a `usage:` of its own."""
    cursor = line_at(text, line_start)
    found = cursor and _USAGE_ERROR.match(cursor.line)
    if not found or text.rfind("usage: ", max(floor, line_start - _REACH), line_start) < 0:
        return None
    return Section(type="SystemExit", message=found.group().strip())


def startup_error(text: str, line_start: int) -> Section | None:
    """Read why the interpreter did not start the module or script that it was given."""
    cursor = line_at(text, line_start)
    found = cursor and _PYTHON.match(cursor.line)
    if not found:
        return None
    message = found["message"].strip()
    if message.startswith("No module named") or "ModuleNotFoundError" in message:
        return Section(type="ModuleNotFoundError", message=message)
    if "Error while finding module specification" in message:
        # "... for 'src.train' (ValueError: the reason)"
        inner = re.search(r"\((\w+): (.*)\)$", message)
        return Section(type=inner[1] if inner else "ImportError", message=message)
    if message.startswith("can't open file"):
        return Section(type="FileNotFoundError", message=message)
    return None
