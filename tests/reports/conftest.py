"""The browser that the tests of the pages share."""

from collections.abc import Iterator

import pytest
from chromium import launched, program
from playwright.sync_api import Browser

from tests.backends import missing


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = program()
    if path is None:
        missing("chromium", "no chromium on the PATH")
    with launched(path) as browser:
        yield browser
