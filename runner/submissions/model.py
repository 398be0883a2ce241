"""The submission as everything behind the readers sees it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, computed_field, model_validator

from runner.submissions.materialise import write_tree
from runner.submissions.slots import RUN_CONFIG_DIR


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Run(_Frozen):
    """One experiment run: its id names its configuration file."""

    run_id: str
    run_config: str
    """YAML text as it was given; whether it parses is for the rules to say."""
    method_name: str | None = None
    model_name: str | None = None
    dataset_name: str | None = None
    extra: dict[str, JsonValue] = Field(default_factory=dict)
    """What else the submission says of the run."""


class Hypothesis(_Frozen):
    """What the experiment is to show, as far as the submission says it."""

    primary_metric: str | None = None
    expected_result: str | None = None
    other: dict[str, JsonValue] = Field(default_factory=dict)


class EarlierReview(_Frozen):
    """The verdict that the submission carries from an earlier reviewer."""

    is_code_ready: bool | None = None
    """None where the text was cut before the verdict."""
    code_issue: str = ""


class Skipped(_Frozen):
    """A file or folder of the repository that is not in `Submission.files`, and why."""

    path: str
    reason: str


class Submission(_Frozen):
    """A submission: text files and runs. Nothing in it depends on the form it came in, save `source`."""

    id: str
    """`submission_id` where given, else the digest's first 16 digits. Not a file name."""
    source: str
    """The word it was loaded from, as given."""
    created_at: datetime | None = None
    """With time zone. Of a commit: the committer's date, when this state came to be (an author's
    date survives rebases and may be older than the code)."""
    files: dict[str, str]
    """Repository path to text, without the run configurations."""
    runs: tuple[Run, ...]
    run_config_dir: str = RUN_CONFIG_DIR
    hypothesis: Hypothesis | None = None
    instructions: str = ""
    """What the code was asked to be: the checklist of the transcript, "" where unknown."""
    review: EarlierReview | None = None
    skipped: tuple[Skipped, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _recompute_digest(cls, data: Any) -> Any:
        # A dump carries the digest; reading it back must not let it be anything but the content's.
        if isinstance(data, dict) and "digest" in data:
            return {key: value for key, value in data.items() if key != "digest"}
        return data

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of all files, run configurations included, and of the run ids."""
        return content_digest(self.tree(), [run.run_id for run in self.runs])

    @property
    def run_ids(self) -> tuple[str, ...]:
        return tuple(run.run_id for run in self.runs)

    @property
    def asks_for_comparison(self) -> bool | None:
        """Whether the code was asked for the aggregated metrics' structure (best runs and gap); None: unknown.

        Older checklists ask for a file of any form. Where the checklist itself is not known, a hypothesis that names
        its primary metric is a newer one's.
        """
        if self.instructions:
            return "best_baseline" in self.instructions
        return True if self.hypothesis is not None and self.hypothesis.primary_metric else None

    def tree(self) -> dict[str, str]:
        """Every file of the repository, run configurations included."""
        configs = {self.run_config_path(run.run_id): run.run_config for run in self.runs}
        return {**self.files, **configs}

    def run_config_path(self, run_id: str) -> str:
        """Where the configuration of `run_id` lies, relative to the repository's root."""
        return f"{self.run_config_dir}/{run_id}.yaml"

    def materialise(self, directory: Path) -> None:
        """Write every file into `directory`, which must be missing or empty.

        Raises FileExistsError when it holds anything, ValueError for a path that may not be written.
        """
        write_tree(self.tree(), directory)


def content_digest(tree: dict[str, str], run_ids: list[str]) -> str:
    """SHA-256 (hexadecimal) of a submission's content, whatever form it came in."""
    canonical = json.dumps(
        {"tree": tree, "run_ids": sorted(run_ids)}, sort_keys=True, ensure_ascii=True, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
