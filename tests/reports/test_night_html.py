"""index.html of a night: all of it, in the order in which it needs a person, with links that lead to the reports."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from night_examples import changed, empty_night, hostile_night, large_night

from runner.nightly.folder import NightFolder
from runner.nightly.night import Change, Night
from runner.reports import night_html


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attributes if tag == "a" and name == "href"]


def names(text: str) -> list[str]:
    return re.findall(r'<th scope="row" data-key="([^"]*)"', text)


def test_what_is_most_urgent_stands_first() -> None:
    text = night_html.render(changed())
    assert names(text)[:4] == ["adaptive-warmup-qwen3", "two-seeds-ner", "lora-rank-search", "graph-transformer"]
    assert "Night 48: 1 regression" in text
    assert "src/train.py:88" in text
    assert "ended by SIGKILL" in text


def test_every_review_is_linked_once_or_with_its_second_run() -> None:
    links = [link for link in Links(night_html.render(changed())).found if link.startswith("reviews/")]
    assert "reviews/two-seeds-ner/first-1/review/report.html" in links
    assert "reviews/two-seeds-ner-2/first-1/review/report.html" in links
    assert len(links) == len(set(links)) == 15 + 2 + 2  # entries but the lost one, second runs, the canary's


def test_a_reused_review_is_linked_where_it_lies() -> None:
    night = changed()
    elsewhere = night.entries[0].model_copy(
        update={"now": night.entries[0].now.model_copy(update={"review": "/srv/a night/x/review"})}
    )
    text = night_html.render(night.model_copy(update={"entries": [elsewhere]}))
    assert 'href="file:///srv/a%20night/x/review/report.html"' in text


def head(text: str) -> str:
    return text[text.index("<header>") : text.index("</header>")]


def test_the_first_screen_names_what_regressed_and_why_before_it_speaks_of_accepting() -> None:
    text = head(night_html.render(changed()))
    parts = [
        "<h1>Night 48: 1 regression</h1>",
        "16 submissions in 10 min 55 s",
        "<strong>adaptive-warmup-qwen3</strong>: <code>src/train.py:88</code> ZeroDivisionError",
        '<a href="#regression-1">',
        "Nothing is known of 1 submission",
        "<code>sandbox-review nightly accept 48</code>",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert 'id="regression-1"' in night_html.render(changed())


def test_a_night_without_a_regression_names_none() -> None:
    night = changed()
    entries = [entry for entry in night.entries if entry.change in (Change.REPAIRED, Change.UNCHANGED)]
    text = head(night_html.render(night.model_copy(update={"entries": entries})))
    assert "#regression-" not in text and "Nothing is known" not in text
    assert "<code>sandbox-review nightly accept 48</code>" in text


def test_a_trend_says_in_words_what_it_shows() -> None:
    text = night_html.render(changed())
    assert 'aria-label="night 44 ready, night 45 ready, night 46 ready, night 47 ready, night 48 inconclusive"' in text


def test_the_chart_counts_every_submission_of_every_night() -> None:
    text = night_html.render(changed())
    assert text.count("<svg") == 2  # for a screen and for a phone
    bars = re.findall(r'aria-label="night: 48; submissions: (\d+); verdict: (\w+)', text)
    assert sorted(bars) == sorted([("9", "ready"), ("6", "not_ready"), ("1", "inconclusive")] * 2)
    lonely = [entry.model_copy(update={"history": []}) for entry in changed().entries]
    assert "<svg" not in night_html.render(changed().model_copy(update={"entries": lonely}))


@pytest.mark.parametrize("night", [changed(), hostile_night(), empty_night()], ids=["changed", "hostile", "empty"])
def test_no_link_leads_anywhere_but_to_the_page_and_below_it(night: Night) -> None:
    for link in Links(night_html.render(night)).found:
        assert link.startswith(("#", "reviews/", "javascript%3A"))


def test_a_failed_canary_is_named_before_everything() -> None:
    text = night_html.render(empty_night())
    assert "the canary failed" in text
    assert "Known-good canary: failed in its first run" in text
    assert "No submission was reviewed" in text


def test_ten_thousand_submissions_are_one_page() -> None:
    assert len(names(night_html.render(large_night(10_000)))) == 10_000


def test_a_nights_folder_holds_it_beside_the_data(tmp_path: Path) -> None:
    folder = NightFolder(tmp_path)
    folder.write(changed())
    folder.close()
    assert "adaptive-warmup-qwen3" in (tmp_path / "index.html").read_text()
    assert (tmp_path / "night.json").is_file()
