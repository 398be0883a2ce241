"""What the probe saw of one attempt, folded from its events over all processes. Facts only; rules judge them.

Every list is bounded, and `cut` says so where one was. A place is the innermost frame of the submission's own files, as
a path relative to the repository's root.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

MODEL_WORK = ("forward", "generate_calls", "backward", "optimizer_steps", "other_framework")
"""Counters of which one is above zero wherever a model is at work."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Place(_Facts):
    """Where in the submission something happened; both None where no frame of it was on the stack."""

    file: str | None = None
    line: int | None = None


class Process(_Facts):
    """One Python process of the attempt."""

    pid: int
    parent: int
    command: str
    """Its argv, shortened."""
    ended: bool = False
    """Whether it said goodbye; a process that was killed or left by os._exit did not."""
    left: bool = False
    """Whether it left by os._exit, and told before what it had used."""
    disabled: str = ""
    """Why the probe could not see all of it: a hook that was replaced, a library that could not be watched."""


class Pass(_Facts):
    """One iteration over one DataLoader (or any loader built on it), in one process."""

    pid: int
    dataset: str
    """Class of the data set behind it, and a number that is the same for the same object."""
    length: int | None = None
    """Batches that a whole pass would have, where known."""
    delivered: int = 0
    train_batches: int = 0
    """Batches that were followed by a backward pass before the next one was asked for."""
    eval_batches: int = 0
    """Batches that were followed by a forward pass with gradients off and by no backward pass."""
    forward_only: int = 0
    """Batches that were followed by forward passes with gradients on and by no backward pass."""
    place: Place = Place()


class Phase(_Facts):
    """What runs between two switches from training to evaluation or back, in one process."""

    pid: int
    kind: Literal["train", "eval"]
    batches: int
    """Of loaders; for `eval` a `generate` call outside a loader's batch counts as one."""
    forwards_without_loader: int = 0
    """Outermost forward passes that belong to no loader's batch and no `generate` call."""
    passes: int = 0
    """Passes over loaders that its batches came from: 2 where a validation and a test set are evaluated in a row."""
    place: Place = Place()


class OptimizerUse(_Facts):
    """One optimizer object."""

    pid: int
    name: str
    """Its class."""
    parameters: int
    """Tensors in its groups when it first stepped."""
    steps: int = 0
    steps_without_gradient: int = 0
    """Steps before which not one of its parameters had a gradient."""
    steps_at_zero_rate: int = 0
    """Steps with a learning rate of 0 in every group: a warm-up's first step."""
    changed: bool | None = None
    """Whether any parameter was seen to change; None where it was not looked at."""
    place: Place = Place()
    """Of the first step."""


class Losses(_Facts):
    """Values passed to backward by one process."""

    pid: int
    count: int = 0
    looked_at: int = 0
    """How many values were read: all of the first ones, then samples."""
    first: list[float] = []
    """The first eight values; not a number and infinity as such."""
    nan: int = 0
    infinite: int = 0
    """Without those that a gradient scaler had scaled."""
    first_bad: Place | None = None
    first_bad_number: int | None = None
    """Number of the backward call, from 1."""


class Model(_Facts):
    """A module whose forward was called from outside of any other module."""

    pid: int
    name: str
    """Class, with its module."""
    parameters: int
    trainable: int
    forwards: int = 0
    forwards_without_gradients: int = 0
    devices: list[str] = []
    place: Place = Place()


class Load(_Facts):
    """A call for an asset (load_dataset, from_pretrained, evaluate.load and their kin); the outermost one only."""

    pid: int
    api: str
    """For example datasets.load_dataset, transformers.AutoModelForCausalLM.from_pretrained."""
    kind: Literal["model", "dataset", "metric", "other"]
    id: str
    config: str = ""
    """Name of the data set's configuration, where one was given."""
    error_type: str = ""
    error: str = ""
    swallowed: bool = False
    """It raised, and the process went on past the caller."""
    place: Place = Place()


class WandbUse(_Facts):
    """What a process asked of the wandb package, whatever became of it."""

    pid: int
    call: Literal["init", "login", "api"]
    mode: str = ""
    entity: str = ""
    project: str = ""
    id: str = ""
    searching: bool = False
    """Whether Optuna was running a trial."""
    place: Place = Place()


class OptunaUse(_Facts):
    """Studies of one process."""

    pid: int
    studies: int = 0
    trials: int = 0
    sampled: list[str] = []
    """Names of the parameters that trials suggested."""
    place: Place = Place()
    """Of the first trial, else of the first study."""


