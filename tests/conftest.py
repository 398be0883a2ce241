"""How tests are shared out between workers: a file's tests share what they set up, reviews of cases share nothing."""

from __future__ import annotations

import pytest

EACH_ALONE = ("test_submission_cases.py::test_case[",)
"""Tests that may run beside others of their file."""


@pytest.hookimpl(tryfirst=True)  # before xdist writes the groups into the tests' names
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not any(part in item.nodeid for part in EACH_ALONE):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0].replace("/", ".")))
