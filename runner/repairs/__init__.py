"""Stepping over known blockers: the smallest edit that gets past one, so that a review sees what lies behind it."""

from runner.repairs.base import Blocker, Repair
from runner.repairs.ladder import next_repair

__all__ = ["Blocker", "Repair", "next_repair"]
