"""What nights leave behind: results keyed by what was run, verdicts over time, and which of them were accepted."""

from runner.nightly.store.engine import StoreError
from runner.nightly.store.records import Stored, StoredNight
from runner.nightly.store.schema import SchemaError
from runner.nightly.store.store import Store

__all__ = ["SchemaError", "Store", "StoreError", "Stored", "StoredNight"]
