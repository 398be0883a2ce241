"""Curves are read from what an attempt's folder holds, whole or cut off."""

import json
from pathlib import Path

from runner.curves import MAX_PHASES, MAX_POINTS, PhaseSpan, Point, read_curve
from runner.reports.charts import draw


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
    assert "GPU MiB" in draw(curve)
    use(tmp_path, [(1, 1, 10), (2, 2, 10)])
    assert "GPU" not in draw(read_curve(tmp_path))


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
