"""report.html in a real browser: it works, keeps to itself, and is for everybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import Visit, visit
from examples import PATCH, SOURCES, empty, hostile, inconclusive, many, not_ready, on_gpu, ready
from playwright.sync_api import Browser
from use_examples import store_use

from runner.curves import Curve, read_curve
from runner.reports import html
from runner.review import Review

pytestmark = pytest.mark.chromium

NAMES = ["not_ready", "ready", "on_gpu", "inconclusive", "empty", "hostile", "many"]
FIRST = "article.finding >> nth=0"


def curves(review: Review, folder: Path) -> dict[str, Curve]:
    store_use(review, folder)
    return {stage.directory: read_curve(folder / stage.directory) for stage in review.stages}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of every kind; two of them with curves."""
    folder = tmp_path_factory.mktemp("reports")
    texts = {
        "not_ready": html.render(not_ready(), SOURCES, PATCH, curves(not_ready(), folder / "a")),
        "on_gpu": html.render(on_gpu(), SOURCES, curves=curves(on_gpu(), folder / "b")),
        "many": html.render(many(500), SOURCES),
        **{build.__name__: html.render(build(), SOURCES) for build in (ready, inconclusive, empty, hostile)},
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.fixture
def opened(browser: Browser, pages: dict[str, Path]) -> Iterator[Visit]:
    with visit(browser, pages["not_ready"]) as seen:
        yield seen


@pytest.mark.parametrize("name", NAMES)
def test_no_error_no_request_and_nothing_that_a_submission_says_runs(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    with visit(browser, pages[name]) as seen:
        seen.open_everything()
        seen.page.mouse.wheel(0, 20_000)
        seen.page.wait_for_timeout(100)
        assert seen.page.locator("h1").count() == 1
        assert (seen.requests, seen.complaints) == ([], [])


def test_hostile_text_stays_text(browser: Browser, pages: dict[str, Path]) -> None:
    with visit(browser, pages["hostile"]) as seen:
        assert "<script>alert(1)</script>" in seen.page.locator(FIRST).inner_text()
        assert seen.page.locator("script").count() == 1
        assert seen.page.locator("img, iframe, object, embed").count() == 0
        assert seen.page.locator("a[href]:not([href^='#'])").count() == 0


def test_its_policy_stops_what_it_would_not_have_written(opened: Visit) -> None:
    opened.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"https://example.org/x.png\" onerror=\"alert(1)\">')"
    )
    opened.page.wait_for_timeout(200)
    assert any("Content Security Policy" in complaint for complaint in opened.complaints)
    assert not any("dialog" in complaint for complaint in opened.complaints)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["not_ready", "ready", "inconclusive", "hostile"])
def test_axe_finds_no_serious_fault(browser: Browser, pages: dict[str, Path], name: str, scheme: str) -> None:
    with visit(browser, pages[name], color_scheme=scheme) as seen:
        seen.open_everything()
        found = Axe().run(seen.page).response["violations"]
        serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in serious] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_scrolls_down_only(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with visit(browser, pages[name], width=390) as seen:
        seen.open_everything()
        assert not seen.scrolls_sideways()


def test_the_verdict_and_its_first_cause_are_on_the_first_screen_of_a_phone(
    browser: Browser, pages: dict[str, Path]
) -> None:
    with visit(browser, pages["not_ready"], width=390) as seen:
        for place in ("h1", ".why li >> nth=0"):
            box = seen.page.locator(place).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] < 844


def test_findings_are_filtered_by_kind_and_by_words(browser: Browser, pages: dict[str, Path]) -> None:
    with visit(browser, pages["many"]) as seen:
        page, shown = seen.page, "article.finding:not([hidden])"
        assert page.locator(shown).count() == 500
        page.select_option("select[name=kind]", "advisory")
        assert page.locator(shown).count() == 100
        assert page.locator("#shown").inner_text() == "100 of 500 shown"
        page.fill("input[name=words]", "part_4 number 4 ")
        assert 0 < page.locator(shown).count() < 100
        page.fill("input[name=words]", "no such words")
        assert page.locator(shown).count() == 0
        page.evaluate("location.hash = '#finding-1'")
        page.wait_for_function("!document.getElementById('finding-1').hidden")
        assert page.locator(shown).count() == 500


