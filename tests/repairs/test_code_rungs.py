"""Imports, ids and processes: one edit where it belongs, and none where the code is simply wrong."""

from __future__ import annotations

import ast

import pytest

from runner.evidence import HubRequest
from runner.repairs.assets import canonical
from runner.repairs.base import Blocker, Repair
from runner.repairs.ladder import next_repair
from runner.submissions.model import Submission
from runner.vocabulary import Provided, StageName
from tests.repairs.blocker_examples import (
    MAIN,
    OTHER_ID,
    RUN_ID,
    case,
    changed_lines,
    composed,
    failed_trial,
    installed,
    line_of,
    repair,
    submission,
    traceback,
    unimportable,
)

NO_SRC = "No module named 'src'"
ROOT = "__import__('pathlib').Path(__file__).resolve().parents[1]"


def for_failure(
    sub: Submission, file: str, words: str, kind: str, message: str, *hub: HubRequest, below: str = ""
) -> Repair | None:
    trace = traceback(file, line_of(sub.tree()[file], words), kind, message, below=below)
    return repair(case(sub, installed(), composed(sub), failed_trial(trace, *hub)))


def for_import(sub: Submission, file: str, words: str, kind: str, message: str) -> Repair | None:
    return repair(case(sub, installed(), unimportable(file, line_of(sub.files[file], words), kind, message)))


@pytest.mark.parametrize(
    ("text", "name", "added"),
    [
        ("import hydra\n\ndef main(cfg: DictConfig): ...\n", "DictConfig", ["from omegaconf import DictConfig"]),
        ('"""Doc."""\nx: Optional[int] = None\n', "Optional", ["from typing import Optional"]),
        ("from __future__ import annotations\nimport os\nx = np.array(Path(os.sep))\n", "np",
         ["import numpy as np", "from pathlib import Path"]),
        ("x = json.dumps({})\n", "json", ["import json"]),
    ],
)  # fmt: skip
def test_a_well_known_name_is_imported(text: str, name: str, added: list[str]) -> None:
    sub = submission({"src/model.py": text})
    step = for_import(sub, "src/model.py", name, "NameError", f"name '{name}' is not defined")
    assert step is not None and step.kind == "missing-import"
    new = step.files["src/model.py"]
    assert changed_lines(text, new) == ([], added)
    ast.parse(new)


def test_a_name_that_nothing_defines_stays_undefined() -> None:
    sub = submission({"src/model.py": "x = total_loss\n"})
    assert for_import(sub, "src/model.py", "total_loss", "NameError", "name 'total_loss' is not defined") is None


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("from preprocess import load", "from src.preprocess import load"),
        ("import preprocess", "from src import preprocess"),
        ("import preprocess as p", "from src import preprocess as p"),
    ],
)
def test_the_projects_modules_are_imported_from_src(line: str, after: str) -> None:
    sub = submission(
        {"src/train.py": f"import os\n{line}\nimport evaluate\n", "src/preprocess.py": "", "src/evaluate.py": ""}
    )
    step = for_import(sub, "src/train.py", line, "ModuleNotFoundError", "No module named 'preprocess'")
    assert step is not None and changed_lines(sub.files["src/train.py"], step.files["src/train.py"]) == (
        [line],
        [after],
    )


def test_a_relative_import_outside_of_a_package() -> None:
    text = "from .model import build\nfrom . import preprocess\n"
    sub = submission({"src/train.py": text, "src/model.py": ""})
    said = "attempted relative import with no known parent package"
    step = for_import(sub, "src/train.py", ".model", "ImportError", said)
    assert step is not None
    assert step.files["src/train.py"] == "from src.model import build\nfrom src import preprocess\n"


@pytest.mark.parametrize(
    ("text", "name", "after"),
    [
        ("from transformers import AdamW\n", "AdamW", "from torch.optim import AdamW\n"),
        ("from transformers import (\n    AdamW,\n    AutoModel,\n)\n", "AdamW",
         "from torch.optim import AdamW\nfrom transformers import (\n    AutoModel,\n)\n"),
        ("from sklearn.metrics import f1_score, ttest_ind as t\n", "ttest_ind",
         "from scipy.stats import ttest_ind as t\nfrom sklearn.metrics import f1_score\n"),
        ("from datasets import load_metric\n", "load_metric", "from evaluate import load as load_metric\n"),
    ],
)  # fmt: skip
def test_a_name_that_lives_elsewhere_is_taken_from_there(text: str, name: str, after: str) -> None:
    sub = submission({"src/train.py": text})
    step = for_import(
        sub, "src/train.py", name, "ImportError", f"cannot import name '{name}' from 'x' (/x/__init__.py)"
    )
    assert step is not None
    assert "".join(step.files["src/train.py"].split()) == "".join(after.split())
    ast.parse(step.files["src/train.py"])


