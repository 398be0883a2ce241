"""`make nightly-demo`: bundled submissions as a corpus, twice, with one broken in between.

The second night must report exactly that regression. Exit status 0 if it does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from runner.nightly.night import Change, read_night  # noqa: E402
from tests.submission_cases import load_case  # noqa: E402

NAMES = ("clean", "broken-toml", "comments-only-train", "no-config-name")
BREAKS = "clean"
"""The one that is broken before the second night, with the mistake of another bundled case."""
MISTAKE = "syntax-error"
STAGES = "stages=[files,environment,compose]"


def write(folder: Path, name: str, case_name: str) -> None:
    """A bundled case as a submission of the corpus."""
    case = load_case(ROOT / "tests" / "submissions" / case_name)
    (folder / f"{name}.json").write_text(json.dumps({**case.document(), "submission_id": name}, indent=2))


def nightly(folder: Path, *words: str) -> int:
    """Run the program as a user would."""
    command = [sys.executable, "-m", "runner.cli", "nightly", *words]
    print(f"\n$ sandbox-review {' '.join(command[3:])}", flush=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SANDBOX_REVIEW_STATE": str(folder / "state")}
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("nightly-demo"))
    parser.add_argument("words", nargs="*", metavar="KEY=VALUE")
    options = parser.parse_args()
    folder: Path = options.folder.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    for name in NAMES:
        write(corpus, name, name)
    words = (STAGES, "backend.fallback=process", *options.words)
    if nightly(folder, "corpus", "-o", "first", *words) != 0 or nightly(folder, "accept") != 0:
        return fail("the first night found a regression, or could not be run")
    print(f"\nNow {BREAKS} gets the mistake of {MISTAKE}.")
    write(corpus, BREAKS, MISTAKE)
    status = nightly(folder, "corpus", "-o", "second", *words)
    found = {entry.submission: entry.change for entry in read_night(folder / "second").entries}
    quiet = {Change.UNCHANGED, Change.CHANGED_TIMING}
    changed = {name: change for name, change in found.items() if change not in quiet}
    if status != 1 or changed != {BREAKS: Change.NEW_FAILURE} or set(found) != set(NAMES):
        return fail(f"the second night ended with status {status} and found {changed}")
    print(f"\nThe second night found exactly that regression: {BREAKS}.")
    return 0


def fail(words: str) -> int:
    print(f"\nThe demo failed: {words}.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
