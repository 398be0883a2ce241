"""report.html: one page, whole, and with no way out."""

import base64
import hashlib
import re
import shlex
import time
from collections import Counter
from html.parser import HTMLParser

import pytest
from examples import PATCH, RUNS, SOURCES, Build, disputed, empty, hostile, inconclusive, many, not_ready, ready

from runner.reports import html
from runner.reports.again import command
from runner.settings import load_settings

VOID = {"meta", "link", "input", "br"}
BUILDS = [not_ready, ready, inconclusive, empty, hostile, lambda: many(500)]


class Page(HTMLParser):
    """Elements, their attributes and their text; fails where a tag does not close what is open."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("build", BUILDS)
def test_it_is_well_formed_and_asks_for_nothing(build: Build) -> None:
    page = Page(html.render(build(), SOURCES))
    counted = Counter(tag for tag, _ in page.tags)
    assert (counted["script"], counted["style"], counted["h1"], counted["main"]) == (1, 1, 1, 1)
    assert not set(counted) & {"img", "iframe", "object", "embed", "base", "svg"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset")]
        target = attributes.get("href")
        assert target is None or target.startswith("#") or (tag == "link" and target == "data:,")


@pytest.mark.parametrize("build", BUILDS)
def test_its_policy_allows_its_own_script_and_style_and_nothing_else(build: Build) -> None:
    text = html.render(build(), SOURCES)
    policy = next(m["content"] for m in Page(text).all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("build", BUILDS)
def test_every_link_inside_the_page_leads_somewhere_and_every_id_is_single(build: Build) -> None:
    page = Page(html.render(build(), SOURCES))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert {link["href"][1:] for link in page.all("a")} <= set(ids)


@pytest.mark.parametrize("build", BUILDS)
def test_tables_have_headers_and_what_scrolls_can_be_reached_by_keyboard(build: Build) -> None:
    page = Page(html.render(build(), SOURCES))
    assert all(header.get("scope") in ("col", "row") for header in page.all("th"))
    for tag, attributes in page.tags:
        if tag == "pre" or "scroll" in (attributes.get("class") or ""):
            assert attributes.get("tabindex") == "0"
            assert attributes.get("aria-label")


def test_verdict_first_cause_and_the_next_ones_stand_before_everything_else() -> None:
    text = html.render(not_ready(), SOURCES)
    head = text[text.index("<header>") : text.index("</header>")]
    parts = ["Not ready", "4 blocking findings", "pyproject.toml:6", "src/main.py:12", "src/train.py:11"]
    places = [head.index(part) for part in parts]
    assert places == sorted(places)


def test_the_matrix_has_a_column_per_run_id_and_opens_on_the_evidence() -> None:
    text = html.render(not_ready(), SOURCES)
    matrix = text[text.index('<table class="matrix">') : text.index("</table>")]
    assert all(f'<th scope="col">{run}</th>' in matrix for run in RUNS)
    rows = re.findall(r'<th scope="row">.*?</tr>', matrix, re.DOTALL)
    assert len(rows) == 9
    assert rows[3].count("#finding-") == 1
    assert 'href="#finding-3">fail' in rows[3]
    assert "not exercised" in rows[7]


def test_a_traceback_is_folded_to_the_submissions_frames() -> None:
    text = html.render(not_ready(), SOURCES)
    frames = text[text.index('<ol class="frames"') :]
    frames = frames[: frames.index("</ol>")]
    assert frames.count('<li class="library"><details>') == 2
    assert "2 frames of libraries" in frames
    unfolded = re.sub(r"<details>.*?</details>", "", frames, flags=re.DOTALL)
    assert "site-packages" not in unfolded
    assert "train_epoch" in unfolded


def test_findings_say_what_was_behind_what() -> None:
    text = html.render(not_ready(), SOURCES)
    assert re.search(r"Hidden behind it: <a href=\"#finding-2\">", text)
    assert re.search(r"Found behind <a href=\"#finding-1\">", text)


def test_an_inconclusive_page_says_what_to_do() -> None:
    words = " ".join(" ".join(data for _, data in Page(html.render(inconclusive(), SOURCES)).texts).split())
    assert "To do: The sandbox could not serve what was asked for (NovaLM/nova-3b)" in words
    assert "not the code's fault: infrastructure" in words


def test_hostile_text_is_there_as_text() -> None:
    page = Page(html.render(hostile(), SOURCES))
    words = "".join(data for tag, data in page.texts if tag not in ("script", "style"))
    assert "<script>alert(1)</script>" in words
    assert "\\u202edesrever" in words
    assert "{{ 7*7 }}" in words


def test_five_hundred_findings_are_all_there_and_quickly() -> None:
    review = many(500)
    html.render(review, SOURCES)
    begin = time.perf_counter()
    page = Page(html.render(review, SOURCES))
    assert time.perf_counter() - begin < 5
    assert len(page.all("article")) == 500
    assert sum("open" in details for details in page.all("details")) == html.OPEN


def test_the_smallest_change_is_shown_with_what_it_gets_past() -> None:
    page = Page(html.render(not_ready(), SOURCES, PATCH))
    texts = "".join(text for _, text in page.texts)
    assert "Smallest change that gets past" in texts
    assert "dependencies rewritten as an array" in texts
    assert "diff --git a/pyproject.toml" in texts
    assert {"href": "#repairs"} in page.all("a")


def test_the_command_makes_the_same_review_again() -> None:
    """Every word that was given, quoted, and what the program chose itself as it chose it."""
    review = not_ready()
    given = ["gpu=1", "runs=[a b]", "assets=mirror", "backend=auto", "env.resolved_as_of=submission"]
    review = review.model_copy(update={"environment": review.environment.model_copy(update={"overrides": given})})
    words = shlex.split(command(review))
    as_of = "env.resolved_as_of=2025-11-21T18:00:00+00:00"
    assert words == ["sandbox-review", review.submission.source, *given[:3], "backend=docker", as_of]
    load_settings([word for word in words[2:] if word != "assets=mirror"])
    texts = [text for tag, text in Page(html.render(review, SOURCES)).texts if tag == "pre"]
    assert command(review) in texts


def test_a_backend_that_was_named_and_todays_packages_stay_as_given() -> None:
    review = not_ready()
    given = ["backend=process", "env.resolved_as_of=now"]
    environment = review.environment.model_copy(update={"resolved_as_of": None, "overrides": given})
    assert shlex.split(command(review.model_copy(update={"environment": environment})))[2:] == given


def test_a_review_without_repairs_has_no_such_section() -> None:
    assert "#repairs" not in html.render(ready(), SOURCES)


def test_evidence_that_is_disputed_is_told_on_the_first_screen() -> None:
    words = "".join(text for _, text in Page(html.render(disputed(), SOURCES)).texts)
    assert "the probe saw no call of wandb" in words.partition("Findings")[0]