@pytest.mark.parametrize(
    ("use", "after"),
    [
        ("o = AdamW(p, lr=1e-3)", "o = AdamW(p, lr=1e-3, eps=1e-6, weight_decay=0.0)"),
        ("o = AdamW(p, lr=1e-3, weight_decay=0.1)", "o = AdamW(p, lr=1e-3, weight_decay=0.1, eps=1e-6)"),
        ("o = AdamW(p, 1e-3, (0.9, 0.99), 1e-8, 0.01)", "o = AdamW(p, 1e-3, (0.9, 0.99), 1e-8, 0.01)"),
        ("o = AdamW(p, **more)", None),
        ("o = AdamW(p, correct_bias=False)", None),
        ("o = build(AdamW, p)", None),
    ],
)
def test_an_optimizer_from_elsewhere_computes_what_it_did(use: str, after: str | None) -> None:
    """transformers' AdamW decays no weights unless told to; torch's does."""
    text = f"from transformers import AdamW\n{use}\n"
    sub = submission({"src/train.py": text})
    said = "cannot import name 'AdamW' from 'transformers' (/x/__init__.py)"
    step = for_import(sub, "src/train.py", "import AdamW", "ImportError", said)
    new = step.files["src/train.py"] if step is not None else None
    assert new == (f"from torch.optim import AdamW\n{after}\n" if after else None)


def test_a_copy_is_asked_of_copy() -> None:
    text = "from omegaconf import OmegaConf\n\ndef objective(cfg):\n    return OmegaConf.deepcopy(cfg)\n"
    sub = submission({"src/train.py": text})
    said = "type object 'OmegaConf' has no attribute 'deepcopy'"
    step = for_failure(sub, "src/train.py", "OmegaConf.deepcopy", "AttributeError", said)
    assert step is not None and changed_lines(text, step.files["src/train.py"])[1] == [
        "import copy",
        "    return copy.deepcopy(cfg)",
    ]


def test_a_name_that_a_library_never_had_is_left_alone() -> None:
    sub = submission({"src/train.py": "from transformers import MagicTrainer\n"})
    said = "cannot import name 'MagicTrainer' from 'transformers' (/x/__init__.py)"
    assert for_import(sub, "src/train.py", "MagicTrainer", "ImportError", said) is None


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ('subprocess.run(["python", "-m", "src.train"])', 'subprocess.run([sys.executable, "-m", "src.train"])'),
        (
            "cmd = ['python3', '-u', '-m', 'src.train'] + extra",
            "cmd = [sys.executable, '-u', '-m', 'src.train'] + extra",
        ),
    ],
)
def test_a_child_gets_the_running_interpreter(call: str, after: str) -> None:
    text = MAIN.replace("print(cfg.mode)", call)
    for kind, said in (
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'python'"),
        ("ModuleNotFoundError", "No module named 'torch'"),
    ):
        step = for_failure(submission({"src/main.py": text}), "src/main.py", call, kind, said)
        assert step is not None and step.kind == "interpreter"
        gone, came = changed_lines(text, step.files["src/main.py"])
        assert (gone, came) == ([f"    {call}"], ["import sys", f"    {after}"])


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ('subprocess.run([exe, "src/train.py", word])', 'subprocess.run([exe, "-m", "src.train", word])'),
        ('subprocess.run([sys.executable, "-m", "src.train"], check=True)',
         f'subprocess.run([sys.executable, "-m", "src.train"], check=True, cwd={ROOT})'),
        ("subprocess.Popen(('x', '-m', module), -1)", f"subprocess.Popen(('x', '-m', module), -1, cwd={ROOT})"),
        ('subprocess.run((["python", "-m", "src.train"]),)',
         f'subprocess.run((["python", "-m", "src.train"]), cwd={ROOT})'),
        ('subprocess.run(["-m", "src.train"], cwd="/x")', f'subprocess.run(["-m", "src.train"], cwd={ROOT})'),
    ],
)  # fmt: skip
def test_a_child_that_finds_no_src_starts_from_the_root(call: str, after: str) -> None:
    text = MAIN.replace("print(cfg.mode)", call)
    config = "run: ???\nhydra:\n  job:\n    chdir: false\n"
    sub = submission({"src/main.py": text, "config/config.yaml": config})
    step = for_failure(sub, "src/main.py", call, "ModuleNotFoundError", NO_SRC)
    assert step is not None and changed_lines(text, step.files["src/main.py"]) == ([f"    {call}"], [f"    {after}"])


