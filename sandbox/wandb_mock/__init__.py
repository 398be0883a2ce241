"""A W&B server that real clients log to and read from; what they do is recorded on the host."""

from sandbox.wandb_mock.faults import Fault, FaultKind
from sandbox.wandb_mock.record import Call
from sandbox.wandb_mock.reviewing import MadeUpRun, RunRecord, stored_runs
from sandbox.wandb_mock.server import WandbServer

__all__ = ["Call", "Fault", "FaultKind", "MadeUpRun", "RunRecord", "WandbServer", "stored_runs"]
