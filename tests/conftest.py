"""How the suite is spread over two workers: whole files, but the bundled cases one by one, as they are the longest."""

from __future__ import annotations

import pytest

SPREAD = "test_submission_cases.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one file share what is dear to make, such as client environments; so they stay together."""
    for item in items:
        if item.path.name != SPREAD or item.path.parent.name != "end_to_end":
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
