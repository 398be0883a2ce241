"""Imports every module of src/ and lets Hydra compose every run id's configuration; trains nothing.

Runs as `uv run python compose.py SPEC.json RESULT.jsonl`, with the repository as working directory. One line of JSON is
written per fact as it is gathered, so that a crash loses only what comes after. Standard library only.
"""

import ast
import contextlib
import io
import json
import os
import re
import runpy
import signal
import sys
import tempfile
import traceback
from pathlib import Path

MAX_OVERRIDES_APPENDED = 6
COMPOSE_SECONDS = 60
UNKNOWN_MODE_SECONDS = 25
"""For src.main to refuse a mode, or to ask for the first asset."""
_HOMES = ("hydra", "hydra.main")
"""Modules that have Hydra's decorator."""


def main(spec_path, result_path):
    """Work off the specification: imports first (they warm the process up), then compositions in forked children."""
    spec = json.loads(Path(spec_path).read_text(encoding="utf-8"))
    sys.path[0] = os.getcwd()  # as `python -m` has it
    with Path(result_path).open("a", encoding="utf-8") as out:
        report = _Report(out)
        for module in spec["modules"]:
            _import(module, report)
        composed = False
        for entry in spec["entries"]:
            decorator = _hydra_main(entry)
            if decorator is None:
                report.write(fact="without_hydra", module=entry)
                continue
            names = "config_name" in decorator["keywords"]
            for run_id, overrides in spec["command_lines"].items():
                made = _compose(entry, overrides)
                composed = composed or made["ok"]
                report.write(
                    fact="composition", module=entry, run_id=run_id, line=decorator["line"], names_config=names, **made
                )
        tried = spec.get("unknown_mode")
        if tried and composed:
            answer = _with_unknown_mode(tried["entry"], tried["words"], tried["mode"])
            report.write(fact="unknown_mode", mode=tried["mode"], **answer)
        report.write(fact="finished")


class _Report:
    def __init__(self, out):
        self._out = out

    def write(self, **fact):
        self._out.write(json.dumps(fact) + "\n")
        self._out.flush()


def _import(module, report):
    # Each import prints what it likes; the host reads tracebacks from the result, not from the streams.
    report.write(fact="importing", module=module)
    try:
        __import__(module)
    except BaseException as error:  # sys.exit() at import time is a failed import too
        if isinstance(error, (KeyboardInterrupt, MemoryError)):
            raise
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        report.write(fact="import_failure", module=module, traceback=text[-20000:])
    else:
        report.write(fact="imported", module=module)


def _hydra_main(module):
    """Line and keyword names of the module's hydra.main decorator, None if it has none; by reading alone."""
    path = Path(*module.split(".")).with_suffix(".py")
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    spellings = hydra_main_spellings(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in node.decorator_list:
                call = isinstance(decorator, ast.Call)
                if ast.unparse(decorator.func if call else decorator) in spellings:
                    keywords = [keyword.arg for keyword in decorator.keywords] if call else []
                    # hydra.main(config_path, config_name, ...): positions count, too.
                    keywords += ["config_path", "config_name"][: len(decorator.args)] if call else []
                    return {"line": decorator.lineno, "keywords": keywords}
    return None


def hydra_main_spellings(tree):
    """How a module may spell `hydra.main`: so, or by the names that its imports give it. Rules and repairs ask, too."""
    found = {"hydra.main"}
    for node in ast.walk(tree):
        for alias in node.names if isinstance(node, (ast.Import, ast.ImportFrom)) else ():
            if isinstance(node, ast.Import) and alias.name == "hydra":
                found.add(f"{alias.asname or alias.name}.main")
            elif isinstance(node, ast.ImportFrom) and node.module in _HOMES and alias.name == "main":
                found.add(alias.asname or alias.name)
    return found


def _compose(module, overrides):
    """Ask `python -m module overrides --cfg job` what it makes of the command line.

    `--cfg job` makes Hydra print the configuration instead of calling the function. Where an override is refused
    because its key does not exist, the next attempt appends it (`+key=value`), to see what else is wrong.
    """
    words, errors, absent = list(overrides), [], []
    for _ in range(MAX_OVERRIDES_APPENDED):
        answer = _in_child(module, words)
        if answer["ok"]:
            return _composed(not errors, answer["stdout"], errors, absent)
        errors.append(answer["error"])
        refused = [word for word in words if f"Could not override '{word.split('=')[0]}'" in answer["error"]]
        if not refused:
            return _composed(False, "", errors, absent, answer["traceback"])
        absent += [word.split("=")[0] for word in refused]
        words = [f"+{word}" if word in refused else word for word in words]
    return _composed(False, "", errors, absent)


def _composed(ok, config, errors, absent, trace=""):
    return {"ok": ok, "config": config, "errors": errors, "absent_keys": absent, "traceback": trace}


def _in_child(module, words):
    """Ask for the configuration in a forked child."""
    answer, status = _forked(COMPOSE_SECONDS, lambda _: _run_as_main(module, [*words, "--cfg", "job"]))
    if answer is not None:
        return answer
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return _answer(False, "", f"composing took longer than {COMPOSE_SECONDS} s", "")
    return _answer(False, "", f"the process ended with wait status {status}", "")


def _forked(seconds, run):
    """What `run` returns in a forked child, and the child's wait status; None where it returned nothing.

    Forked, so that Hydra's global state and whatever the module does leave no trace. `run` is given a function that
    ends the child with an answer at once.
    """
    handle, path = tempfile.mkstemp()  # not a pipe: what the module leaves running would keep it open
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        signal.alarm(seconds)

        def end(answer):
            os.write(handle, json.dumps(answer).encode())
            os._exit(0)

        end(run(end))
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)  # what it started
    os.close(handle)
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    os.unlink(path)
    try:
        return json.loads(text), status
    except ValueError:
        return None, status


