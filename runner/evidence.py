"""Facts that stages gather, append-only. Nothing here judges; rules read these classes and run nothing.

One `Evidence` is written per attempt as `stages/<n>-<stage>[-<run_id>]/<attempt>/evidence.json`, so that
`sandbox-review judge` can judge again without running anything.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticSerializationError

from runner.evaluation_facts import EvaluateFacts
from runner.probe_facts import ProbeFacts
from runner.review import Traceback
from runner.vocabulary import Provided, StageName, Status


class _Facts(BaseModel):
    # As strings: a loss that is no number must be readable again.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class FileProblem(_Facts):
    """A file that cannot be read as what it claims to be."""

    file: str
    line: int | None = None
    kind: Literal["syntax", "duplicate_key", "not_a_mapping", "empty", "placeholder"]
    message: str


class FilesFacts(_Facts):
    """What reading the files, and running nothing, shows."""

    kind: Literal["files"] = "files"
    files: list[str]
    problems: list[FileProblem] = []
    wandb: dict[str, str | None] = {}
    """`entity` and `project` of config/config.yaml, None where absent; empty if that file is unreadable."""
    wandb_line: int | None = None
    run_ids_in_yaml: dict[str, str | None] = {}
    """run id of the submission -> the `run_id` that its YAML gives."""


class PackagingFailure(_Facts):
    """Why the project's environment could not be made, in uv's or the build backend's own words."""

    step: Literal["parse", "resolve", "download", "install", "build-dependency", "build-project"]
    message: str
    line: int | None = None
    """Line of pyproject.toml, where the message names one."""
    package: str | None = None
    reproducible: bool = True
    """False where this machine, not the project, may be the reason (network, Python version, compiler)."""


class EnvironmentFacts(_Facts):
    """How the environment was made and what is in it."""

    kind: Literal["environment"] = "environment"
    failure: PackagingFailure | None = None
    has_project_table: bool = False
    packages: dict[str, str] = {}
    """Installed distributions: name -> version."""
    packages_digest: str = ""
    modules: list[str] = []
    """Top-level names that can be imported from it, without the standard library."""
    python: str = ""
    torch: str = ""
    """Where torch came from: "resolved", or the build that was put in its place."""
    built_from_source: list[str] = []
    """Packages whose wheels were built here, in this review or an earlier one, as the index has none."""
    project_installed: bool = False


class ImportFailure(_Facts):
    """A module of src/ that could not be imported."""

    module: str
    traceback: Traceback


class Composition(_Facts):
    """What Hydra made of one run id's command line, for one entry point."""

    module: str
    """The module whose `@hydra.main` was asked, such as src.main."""
    run_id: str
    ok: bool
    config: str = ""
    """The composed configuration as YAML, if it composed."""
    line: int | None = None
    """Of the decorator."""
    names_config: bool = True
    """Whether the decorator names a configuration."""
    absent_keys: list[str] = []
    """Keys of the command line that the configuration does not have."""
    errors: list[str] = []
    """Every problem met, first one first; later ones were seen after the earlier overrides were appended."""
    exception: Traceback | None = None


class Refusal(_Facts):
    """What src/main.py did with a mode that does not exist."""

    mode: str
    outcome: Literal["refused", "accepted", "unclear"]
    message: str = ""
    """The error that refused it, what the experiment asked for first, or why neither was seen."""


class ComposeFacts(_Facts):
    """Imports of every module of src/ and the configuration of every run id."""

    kind: Literal["compose"] = "compose"
    imported: list[str] = []
    import_failures: list[ImportFailure] = []
    compositions: list[Composition] = []
    without_hydra: list[str] = []
    """Entry points in which no `@hydra.main` was found."""
    unknown_mode: Refusal | None = None
    """None where it was not tried."""
    finished: bool = False
    """Whether the whole list was worked off."""


class HubRequest(_Facts):
    """What was asked of the hub during an attempt, summed up per asset."""

    kind: Literal["model", "dataset", "metric"]
    id: str
    provided: Provided
    inferred: bool = False
    requests: int = 1
    reason: str = ""
    """For what is missing: not in the catalogue, no such repository, gated, build failure."""
    detail: str = ""
    """What its source said of it, for a reader."""
    real_sizes: list[int] = []
    """Sizes of the real model that its stand-in does not have."""
    rows: list[tuple[int, int]] = []
    """Of a data set's stand-in: how many rows it has and how many the real split, for every split that is shorter."""
    configs: list[str] = []
    """Of a data set's stand-in that lacks configurations of the real one: those that it has."""
    lacking: list[str] = []
    """Files and revisions that were asked of a stand-in and that it does not have; the real one may."""


