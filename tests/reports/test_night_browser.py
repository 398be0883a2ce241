"""The index of a night in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import Visit, visit
from night_examples import changed, empty_night, hostile_night, large_night
from playwright.sync_api import Browser

from runner.reports import night_html

pytestmark = pytest.mark.chromium

NIGHTS = {"changed": changed, "hostile": hostile_night, "empty": empty_night, "large": lambda: large_night(2000)}
SHOWN = "tbody tr:not([hidden])"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("nights")
    for name, build in NIGHTS.items():
        (folder / f"{name}.html").write_text(night_html.render(build()), encoding="utf-8")
    report = folder / "reviews" / "adaptive-warmup-qwen3" / "first-1" / "review" / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("<!doctype html><title>The report</title>")
    return {name: folder / f"{name}.html" for name in NIGHTS}


@pytest.fixture
def opened(browser: Browser, pages: dict[str, Path]) -> Iterator[Visit]:
    with visit(browser, pages["changed"]) as seen:
        yield seen


def first(seen: Visit) -> str:
    return seen.page.locator(f"{SHOWN} th").first.inner_text().split("\n")[0]


@pytest.mark.parametrize("name", NIGHTS)
def test_no_error_no_request_and_nothing_that_a_name_says_runs(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    with visit(browser, pages[name], width=390) as seen:
        assert (seen.requests, seen.complaints) == ([], [])
        assert not seen.scrolls_sideways()
        assert seen.page.locator("script").count() == 1
        assert seen.page.locator("img, iframe").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_no_serious_fault(browser: Browser, pages: dict[str, Path], width: int, scheme: str) -> None:
    with visit(browser, pages["changed"], width=width, color_scheme=scheme) as seen:
        found = Axe().run(seen.page).response["violations"]
        serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in serious] == []


def test_it_filters_by_change_verdict_and_words(opened: Visit) -> None:
    page = opened.page
    page.select_option("select[name=change]", "changed")
    assert page.locator(SHOWN).count() == 6
    page.select_option("select[name=change]", "new_failure")
    assert page.locator(SHOWN).count() == 1
    page.select_option("select[name=change]", "")
    page.select_option("select[name=verdict]", "inconclusive")
    assert first(opened) == "graph-transformer"
    page.select_option("select[name=verdict]", "")
    page.fill("input[name=words]", "train.py")
    assert page.locator(SHOWN).count() == 1
    assert page.locator("#shown").inner_text() == "1 of 16 shown"
    page.fill("input[name=words]", "py")
    assert page.locator("#shown").inner_text() == "4 of 16 shown"


@pytest.mark.parametrize("width", [390, 1280])
def test_the_chart_is_read_on_every_screen(browser: Browser, pages: dict[str, Path], width: int) -> None:
    with visit(browser, pages["changed"], width=width) as seen:
        (chart,) = [chart for chart in seen.page.locator("figure svg").all() if chart.is_visible()]
        letters = chart.get_by_text("47", exact=True).bounding_box()
        whole, card = chart.bounding_box(), seen.page.locator("figure").bounding_box()
        assert letters is not None and whole is not None and card is not None
        assert letters["height"] > 10
        assert whole["width"] > 0.9 * card["width"]


def test_what_regressed_leads_to_its_row_and_a_phone_shows_it_early(browser: Browser, pages: dict[str, Path]) -> None:
    with visit(browser, pages["changed"], width=390) as seen:
        box = seen.page.locator("#submissions").bounding_box()
        assert box is not None
        assert box["y"] < 844
        seen.page.locator(".why ol a").click()
        assert seen.page.locator("tr:target").inner_text().startswith("adaptive-warmup-qwen3")


def test_headings_sort_by_keyboard_and_say_so(opened: Visit) -> None:
    page = opened.page
    assert first(opened) == "adaptive-warmup-qwen3"
    page.get_by_role("button", name="Time").focus()
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Time")
    assert first(opened) == "graph-transformer"
    page.keyboard.press("Space")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Time")
    assert first(opened) == "prompt-tuning-squad"
    assert page.locator("th[aria-sort]").count() == 1


def test_a_name_leads_to_its_report(opened: Visit) -> None:
    opened.page.get_by_role("link", name="adaptive-warmup-qwen3", exact=True).click()
    opened.page.wait_for_load_state()
    assert opened.page.title() == "The report"


def test_without_a_script_and_on_paper_it_is_whole(browser: Browser, pages: dict[str, Path]) -> None:
    with visit(browser, pages["changed"], java_script_enabled=False) as seen:
        assert seen.page.locator(SHOWN).count() == 16
        assert seen.page.locator("#filter").is_hidden()
        assert seen.page.pdf().startswith(b"%PDF")
