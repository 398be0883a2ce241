"""Getting a submission in: every accepted form becomes one `Submission`, or one message naming every problem.

`load(word)` recognises the form. The readers gather what a form holds into `Parts`; `assemble` checks
all of it together, so that one message can list the problems of the file, its paths and its runs.
"""

from runner.submissions.errors import SubmissionError, UnreadableError
from runner.submissions.export import to_json
from runner.submissions.load import load
from runner.submissions.model import EarlierReview, Hypothesis, Run, Skipped, Submission
from runner.submissions.schema import submission_schema

__all__ = [
    "EarlierReview",
    "Hypothesis",
    "Run",
    "Skipped",
    "Submission",
    "SubmissionError",
    "UnreadableError",
    "load",
    "submission_schema",
    "to_json",
]
