"""The closed vocabularies of a review: one enum each, the same words in code, JSON and documents."""

from __future__ import annotations

from enum import StrEnum


class StageName(StrEnum):
    """The stages of a review, in the order in which they run."""

    FILES = "files"
    ENVIRONMENT = "environment"
    COMPOSE = "compose"
    TRIAL = "trial"
    FULL = "full"
    EVALUATE = "evaluate"


class Status(StrEnum):
    """How a stage attempt ended. The first cause wins: a stage has one status, the one that ended it."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    GPU_OUT_OF_MEMORY = "gpu_out_of_memory"
    DISK_FULL = "disk_full"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"
    STOPPED_OVER_BUDGET = "stopped_over_budget"
    INFRASTRUCTURE_ERROR = "infrastructure_error"
    SKIPPED = "skipped"


class Cause(StrEnum):
    """What kind of mistake a finding is, in the vocabulary of the corpus of real failures."""

    PACKAGING = "packaging"
    HYDRA_CONFIG = "hydra-config"
    IMPORT_NAME = "import-name"
    DATA_PIPELINE = "data-pipeline"
    MODEL = "model"
    DEVICE = "device"
    WANDB = "wandb"
    OPTUNA = "optuna"
    HUB_ASSET = "hub-asset"
    RESOURCE_LIMIT = "resource-limit"
    EVALUATE = "evaluate"
    STRUCTURE = "structure"
    LOGIC = "logic"
    UNCLEAR = "unclear"


class Blame(StrEnum):
    """Who has to act. Only `SUBMISSION` can make a review `not_ready`."""

    SUBMISSION = "submission"
    ASSETS = "assets"
    INFRASTRUCTURE = "infrastructure"


class Confidence(StrEnum):
    """How sure a finding is, most sure first."""

    CONFIRMED = "confirmed"
    """Seen, and seen again at higher fidelity or in a second attempt; or decided by reading alone."""
    OBSERVED = "observed"
    """Seen once."""
    INFERRED = "inferred"
    """Concluded from what was seen."""


class Severity(StrEnum):
    """Whether a failed criterion makes a submission not ready."""

    BLOCKING = "blocking"
    ADVISORY = "advisory"


class CriterionOutcome(StrEnum):
    """What a review says about one criterion."""

    PASS = "pass"
    FAIL = "fail"
    NOT_EXERCISED = "not_exercised"
    """Its evidence could not be gathered; never read as a pass."""
    NOT_APPLICABLE = "not_applicable"


class Verdict(StrEnum):
    """The answer of a review; the exit status of the command follows from it."""

    READY = "ready"
    NOT_READY = "not_ready"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_status(self) -> int:
        """0 ready, 1 not ready, 3 inconclusive (2 is kept for input that cannot be used)."""
        return {Verdict.READY: 0, Verdict.NOT_READY: 1, Verdict.INCONCLUSIVE: 3}[self]


class AssetKind(StrEnum):
    """What kind of thing a submission asks a hub for."""

    MODEL = "model"
    DATASET = "dataset"
    METRIC = "metric"


class Provided(StrEnum):
    """Where an asset that was asked for came from."""

    STAND_IN = "stand-in"
    MIRROR = "mirror"
    LIVE = "live"
    MISSING = "missing"


class ClaimOutcome(StrEnum):
    """What running the code says of an earlier reviewer's claim."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    NOT_DECIDED = "not_decided"


DISPUTED = "evidence disputed"
"""How it is told that the services, the kernel or the processes themselves contradict what the probe says."""