def test_all_findings_open_and_close_at_once(opened: Visit) -> None:
    page = opened.page
    page.click("button[data-open=no]")
    assert page.locator("article.finding > details[open]").count() == 0
    page.click("button[data-open=yes]")
    assert page.locator("article.finding > details:not([open])").count() == 0


def test_library_frames_are_folded_until_asked_for(opened: Visit) -> None:
    opened.page.click("button[data-open=yes]")
    library = opened.page.locator(".frames .library").first
    assert not library.get_by_text("site-packages").first.is_visible()
    library.locator("summary").click()
    assert library.get_by_text("site-packages").first.is_visible()


def test_a_cell_of_the_matrix_opens_its_evidence(opened: Visit) -> None:
    page = opened.page
    page.click("button[data-open=no]")
    page.locator(".matrix a.badge.fail").first.click()
    page.wait_for_function("document.querySelector('article.finding:target > details').open")
    page.locator(".matrix a.badge.pass").first.click()
    assert page.locator(":target").evaluate("node => node.open || node.tagName") in (True, "TR")


def test_a_cell_of_a_criterion_that_passed_leads_to_the_attempt_that_decided_it(opened: Visit) -> None:
    opened.open_everything()
    opened.page.locator(".criteria a.badge.pass").first.click()
    assert opened.page.locator("tr:target").inner_text().startswith("files")


def test_it_is_used_by_keyboard_alone(opened: Visit) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#findings")
    page.locator("article.finding summary").first.focus()
    was = page.locator(FIRST).locator("> details").get_attribute("open")
    page.keyboard.press("Enter")
    assert page.locator(FIRST).locator("> details").get_attribute("open") != was
    page.locator("select[name=kind]").focus()
    page.keyboard.type("adv")
    assert page.locator("article.finding:not([hidden])").count() == 1


def test_curves_stand_with_their_phases_and_their_text(opened: Visit) -> None:
    figures = opened.page.locator("figure")
    assert figures.count() == 4  # the files stage and a first attempt of half a second say nothing
    trial = figures.nth(2)
    assert "Trial" in trial.inner_text()
    assert trial.locator(".phases li").all_inner_texts()[:2] == ["import 6.2 s", "data 4.7 s"]
    box = trial.locator("svg").bounding_box()
    assert box is not None
    assert box["height"] > 100
    fills = {mark.evaluate("node => getComputedStyle(node).fill") for mark in trial.locator(".mark-rect path").all()}
    assert len(fills) == 3  # import, data, training
    assert "none" not in fills


def test_a_gpu_has_curves_of_its_own_and_every_phase_its_colour(browser: Browser, pages: dict[str, Path]) -> None:
    with visit(browser, pages["on_gpu"]) as seen:
        assert seen.page.locator("#curves").inner_text() == "Memory, CPU and GPU over time"
        trial = seen.page.locator("figure", has_text="Trial")
        names = [text.partition(" ")[0] for text in trial.locator(".phases li").all_inner_texts()]
        assert names == ["import", "data", "training", "evaluation"]
        legend = [
            item.evaluate("node => getComputedStyle(node, '::before').backgroundColor")
            for item in trial.locator(".phases li").all()
        ]
        strip = trial.locator(".mark-rect path").all()
        assert [mark.evaluate("node => getComputedStyle(node).fill") for mark in strip] == legend
        lines = trial.locator(".mark-line path")
        assert lines.count() == 4
        for title, line in zip(["MiB", "CPU cores", "GPU MiB", "GPU %"], lines.all(), strict=True):
            assert trial.locator("svg").get_by_text(title, exact=True).count() == 1
            box = line.bounding_box()
            assert box is not None
            assert box["height"] > 20, f"{title} is flat"
        assert "GPU" not in seen.page.locator("figure", has_text="Compose").inner_text()


def test_without_a_script_everything_is_still_there(browser: Browser, pages: dict[str, Path]) -> None:
    with visit(browser, pages["not_ready"], java_script_enabled=False) as seen:
        assert seen.page.locator("article.finding").count() == 5
        assert seen.page.locator("#filter").is_hidden()
        assert seen.complaints == []


def test_paper_gets_everything_open_and_nothing_to_press(opened: Visit) -> None:
    page = opened.page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator("nav").is_hidden()
    assert page.locator("#filter").is_hidden()
    assert page.pdf().startswith(b"%PDF")


def test_a_page_stays_small(pages: dict[str, Path]) -> None:
    assert pages["not_ready"].stat().st_size < 400_000
    assert pages["many"].stat().st_size < 2_000_000
