"""`sandbox-review-ci`: tell a CI what a review or a night found. Runs nothing and changes nothing in the review.

sandbox-review-ci github DIR --submission WORD --status N    annotations on stdout, step summary, step outputs, SARIF
sandbox-review-ci gitlab DIR --submission WORD               DIR/ci/gl-code-quality.json
sandbox-review-ci night DIR                                  step summary of a night
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from runner.ci import github, gitlab, night
from runner.ci.places import checkout
from runner.nightly.night import read_night
from runner.reports.wording import headline
from runner.review import Review

UNUSABLE = 2
_MEANING = {2: "the submission or the command line cannot be used", 3: "something of the runner failed"}


def main(words: Sequence[str] | None = None, variables: Mapping[str, str] = os.environ) -> int:
    """Returns 0, whatever the review's verdict is;."""
    parser = argparse.ArgumentParser(prog="sandbox-review-ci", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("platform", choices=list(_COMMANDS))
    parser.add_argument("directory", type=Path, help="of the review or the night")
    parser.add_argument("--submission", default=".", help="what was reviewed, as the command line named it")
    parser.add_argument("--status", type=int, default=0, help="exit status of the review")
    options = parser.parse_args(words)
    return _COMMANDS[options.platform](options, variables)


def _github(options: argparse.Namespace, variables: Mapping[str, str]) -> int:
    review = _review(options.directory)
    where = checkout(options.submission, Path(variables.get("GITHUB_WORKSPACE", ".")))
    outputs: dict[str, str | int] = {"status": options.status, "directory": str(options.directory)}
    if review is None:
        why = f"No review was made: {_MEANING.get(options.status, f'exit status {options.status}')}. See the log."
        print(github.command("error", why, title="sandbox-review"))
        text = f"# No review was made\n\n{why}\n"
        outputs |= {"verdict": "", "sarif": ""}
    else:
        for line in github.annotate(review, where):
            print(line)
        print(headline(review))
        text = review.summary
        sarif = _write(options.directory, "review.sarif", _sarif(options.directory, where))
        outputs |= {"verdict": review.verdict.value, "sarif": str(sarif)}
    if "GITHUB_STEP_SUMMARY" in variables:
        github.append_summary(Path(variables["GITHUB_STEP_SUMMARY"]), text)
    if "GITHUB_OUTPUT" in variables:
        github.append_outputs(Path(variables["GITHUB_OUTPUT"]), outputs)
    return 0


def _gitlab(options: argparse.Namespace, variables: Mapping[str, str]) -> int:
    review = _review(options.directory)
    where = checkout(options.submission, Path(variables.get("CI_PROJECT_DIR", ".")))
    text = "[]\n" if review is None else gitlab.code_quality(review, where)
    print(_write(options.directory, "gl-code-quality.json", text))
    return 0


def _night(options: argparse.Namespace, variables: Mapping[str, str]) -> int:
    try:
        text = night.summary(read_night(options.directory))
    except (OSError, ValueError) as error:
        text = f"# Nothing is known of this night\n\nIt left no night.json that can be read ({type(error).__name__}).\n"
    if "GITHUB_STEP_SUMMARY" in variables:
        github.append_summary(Path(variables["GITHUB_STEP_SUMMARY"]), text)
    else:
        print(text)
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace, Mapping[str, str]], int]] = {
    "github": _github,
    "gitlab": _gitlab,
    "night": _night,
}


def _review(directory: Path) -> Review | None:
    """The review in a directory; None where it came to none."""
    try:
        return Review.model_validate_json((directory / "review.json").read_text("utf-8"))
    except (OSError, ValidationError):
        return None


def _sarif(directory: Path, where: github.Checkout) -> str:
    return github.sarif_of_checkout((directory / "review.sarif").read_text("utf-8"), where)


def _write(directory: Path, name: str, text: str) -> Path:
    """Into `ci/` of the review's directory: what the review itself wrote stays as it is."""
    path = directory / "ci" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def entry() -> None:
    """The console script."""
    sys.exit(main())
