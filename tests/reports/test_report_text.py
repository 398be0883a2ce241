"""A submission's text, made safe to show."""

import pytest

from runner.reports.markdown import code, fence, inline
from runner.reports.text import clip, last_lines, one_line, plain, seconds


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;owned\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("10%\r20%\r\ndone", "10%\n20%\ndone"),
        ("a\x00b\x9bc", "a\\x00b\\x9bc"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("\ud800\uffff", "\\ud800\\uffff"),
        ("tab\tand ünïcödé 日本", "tab\tand ünïcödé 日本"),
    ],
)
def test_what_fools_a_reader_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_one_line_is_one_line_and_not_longer_than_asked() -> None:
    assert one_line("a\n  b\tc", 80) == "a b c"
    assert len(one_line("word " * 1000, 80)) <= 80


def test_clip_keeps_both_ends_and_says_how_much_is_gone() -> None:
    text = "begin" + "x" * 1_000_000 + "end"
    clipped = clip(text, 1000)
    assert clipped.startswith("begin")
    assert clipped.endswith("end")
    assert f"{len(text) - 1000:,} characters left out" in clipped
    assert clip("short", 1000) == "short"


def test_last_lines_keeps_the_end() -> None:
    assert last_lines("a\nb\nc\n", 2, 100) == "b\nc"
    assert len(last_lines("x" * 5000, 3, 100)) == 100


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.44, "0.4 s"), (12, "12 s"), (59.7, "1 min 00 s"), (200.2, "3 min 20 s"), (3720, "1 h 02 min")],
)
def test_durations_read_like_durations(value: float, shown: str) -> None:
    assert seconds(value) == shown


def test_markdown_escapes_markup_and_keeps_code() -> None:
    assert inline("use `a[0]` not <b>", 80) == "use `a[0]` not \\<b\\>"
    assert inline("![x](http://y)", 80) == "!\\[x\\](http://y)"
    assert inline("ask @octocat, see @hydra.main", 80) == "ask `@octocat`, see `@hydra.main`"
    assert code("a`b") == "``a`b``"
    assert fence("```\nout").startswith("````text\n")


def test_an_unclosed_backtick_opens_no_code_span() -> None:
    assert inline("a ` b <script>", 80) == "a \\` b \\<script\\>"
