"""The observer counts what processes do, loses nothing to a kill, and never disturbs what it watches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sandbox
from sandbox.observed import observer_variables, read_counters

TOOLS = str(Path(sandbox.__file__).parent / "inside")
# Stands in for torch where only the hooks matter: the places that the observer attaches to, and nothing else.
FAKE_TORCH = {
    "torch/__init__.py": "from torch import autograd, nn, optim\n",
    "torch/autograd.py": "def backward(*a, **k):\n    return 'done'\n",
    "torch/nn/__init__.py": "",
    "torch/nn/modules/__init__.py": "",
    "torch/nn/modules/module.py": (
        "hooks = []\n"
        "class Handle:\n    def __init__(self, hook): self.hook = hook\n    def remove(self): hooks.remove(self.hook)\n"
        "def register_module_forward_pre_hook(hook):\n    hooks.append(hook)\n    return Handle(hook)\n"
        "def call():\n    for hook in list(hooks): hook(None, ())\n"
    ),
    "torch/optim/__init__.py": "",
    "torch/optim/optimizer.py": (
        "hooks = []\n"
        "def register_optimizer_step_post_hook(hook):\n    hooks.append(hook)\n"
        "def step():\n    for hook in hooks: hook(None, (), {})\n"
    ),
}
WORK = """
import torch
from torch.nn.modules.module import call, hooks
from torch.optim.optimizer import step
for _ in range(3):
    call(); assert torch.autograd.backward() == 'done'; step()
assert hooks == [], "one forward pass is all that is watched"
"""


def watched(program: str, tmp_path: Path, *files: tuple[str, str]) -> tuple[int, dict[str, float]]:
    counters = tmp_path / "counters"
    counters.mkdir()
    for path, text in files:
        target = tmp_path / "code" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (tmp_path / "code").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path / "code",
        env={"PATH": "/usr/bin:/bin", **observer_variables(TOOLS, str(counters))},
        capture_output=True,
        check=False,
    )
    return done.returncode, read_counters(counters)


def test_forward_backward_and_steps_are_counted(tmp_path: Path) -> None:
    code, work = watched(WORK, tmp_path, *FAKE_TORCH.items())
    assert code == 0
    assert (work["forward"], work["backward"], work["optimizer_steps"]) == (1, 3, 3)


def test_asking_whether_torch_is_there_does_not_cost_the_count(tmp_path: Path) -> None:
    program = "import importlib.util\nassert importlib.util.find_spec('torch')\n" + WORK
    _, work = watched(program, tmp_path, *FAKE_TORCH.items())
    assert work["backward"] == 3


def test_what_was_counted_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    code, work = watched(WORK + "\nimport os\nos.kill(os.getpid(), 9)", tmp_path, *FAKE_TORCH.items())
    assert code == -9
    assert work["backward"] == 3


def test_children_and_forks_count_for_themselves(tmp_path: Path) -> None:
    program = "import os, subprocess, sys\nsubprocess.run([sys.executable, '-c', 'pass'], check=True)\n"
    program += "pid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)"
    _, work = watched(program, tmp_path)
    assert (work["processes"], work["python_children"], work["unobserved_children"]) == (3, 1, 0)


def test_a_child_that_does_not_load_it_is_noticed(tmp_path: Path) -> None:
    program = "import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-c', 'pass'], check=True)"
    _, work = watched(program, tmp_path)
    assert work["unobserved_children"] == 1


def test_a_torch_of_another_shape_disturbs_nobody(tmp_path: Path) -> None:
    code, work = watched("import torch; assert torch.x == 1", tmp_path, ("torch.py", "x = 1\n"))
    assert code == 0
    assert work["forward"] == 0


def test_another_sitecustomize_still_runs(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nsys.planted = True\n")
    counters = tmp_path / "counters"
    counters.mkdir()
    variables = observer_variables(TOOLS, str(counters))
    variables["PYTHONPATH"] += f":{folder}"
    subprocess.run([sys.executable, "-c", "import sys; assert sys.planted"], env=variables, check=True)
    assert read_counters(counters)["processes"] == 1


def test_without_it_nothing_is_claimed(tmp_path: Path) -> None:
    assert read_counters(tmp_path) == {}