@pytest.mark.parametrize(
    "call",
    [
        'for path in ["README.md", "src/train.py"]: print(open(path).read())',
        'subprocess.run(["cat", "src/train.py"]); module = "src.train"',
        'subprocess.run(["git", "rev-parse", "HEAD"], -1); module = "src.train"',
        'subprocess.run([sys.executable, "-m", "src.train"], **options)',
    ],
)
def test_what_starts_no_module_of_src_is_left_alone(call: str) -> None:
    text = MAIN.replace("print(cfg.mode)", call)
    sub = submission({"src/main.py": text, "config/config.yaml": "hydra:\n  job:\n    chdir: false\n"})
    assert for_failure(sub, "src/main.py", call, "ModuleNotFoundError", NO_SRC) is None


@pytest.mark.parametrize(
    "line",
    ["LANGS = ('python', 'java', 'go')", "known = ['python', name]", "cmd = [exe]\n    cmd += ['python', 'x']"],
)
def test_a_list_that_starts_nothing_keeps_its_words(line: str) -> None:
    text = MAIN.replace("print(cfg.mode)", f"{line}\n    subprocess.run(['python3', script])")
    said = "[Errno 2] No such file or directory: 'python3'"
    step = for_failure(submission({"src/main.py": text}), "src/main.py", "subprocess.run", "FileNotFoundError", said)
    assert step is not None
    gone, came = changed_lines(text, step.files["src/main.py"])
    assert gone == ["    subprocess.run(['python3', script])"]
    assert came == ["import sys", "    subprocess.run([sys.executable, script])"]


def test_a_command_in_a_variable_gets_the_running_interpreter() -> None:
    text = MAIN.replace("print(cfg.mode)", "cmd = ['python', script]\n    subprocess.run(cmd)")
    said = "[Errno 2] No such file or directory: 'python'"
    step = for_failure(submission({"src/main.py": text}), "src/main.py", "subprocess.run", "FileNotFoundError", said)
    assert step is not None and "cmd = [sys.executable, script]" in step.files["src/main.py"]


@pytest.mark.parametrize(
    ("said", "moved"),
    [
        ("[Errno 2] No such file or directory: '/workspace/outputs/2025-11-20/05-18-38/config/config.yaml'", True),
        ("no file for this run: /workspace/outputs/2025-11-20/05-18-38/config/config.yaml.", True),
        ("no file for this run: /workspace/outputs/2025-11-20/05-18-38/config/absent.yaml", False),
        ("no file for this run: /data/config/config.yaml", False),
    ],
)
def test_a_file_that_is_looked_for_where_hydra_moved(said: str, moved: bool) -> None:
    sub = submission({"src/main.py": MAIN, "config/config.yaml": "mode: trial\n"})
    step = for_failure(sub, "src/main.py", "print(cfg.mode)", "FileNotFoundError", said)
    assert (step is not None and step.kind == "working-directory") is moved


def test_an_edit_that_does_not_compile_is_never_made() -> None:
    def breaks(blocker: Blocker) -> Repair:
        return Repair(kind="x", what="x", files={"src/model.py": "f(a=1, a=2)\n"}, begins=StageName.COMPOSE)

    sub = submission({"src/model.py": "x = np.zeros(3)\n"})
    found = case(sub, installed(), unimportable("src/model.py", 1, "NameError", "name 'np' is not defined"))
    assert next_repair(found, [], rungs=[breaks]) is None


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("gain = cfg.gains.global.Kp", 'gain = cfg.gains["global"].Kp'),
        ("x = self.cfg.lambda", 'x = self.cfg["lambda"]'),
    ],
)
def test_a_key_that_is_a_keyword_is_read_by_name(line: str, after: str) -> None:
    text = f"def f(self, cfg):\n    {line}\n    return 1\n"
    sub = submission({"src/model.py": text})
    step = for_import(sub, "src/model.py", line, "SyntaxError", "invalid syntax")
    assert step is not None and changed_lines(text, step.files["src/model.py"]) == ([f"    {line}"], [f"    {after}"])


