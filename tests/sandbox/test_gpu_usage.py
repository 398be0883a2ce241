"""GPUs are sampled through the driver's program, here one that says what it would say; a broken one changes nothing."""

import time
from pathlib import Path

import pytest

from sandbox import gpu_usage
from sandbox.gpu_usage import GpuSample, GpuWatch, summed


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """A program of that name alone on the PATH, beside sh; it writes its words to `asked`."""
    file = folder / gpu_usage.PROGRAM
    file.write_text(f'#!/bin/sh\necho "$@" > {folder / "asked"}\n{script}\n')
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return file


def sampled(watch: GpuWatch, seconds: float = 5.0) -> GpuSample | None:
    end = time.monotonic() + seconds
    while watch.latest() is None and time.monotonic() < end:
        time.sleep(0.02)
    return watch.latest()


def test_figures_are_summed_over_gpus_and_what_is_no_figure_is_none() -> None:
    assert summed(["1024, 40\n", "512, 20\n"]) == GpuSample(1536, 30)
    assert summed(["1024, [N/A]\n"]) is None
    assert summed(["No devices were found\n"]) is None


def test_it_asks_for_the_gpus_that_are_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "echo 100, 10; echo 200, 30; sleep 60")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b,GPU-c")
    with GpuWatch(2) as watch:
        assert sampled(watch) == GpuSample(300, 20)
    assert "--id=GPU-a,GPU-b" in (tmp_path / "asked").read_text()


def test_a_program_that_fails_and_a_missing_one_are_no_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = program(tmp_path, monkeypatch, "echo failed; exit 9")
    with GpuWatch(1) as watch:
        assert sampled(watch, 0.5) is None
    file.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    with GpuWatch(1) as watch:
        assert watch.latest() is None


def test_without_a_gpu_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "echo 1, 1")
    with GpuWatch(0) as watch:
        assert watch.latest() is None
    assert not (tmp_path / "asked").exists()
