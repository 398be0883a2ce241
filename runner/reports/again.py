"""The command that makes the same review again."""

from __future__ import annotations

import shlex

from runner.review import Review

_AS_OF = "env.resolved_as_of"


def command(review: Review) -> str:
    """What to type, quoted for a shell: the submission, every word that was given, and what the program chose itself.

    That is the backend where none was named, and the date of the packages: the submission may be given a newer one, and
    the words `submission` and `now` mean another day then.
    """
    environment = review.environment
    words = [word for word in environment.overrides if word != "backend=auto"]
    if not any(word.startswith("backend=") for word in words):
        words.append(f"backend={environment.backend}")
    if environment.resolved_as_of is not None:
        words = [word for word in words if not word.startswith(f"{_AS_OF}=")]
        words.append(f"{_AS_OF}={environment.resolved_as_of.isoformat()}")
    return shlex.join(["sandbox-review", review.submission.source, *words])