def test_other_syntax_errors_are_left_alone() -> None:
    sub = submission({"src/model.py": "def f(:\n    pass\n"})
    assert for_import(sub, "src/model.py", "def f", "SyntaxError", "invalid syntax") is None


@pytest.mark.parametrize(
    ("line", "said", "after"),
    [
        ("e = OneHotEncoder(sparse=d)", "OneHotEncoder.__init__() got an unexpected keyword argument 'sparse'",
         "e = OneHotEncoder(sparse_output=d)"),
        ("a = TrainingArguments('o', evaluation_strategy='no')",
         "TrainingArguments.__init__() got an unexpected keyword argument 'evaluation_strategy'",
         "a = TrainingArguments('o', eval_strategy='no')"),
    ],
)  # fmt: skip
def test_an_argument_by_its_present_name(line: str, said: str, after: str) -> None:
    sub = submission({"src/model.py": f"d = 0.1\n{line}\n"})
    step = for_failure(sub, "src/model.py", line, "TypeError", said)
    assert step is not None and step.files["src/model.py"] == f"d = 0.1\n{after}\n"


@pytest.mark.parametrize("name", ["magic", "dropout"])
def test_an_argument_that_the_library_never_had_is_left_alone(name: str) -> None:
    sub = submission({"src/model.py": f"c = LoraConfig(r=8, {name}=1)\n"})
    said = f"LoraConfig.__init__() got an unexpected keyword argument '{name}'"
    assert for_failure(sub, "src/model.py", name, "TypeError", said) is None


def nonexistent(name: str, kind: str = "model") -> HubRequest:
    return HubRequest(kind=kind, id=name, provided=Provided.MISSING, reason="nonexistent")  # type: ignore[arg-type]


def test_a_bare_id_gets_its_owner_wherever_it_stands() -> None:
    runs = {
        RUN_ID: "model:\n  name: Qwen3-0.6B   # small\n",
        OTHER_ID: 'model: {name: "Qwen3-0.6B", tag: Qwen3-0.6B-x}\n',
    }
    sub = submission({"src/model.py": "NAME = 'Qwen3-0.6B'\nbuild(NAME)\n"}, runs)
    said = "401 Client Error. Repository Not Found"
    step = for_failure(sub, "src/model.py", "build", "RepositoryNotFoundError", said, nonexistent("Qwen3-0.6B"))
    assert step is not None and step.kind == "asset-id"
    assert step.files == {
        f"config/runs/{RUN_ID}.yaml": "model:\n  name: Qwen/Qwen3-0.6B   # small\n",
        f"config/runs/{OTHER_ID}.yaml": 'model: {name: "Qwen/Qwen3-0.6B", tag: Qwen3-0.6B-x}\n',
        "src/model.py": 'NAME = "Qwen/Qwen3-0.6B"\nbuild(NAME)\n',
    }


def test_an_id_that_no_asset_has_is_left_alone() -> None:
    sub = submission({"src/model.py": "build('my-own-model-9')\n"})
    error = ("RepositoryNotFoundError", "404", nonexistent("my-own-model-9"))
    assert for_failure(sub, "src/model.py", "build", *error) is None


@pytest.mark.parametrize(
    ("kind", "name", "right"),
    [("model", "Llama-2-7B", "meta-llama/Llama-2-7b-hf"), ("model", "model", None), ("dataset", "conll-2099", None)],
)
def test_the_canonical_id(kind: str, name: str, right: str | None) -> None:
    assert canonical(kind, name) == right