class Sampled(_Facts):
    """A value that a search suggested and that was then written to a configuration."""

    pid: int
    name: str
    """The parameter's name."""
    written: list[str] = []
    """Dotted keys that it was written to."""
    read: list[str] = []
    """Keys of the same last part that were read afterwards, during the search, and held it."""
    read_otherwise: list[str] = []
    """Keys of the same last part that were read afterwards, during the search, and held another value."""
    place: Place = Place()
    """Of the first write."""


class Configuration(_Facts):
    """Hydra's resolved configuration as one process's task function got it, and which leaves of it were read."""

    pid: int
    resolved: str
    """As YAML, with what can be resolved resolved."""
    reads: list[str] = []
    """Dotted keys that the submission's code (not Hydra, OmegaConf or a printer) read one by one."""
    read_whole: list[Place] = []
    """Where the whole, or a branch of it, was turned into plain containers or text: what became of it is unknown."""
    whole_keys: list[str] = []
    """Dotted keys of those branches, "" for the whole."""
    opened: list[str] = []
    """YAML files below the repository that the submission or OmegaConf opened after composition, relative paths."""


class Written(_Facts):
    """A file opened for writing."""

    pid: int
    path: str
    """Relative to the repository's root, or to HOME as ~/…; absolute elsewhere. Library caches are listed by folder."""
    place: Place = Place()


class Started(_Facts):
    """A program that was started."""

    pid: int
    command: str
    python: bool = False
    """Whether it is an interpreter, whose process speaks for itself."""
    evaluates: bool = False
    """Whether its command line runs the evaluation script."""
    place: Place = Place()


class Contact(_Facts):
    """An attempt to reach the network, except the services of the review."""

    pid: int
    host: str
    port: int | None = None
    place: Place = Place()


class Masked(_Facts):
    """A cross-entropy whose targets were all the ignored index, or empty."""

    pid: int
    calls: int
    of_calls: int
    """Calls looked at in that process, with gradients on."""
    place: Place = Place()


class Printed(_Facts):
    """Values that a process printed or logged as results and that are no numbers: key (or "") and the text."""

    pid: int
    key: str
    text: str
    place: Place = Place()


class Shortened(_Facts):
    """A loop that the full stage cut short, once for each place."""

    pid: int
    what: str
    """batches, rows, trials, tokens, or the argument of a Trainer."""
    was: float | None = None
    """None where it is not known."""
    now: float
    place: Place = Place()


class ProbeFacts(_Facts):
    """Everything the probe saw of one attempt."""

    processes: list[Process] = []
    unobserved: list[str] = []
    """Python processes that were started, as the kernel or a parent says, and from which no event came."""
    hiding: list[str] = []
    """Programs that were started, may start Python themselves, and of which no Python process was seen: a shell that
    runs one with an environment of its own, make, a launcher."""
    passes: list[Pass] = []
    phases: list[Phase] = []
    optimizers: list[OptimizerUse] = []
    losses: list[Losses] = []
    models: list[Model] = []
    loads: list[Load] = []
    wandb: list[WandbUse] = []
    wandb_keys: list[str] = []
    """Keys that were logged."""
    wandb_summary: list[str] = []
    optuna: list[OptunaUse] = []
    sampled: list[Sampled] = []
    wandb_in_search: list[Place] = []
    """Where something was logged to a W&B run that is not disabled while Optuna ran a trial."""
    configurations: list[Configuration] = []
    written: list[Written] = []
    started: list[Started] = []
    contacts: list[Contact] = []
    masked: list[Masked] = []
    not_numbers: list[Printed] = []
    shortened: list[Shortened] = []
    imported_evaluation: list[Place] = []
    """Where a training process imported the evaluation module."""
    counters: dict[str, float] = {}
    """processes, forward, forward_without_gradients, backward, optimizer_steps, generate_calls, batches,
    other_framework, gpu_peak_mb, device_<type>; cpu_seconds, as the processes that ended say of themselves."""
    hand_batches: int = 0
    """Distinct inputs that were followed by a backward pass outside of any loader's batch."""
    phase: str = ""
    """What the last active process was doing at its end: import, data, training, evaluation, or ""."""
    cut: list[str] = []
    """Names of the lists above that were cut at their bound."""
    disputed: list[str] = []
    """Contradictions within the events: in words, such as a stream that stopped while its process went on."""
