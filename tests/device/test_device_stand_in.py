"""The stand-in with libraries of late 2025: torchvision, bitsandbytes, transformers, peft, accelerate."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from device_environment import FOLDER, run

from runner.settings import default_cache
from sandbox.assets import AssetStore
from sandbox.device import Card, device_variables, read_served, torchvision_variables
from sandbox.hub import HubServer

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(900)]


def test_torch_finds_a_card_and_refuses_what_a_card_refuses(tmp_path: Path) -> None:
    checks = run(FOLDER / "check_card.py", tmp_path, device_variables(str(tmp_path)))
    assert checks.failed() == {}
    assert checks.exit_code == 0, checks.stderr[-3000:]
    assert len(checks.results) >= 20
    served = read_served(tmp_path)
    assert served.used
    assert not served.not_served
    assert {"torch.cuda.Stream", "torch.Generator", "torch.distributed nccl (gloo)"} <= set(served.names)


def test_libraries_that_want_a_card_work(tmp_path: Path) -> None:
    store = AssetStore(default_cache())
    variables = device_variables(str(tmp_path), flash_attention=True) | torchvision_variables()
    with HubServer(store, port=0) as hub:
        checks = run(FOLDER / "check_libraries.py", tmp_path, {**variables, "HF_ENDPOINT": hub.url}, timeout=800)
    assert checks.failed() == {}
    assert checks.exit_code == 0, checks.stderr[-3000:]
    assert {"bitsandbytes", "bitsandbytes 8-bit adam", "flash_attention_2 (sdpa)"} <= set(read_served(tmp_path).names)


def test_torchvision_is_imported_beside_another_torch(tmp_path: Path) -> None:
    checks = run(FOLDER / "check_torchvision.py", tmp_path, torchvision_variables())
    assert checks.failed() == {}
    assert len(checks.results) == 4


def test_without_the_switch_torch_has_no_card_and_torchvision_fails(tmp_path: Path) -> None:
    checks = run("import torch; assert not torch.cuda.is_available(); torch.zeros(1, device='cuda')", tmp_path, {})
    assert "Torch not compiled with CUDA enabled" in checks.stderr
    assert "torchvision::nms does not exist" in run("import torchvision", tmp_path, {}).stderr


def test_flash_attention_that_is_not_declared_is_refused_as_on_a_card(tmp_path: Path) -> None:
    code = (
        "from transformers import AutoModelForCausalLM, Qwen3Config; "
        "AutoModelForCausalLM.from_config(Qwen3Config(), attn_implementation='flash_attention_2')"
    )
    checks = run(code, tmp_path, device_variables(str(tmp_path)) | torchvision_variables())
    assert "the package flash_attn seems to be not installed" in checks.stderr


def test_another_card_can_be_shown_and_hidden(tmp_path: Path) -> None:
    variables = device_variables(str(tmp_path), Card("NVIDIA T4", 15.0, "7.5", 40))
    shown = run("import torch; print(torch.cuda.get_device_name(), file=__import__('sys').stderr)", tmp_path, variables)
    assert "NVIDIA T4" in shown.stderr
    hidden = run(
        "import torch; assert not torch.cuda.is_available()", tmp_path, {**variables, "CUDA_VISIBLE_DEVICES": ""}
    )
    assert hidden.exit_code == 0, hidden.stderr


def test_what_was_served_can_be_read_after_a_kill(tmp_path: Path) -> None:
    code = "import os, torch; torch.zeros(1, device='cuda'); os.kill(os.getpid(), 9)"
    assert run(code, tmp_path, device_variables(str(tmp_path))).exit_code == -signal.SIGKILL
    assert read_served(tmp_path).used


def test_a_package_that_is_only_looked_for_is_still_served(tmp_path: Path) -> None:
    code = (
        "import importlib.util as u; assert all(u.find_spec(n) for n in ('torch', 'bitsandbytes')); "
        "import torch, bitsandbytes; assert torch.cuda.is_available(); "
        "bitsandbytes.functional.quantize_4bit(torch.ones(64, device='cuda'))"
    )
    checks = run(code, tmp_path, device_variables(str(tmp_path)))
    assert checks.exit_code == 0, checks.stderr


def test_a_report_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    variables = device_variables(os.devnull)
    checks = run("import torch; torch.zeros(1, device='cuda')", tmp_path, variables)
    assert checks.exit_code == 0, checks.stderr
