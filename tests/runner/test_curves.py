"""Curves are read from what an attempt's folder holds, whole or cut off."""

import json
import re
from pathlib import Path

from runner.curves import MAX_PHASES, MAX_POINTS, PhaseSpan, Point, read_curve
from runner.reports.charts import ROOM, WIDTH, draw


def use(folder: Path, samples: list[tuple[float, float, float]]) -> None:
    rows = [{"seconds": s, "cpu_seconds": c, "memory_mb": m, "processes": 1, "disk_mb": 0.0} for s, c, m in samples]
    (folder / "usage.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def happened(folder: Path, *events: dict[str, object]) -> None:
    numbered: dict[object, int] = {}
    lines = []
    for event in events:
        numbered[event["c"]] = numbered.get(event["c"], 0) + 1
        lines.append(json.dumps({"p": event["c"], "n": numbered[event["c"]], **event}))
    (folder / "events.jsonl").write_text("\n".join(lines))


def drawn(svg: str) -> dict[str, list[tuple[float, float]]]:
    """Title of a panel -> the corners of its line, read back from its path: seconds, and shares of the peak."""
    (end,) = re.findall(r'aria-label="X-axis titled \'seconds\'[^"]* to ([\d.]+)"', svg)
    label = r'aria-label="s: 0; ([^:"]+): [^"]*" role="graphics-symbol" aria-roledescription="line mark" d="M([^"]*)"'
    lines = {}
    for title, path in re.findall(label, svg):
        height = 100 if title == "MiB" else 64
        corners = [tuple(map(float, corner.split(","))) for corner in path.split("L")]
        assert min(y for _, y in corners) > 1, "the line is cut at the panel's edge"
        points = [(round(x / WIDTH * float(end), 1), round((1 - y / height) * ROOM, 2)) for x, y in corners]
        lines[title] = list(dict.fromkeys(points))
    return lines


def test_nothing_stored_is_an_empty_curve(tmp_path: Path) -> None:
    assert (read_curve(tmp_path).points, read_curve(tmp_path).phases, read_curve(tmp_path).seconds) == ([], [], 0.0)


def test_cores_are_the_cpu_time_between_two_looks(tmp_path: Path) -> None:
    use(tmp_path, [(0.5, 0.5, 10), (1.0, 1.5, 20), (2.0, 1.5, 15)])
    assert read_curve(tmp_path).points == [Point(0.5, 10, 1.0), Point(1.0, 20, 2.0), Point(2.0, 15, 0.0)]


def test_a_gpu_is_drawn_where_it_was_sampled(tmp_path: Path) -> None:
    rows = [
        {"seconds": s, "cpu_seconds": s, "memory_mb": 10, "gpu_memory_mb": 64 * s, "gpu_percent": 50} for s in (1, 2)
    ]
    (tmp_path / "usage.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    curve = read_curve(tmp_path)
    assert curve.points[-1] == Point(2, 10, 1.0, 128, 50)
    lines = drawn(draw(curve))
    assert list(lines) == ["MiB", "CPU cores", "GPU MiB", "GPU %"]
    assert lines["GPU MiB"] == [(0, 0.5), (1, 0.5), (1, 1), (2, 1)]  # of 128
    assert lines["GPU %"] == [(0, 0.5), (1, 0.5), (2, 0.5)]  # of 100, not of the highest
    use(tmp_path, [(1, 1, 10), (2, 2, 10)])
    assert list(drawn(draw(read_curve(tmp_path)))) == ["MiB", "CPU cores"]


def test_a_line_begins_with_the_command_and_its_peak_lies_inside_the_panel(tmp_path: Path) -> None:
    use(tmp_path, [(1, 1, 10), (2, 3, 40), (4, 3, 20)])
    lines = drawn(draw(read_curve(tmp_path)))
    assert lines["MiB"] == [(0, 0.25), (1, 0.25), (1, 1), (2, 1), (2, 0.5), (4, 0.5)]
    assert lines["CPU cores"] == [(0, 0.5), (1, 0.5), (1, 1), (2, 1), (2, 0), (4, 0)]


def test_phases_are_a_strip_above_the_curves_and_end_at_lines(tmp_path: Path) -> None:
    use(tmp_path, [(s, s, 100) for s in range(1, 11)])
    began = {"c": 1, "e": "hello", "t": 5.0}
    happened(tmp_path, began, *({"c": 1, "e": "phase", "t": t, "to": to} for t, to in ((7, "data"), (9, "evaluation"))))
    svg = draw(read_curve(tmp_path))
    assert re.findall(r'aria-label="s: (\d+); to: (\d+); phase: (\w+)"[^>]*? fill="(.*?)"', svg) == [
        ("0", "2", "import", "var(--import)"),
        ("2", "4", "data", "var(--data)"),
        ("4", "10", "evaluation", "var(--evaluation)"),
    ]
    assert re.findall(r'aria-label="s: (\d+)" role="graphics-symbol" aria-roledescription="rule', svg) == ["2", "4"] * 2
    use(tmp_path, [(1, 1, 10), (2, 2, 10)])
    (tmp_path / "events.jsonl").unlink()
    assert "phase" not in draw(read_curve(tmp_path))


def test_a_line_that_was_cut_off_and_numbers_that_are_none_are_left_out(tmp_path: Path) -> None:
    use(tmp_path, [(1, 1, 10)])
    with (tmp_path / "usage.jsonl").open("a") as file:
        file.write('{"seconds": NaN, "cpu_seconds": 1, "memory_mb": 1}\n[]\n7\n{"seconds": 2, "cpu_')
    assert len(read_curve(tmp_path).points) == 1


def test_a_long_curve_is_thinned_and_keeps_its_peak_and_its_cpu_time(tmp_path: Path) -> None:
    use(tmp_path, [(s / 4, s / 8, 5000 if s == 3333 else 100) for s in range(1, 10_001)])
    points = read_curve(tmp_path).points
    assert len(points) <= MAX_POINTS
    assert max(point.memory_mb for point in points) == 5000
    assert {round(point.cores, 6) for point in points} == {0.5}


def test_phases_are_those_of_the_process_that_worked_not_of_its_launcher(tmp_path: Path) -> None:
    use(tmp_path, [(s, s, 100) for s in range(1, 21)])
    happened(
        tmp_path,
        {"c": 1, "e": "hello", "t": 50.0},
        {"c": 2, "e": "hello", "t": 52.0},
        {"c": 2, "e": "phase", "t": 56.0, "to": "data"},
        {"c": 2, "e": "phase", "t": 60.0, "to": "training"},
        {"c": 2, "e": "goodbye", "t": 65.0},
        {"c": 1, "e": "goodbye", "t": 66.0},
    )
    expected = [PhaseSpan("import", 2, 6), PhaseSpan("data", 6, 10), PhaseSpan("training", 10, 15)]
    assert read_curve(tmp_path).phases == expected


def test_a_process_that_was_killed_was_in_its_last_phase_to_the_end(tmp_path: Path) -> None:
    use(tmp_path, [(s, s, 100) for s in range(1, 21)])
    happened(tmp_path, {"c": 1, "e": "hello", "t": 5.0}, {"c": 1, "e": "phase", "t": 9.0, "to": "training"})
    assert read_curve(tmp_path).phases[-1] == PhaseSpan("training", 4, 20)


def test_forged_events_draw_nothing_of_their_own(tmp_path: Path) -> None:
    use(tmp_path, [(s, s, 100) for s in range(1, 21)])
    happened(
        tmp_path,
        {"c": 1, "e": "hello", "t": 5.0},
        {"c": 1, "e": "phase", "t": 7.0, "to": "<script>"},
        {"c": 1, "e": "phase", "t": "soon", "to": "data"},
        {"c": 1, "e": "phase", "t": 1e300, "to": "training"},
        *({"c": 1, "e": "phase", "t": 8 + n / 100, "to": ["evaluation", "training"][n % 2]} for n in range(900)),
    )
    phases = read_curve(tmp_path).phases
    assert len(phases) <= MAX_PHASES
    assert {span.name for span in phases} <= {"import", "data", "training", "evaluation"}
    assert all(0 <= span.begin < span.end <= 20 for span in phases)