class WandbContact(_Facts):
    """What was asked of the W&B mock during an attempt."""

    calls: int
    runs: list[str] = []
    """entity/project/id of every run that was opened."""
    problem: str = ""
    """A failure of the mock's own; what it does not have may then have been meant for it."""


RESULTS = "results"
"""results_dir, below the repository's root in the sandbox."""


class OutputFile(_Facts):
    """A file that an attempt wrote, path relative to the repository root (or to HOME, as ~/…)."""

    path: str
    bytes: int


class ExperimentFacts(_Facts):
    """What one command of the experiment did, in either mode."""

    work: dict[str, float] = {}
    """Counters of the probe, summed over the processes of the attempt; empty if it saw nothing."""
    probe: ProbeFacts | None = None
    """What the probe saw; None where it was not there."""
    changed_sources: list[str] = []
    stdout_empty: bool = False
    printed_documents: list[list[str]] = []
    """For every JSON object that was printed and holds numbers: their keys."""
    device_served: list[str] = []
    """What the device stand-in served, where it was switched on."""
    printed_failure: Traceback | None = None
    """The failure that the output tells of, though the command ended with exit code 0 and no model was at work."""


class TrialFacts(ExperimentFacts):
    """What the exact trial command did."""

    kind: Literal["trial"] = "trial"


class LoggedRun(_Facts):
    """One run as the W&B mock has it; its numbers stay in the store, `wandb.db` beside the evidence."""

    entity: str
    project: str
    id: str
    mode: str
    """online; offline if it was logged offline and synced later."""
    state: str
    rows: int
    """Rows of the history."""
    keys: dict[str, int] = {}
    """Metric -> rows of the history that have it."""
    summary: list[str] = []
    """Keys of the summary, without W&B's own; nested ones dotted, as in the history."""
    config: list[str] = []
    """Top-level keys of the run's configuration, without W&B's own."""


class Lowered(_Facts):
    """A value that the full stage lowered in its copy of a run's configuration."""

    key: str
    """Dotted."""
    line: int
    was: int
    now: int


class FullFacts(ExperimentFacts):
    """What the full command did, cut short."""

    kind: Literal["full"] = "full"
    runs: list[LoggedRun] = []
    """W&B runs in the mock, oldest first."""
    lowered: list[Lowered] = []
    folders: list[str] = []
    """Folders that it left below results_dir, relative to it."""


Facts = Annotated[
    FilesFacts | EnvironmentFacts | ComposeFacts | TrialFacts | FullFacts | EvaluateFacts, Field(discriminator="kind")
]


class Evidence(_Facts):
    """One attempt of one stage."""

    stage: StageName
    run_id: str | None = None
    attempt: int = 1
    step: int = 0
    """Repairs that the copy had when this attempt ran; 0: the submission as it is."""
    fidelity: str = "small"
    """Which assets it was given: small or wide stand-ins, or the mirror's."""
    status: Status
    status_evidence: str = ""
    """By which fact the status was decided."""
    command: list[str] = []
    exit_code: int | None = None
    signal: int | None = None
    wall_seconds: float = 0.0
    cpu_seconds: float | None = None
    peak_memory_mb: float | None = None
    peak_gpu_memory_mb: float | None = None
    directory: str = ""
    """Relative to the review's directory."""
    traceback: Traceback | None = None
    """The root one: the first cause, not the launcher's complaint about its child."""
    stderr_tail: str = ""
    outputs: list[OutputFile] = []
    hub: list[HubRequest] = []
    wandb: WandbContact | None = None
    """None where no W&B server could be reached."""
    bypasses: list[str] = []
    facts: Facts | None = None


def writable(evidence: Evidence) -> Evidence:
    """The evidence as it is, or with halves of surrogate pairs escaped, which no UTF-8 file can hold.

    Names of keys and files come from the code under review, and can be made of them.
    """
    try:
        evidence.model_dump_json()
    except (PydanticSerializationError, UnicodeEncodeError):
        return Evidence.model_validate(_escaped(evidence.model_dump()))
    return evidence


def _escaped(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case dict():
            return {_escaped(key): _escaped(item) for key, item in value.items()}
        case list():
            return [_escaped(item) for item in value]
        case _:
            return value