CONFIG_MISSING = (
    "Config name is missing.\nPlease pick one among the available configs: ['main', 'socratic']\n"
    "Example of usage:\n\t`load_dataset('openai/gsm8k', 'main')`"
)


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ('load_dataset("openai/gsm8k", split="train")', 'load_dataset("openai/gsm8k", "main", split="train")'),
        ("datasets.load_dataset(name)", 'datasets.load_dataset(name, "main")'),
        ('load_dataset(path=name, split="train")', 'load_dataset(name="main", path=name, split="train")'),
        ('load_dataset(name, "maths")', 'load_dataset(name, "main")'),
    ],
)
def test_a_data_set_gets_its_configuration(call: str, after: str) -> None:
    text = f'def load(name):\n    a = {call}\n    b = {call}\n    return load_dataset("squad")\n'
    sub = submission({"src/preprocess.py": text})
    below = "/x/site-packages/datasets/load.py"
    step = for_failure(sub, "src/preprocess.py", f"a = {call}", "ValueError", CONFIG_MISSING, below=below)
    assert step is not None
    gone, came = changed_lines(text, step.files["src/preprocess.py"])
    assert gone == [f"    a = {call}", f"    b = {call}"] and came == [f"    a = {after}", f"    b = {after}"]


TASKS = "Config name is missing.\nPlease pick one among the available configs: ['cola', 'sst2', 'mnli']"


@pytest.mark.parametrize(
    ("runs", "call", "after"),
    [
        ("dataset:\n  name: glue\n  subset: sst2\n", "load_dataset(cfg.dataset.name)",
         "load_dataset(cfg.dataset.name, cfg.dataset.subset)"),
        ("data: {id: glue, task: mnli}\n", 'load_dataset("glue", split="train")',
         'load_dataset("glue", "mnli", split="train")'),
        ("dataset: {name: glue}\n", "load_dataset(cfg.dataset.name)", None),
    ],
)  # fmt: skip
def test_which_of_several_tasks_is_told_by_the_runs_files(runs: str, call: str, after: str | None) -> None:
    sub = submission({"src/preprocess.py": f"def load(cfg):\n    return {call}\n"}, {RUN_ID: runs, OTHER_ID: runs})
    below = "/x/site-packages/datasets/load.py"
    step = for_failure(sub, "src/preprocess.py", call, "ValueError", TASKS, below=below)
    new = step.files["src/preprocess.py"] if step is not None else None
    assert new == (f"def load(cfg):\n    return {after}\n" if after else None)


@pytest.mark.parametrize(("configs", "repaired"), [(["simplified"], False), ([], True)])
def test_a_configuration_that_the_real_data_set_may_have_is_left_alone(configs: list[str], repaired: bool) -> None:
    sub = submission({"src/preprocess.py": 'def load():\n    return load_dataset("go_emotions", "raw")\n'})
    said = "BuilderConfig 'raw' not found. Available: ['simplified']"
    name = "google-research-datasets/go_emotions"
    served = HubRequest(kind="dataset", id=name, provided=Provided.STAND_IN, configs=configs)
    below = "/x/site-packages/datasets/load.py"
    step = for_failure(sub, "src/preprocess.py", "load_dataset", "ValueError", said, served, below=below)
    assert (step is not None) is repaired


def test_the_same_edit_is_not_made_twice() -> None:
    sub = submission({"src/model.py": "x = np.zeros(3)\n"})
    found = case(sub, installed(), unimportable("src/model.py", 1, "NameError", "name 'np' is not defined"))
    step = repair(found)
    assert step is not None and repair(found, step) is None


def test_a_name_that_the_client_no_longer_takes_gets_its_owner() -> None:
    sub = submission({"src/model.py": "load_dataset('glue', 'mnli')\n"})
    said = "Invalid HF URI 'hf://datasets/glue@1cec/.x'. Repository id must be 'namespace/name', got 'glue'."
    step = for_failure(sub, "src/model.py", "load_dataset", "huggingface_hub.errors.HfUriError", said)
    assert step is not None and step.files["src/model.py"] == "load_dataset(\"nyu-mll/glue\", 'mnli')\n"


@pytest.mark.parametrize("text", ["x = np.zeros(3)\n", "import os\nx = np.zeros(os.cpu_count())\n"])
def test_a_byte_order_mark_stays_where_it_is(text: str) -> None:
    """Python reads such a file; the edit stands behind the mark."""
    marked = "\ufeff" + text
    step = for_import(
        submission({"src/model.py": marked}), "src/model.py", "np.", "NameError", "name 'np' is not defined"
    )
    plain = for_import(
        submission({"src/model.py": text}), "src/model.py", "np.", "NameError", "name 'np' is not defined"
    )
    assert step is not None and plain is not None
    assert step.files["src/model.py"] == "\ufeff" + plain.files["src/model.py"]
    compile(step.files["src/model.py"].encode(), "model.py", "exec")
