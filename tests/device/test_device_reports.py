"""What the host hands to the stand-in, and what it reads of it; needs no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from device_environment import LOADER

from sandbox.device import Card, device_variables, read_served, torchvision_variables


def test_the_card_is_named_in_the_environment() -> None:
    variables = device_variables("/report", Card("NVIDIA H100|80GB", 79.6, "9.0", 132), flash_attention=True)
    assert variables["SANDBOX_REVIEW_DEVICE_CARD"] == "NVIDIA H100 80GB|79.6|9.0|132"
    assert variables["SANDBOX_REVIEW_DEVICE_FLASH"] == "1"
    assert "SANDBOX_REVIEW_DEVICE_CARD" not in device_variables("/report")


def test_reports_of_all_processes_are_read_together(tmp_path: Path) -> None:
    (tmp_path / "1-a.served").write_text("served torch.cuda.init\nserved tensors on cuda\n")
    (tmp_path / "2-b.served").write_text("served torch.cuda.init\nnot-served cuda: no guard\nserved cut o")
    served = read_served(tmp_path)
    assert served.names == ("cut o", "tensors on cuda", "torch.cuda.init")
    assert served.not_served == ("cuda: no guard",)
    assert served.used


def test_what_a_submission_writes_into_the_folder_does_no_harm(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("served something")
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "link.served").symlink_to(secret)
    (folder / "folder.served").mkdir()
    (folder / "binary.served").write_bytes(b"\xff\xfe\x00\nserved\nnothing\n")
    (folder / "big.served").write_bytes(b"x" * (3 << 20))
    assert read_served(folder).names == ()
    assert not read_served(folder).used


def test_nothing_is_loaded_where_nothing_is_asked_for(tmp_path: Path) -> None:
    code = "import sys; print([n for n in sys.modules if n.startswith('_sandbox_review_device.')], sys.meta_path[0])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(LOADER)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "_Around" not in done.stdout
    assert "torch" not in done.stdout.replace("torchvision", "")


def test_a_process_without_torch_is_left_alone(tmp_path: Path) -> None:
    variables = device_variables(str(tmp_path)) | torchvision_variables()
    done = subprocess.run(
        [sys.executable, "-c", "import json, sys; print('torch' in sys.modules)"],
        env={"PYTHONPATH": str(LOADER), **variables},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "False", done.stderr
    assert list(tmp_path.iterdir()) == []