def _with_unknown_mode(module, words, mode):
    """Run the module with a mode that does not exist, until it refuses it or begins the experiment.

    The experiment begins with the first connection (an asset, W&B) or backward pass; nothing is trained.
    """

    def run(end):
        _at_the_beginning(lambda what: end({"outcome": "accepted", "message": what}))
        answer = _run_as_main(module, words)
        # Hydra, or the error of a child process, repeats the command line, which is no refusal.
        printed = [line for line in answer["stderr"].splitlines() if "with overrides" not in line]
        said = "\n".join([answer["error"], *printed]).replace("mode=" + mode, "")
        if not answer["ok"] and (re.search(r"\bmode\b", said, re.IGNORECASE) or mode in said):
            return {"outcome": "refused", "message": answer["error"][:2000]}
        how = f"it ended otherwise: {answer['error']}" if not answer["ok"] else "it ended without doing anything"
        return {"outcome": "unclear", "message": how[:2000]}

    answer, _ = _forked(UNKNOWN_MODE_SECONDS, run)
    return answer or {"outcome": "unclear", "message": f"nothing was seen in {UNKNOWN_MODE_SECONDS} s"}


def _at_the_beginning(tell):
    """Call `tell` with what happened, once the experiment begins."""

    def hook(event, args):
        if event == "socket.connect" and isinstance(args[1], tuple):
            tell("the first connection was asked for")

    sys.addaudithook(hook)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.autograd.backward = lambda *_, **__: tell("the first backward pass began")


def _run_as_main(module, words):
    stdout, stderr = io.StringIO(), io.StringIO()
    sys.argv = [module, *words]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    trace = ""
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        ok = True
    except SystemExit as end:
        ok = end.code in (None, 0)
        error = stderr.getvalue() or f"exit status {end.code}"
    except BaseException as problem:
        ok = False
        error = _hydra_words(problem)
        trace = traceback.format_exc()
    return {**_answer(ok, stdout.getvalue(), "" if ok else error, trace), "stderr": stderr.getvalue()[-4000:]}


def _hydra_words(problem):
    """What Hydra itself would print: the exception's message, and its cause's."""
    words = [f"{type(problem).__name__}: {problem}" if not str(problem) else str(problem)]
    cause = problem.__cause__
    if cause is not None and str(cause) not in words[0]:
        words.append(str(cause))
    return "\n".join(words)


def _answer(ok, stdout, error, trace):
    return {"ok": ok, "stdout": stdout[:200000], "error": error[-8000:], "traceback": trace[-20000:]}


if __name__ == "__main__":
    main(*sys.argv[1:3])
