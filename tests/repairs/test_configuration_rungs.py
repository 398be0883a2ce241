"""Configuration wiring: after the repair, Hydra itself composes what the code reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from runner.repairs.base import Repair, applied
from runner.submissions.model import Submission
from tests.repairs.blocker_examples import (
    CONFIG,
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
)

RUNS = {
    RUN_ID: f"run_id: {RUN_ID}\nmodel:\n  name: a\ntraining:\n  epochs: 3\n",
    OTHER_ID: f"run_id: {OTHER_ID}\nmodel:\n  name: b\ntraining:\n  epochs: 3\n",
}
READS_ROOT = MAIN.replace("print(cfg.mode)", "print(cfg.mode, cfg.model.name)\n    start(f'run={cfg.run}')")
READS_RUN = MAIN.replace("print(cfg.mode)", "print(cfg.run.model.name)\n    start(f'run={cfg.run.run_id}')")
STRUCT = "Key '{0}' is not in struct\n    full_key: {1}\n    object_type=dict"


def by_hydra(sub: Submission, folder: Path, run_id: str = RUN_ID) -> dict[str, Any]:
    """What Hydra composes for the command line of a run id."""
    sub.materialise(folder)
    with initialize_config_dir(str(folder / "config"), version_base=None):
        config = compose(
            "config", overrides=[f"run={run_id}", "results_dir=out", "mode=trial"], return_hydra_config=True
        )
        OmegaConf.set_struct(config, False)
        config.hydra.runtime.output_dir = "."
        choice = str(config.hydra.runtime.choices.get("run", ""))
    del config["hydra"]
    text = OmegaConf.to_yaml(config).replace("${hydra:runtime.choices.run}", choice)
    made = OmegaConf.to_container(OmegaConf.create(text), resolve=True)
    assert isinstance(made, dict)
    return {str(key): value for key, value in made.items()}


def for_errors(sub: Submission, *errors: str, absent: tuple[str, ...] = (), names: bool = True) -> Repair:
    step = repair(case(sub, installed(), composed(sub, *errors, absent=absent, names=names)))
    assert step is not None
    return step


def for_failure(
    sub: Submission, file: str, words: str, kind: str, message: str, config: str = "", **more: Any
) -> Repair | None:
    line = line_of(sub.files[file], words)
    trial = failed_trial(traceback(file, line, kind, message, **more))
    return repair(case(sub, installed(), composed(sub, config=config), trial))


@pytest.mark.parametrize(
    ("decorator", "after"),
    [
        ('@hydra.main(config_path="../config")', '@hydra.main(config_path="../config", config_name="config")'),
        ("@hydra.main()", '@hydra.main(config_path="../config", config_name="config")'),
        (
            "@hydra.main(version_base=None,)",
            '@hydra.main(version_base=None, config_path="../config", config_name="config")',
        ),
        ('@hydra.main("../config")', '@hydra.main("../config", config_name="config")'),
    ],
)
def test_every_hydra_main_without_a_configuration_names_it(decorator: str, after: str) -> None:
    text = MAIN.replace('@hydra.main(config_path="../config", config_name="config", version_base=None)', decorator)
    step = for_errors(submission({"src/main.py": text, "src/train.py": text}), absent=("run",), names=False)
    assert step.kind == "config-name" and set(step.files) == {"src/main.py", "src/train.py"}
    assert changed_lines(text, step.files["src/main.py"]) == ([decorator], [after])


def test_a_wrong_config_path_is_put_right() -> None:
    text = MAIN.replace('"../config"', '"config"')
    step = for_errors(submission({"src/main.py": text}), "Primary config directory not found.\nCheck that …")
    assert step.files == {"src/main.py": MAIN}


def test_keys_of_the_command_line_are_declared() -> None:
    config = "# settings\nwandb: {entity: e, project: p}"
    loads = MAIN.replace("print(cfg.mode)", "c = OmegaConf.load(f'config/runs/{cfg.run}.yaml')")
    sub = submission({"config/config.yaml": config, "src/main.py": loads}, RUNS)
    step = for_errors(sub, absent=("run", "results_dir", "mode"))
    assert step.files["config/config.yaml"] == f"{config}\nrun: ???\nresults_dir: ???\nmode: ???"


@pytest.mark.parametrize("folder", ["config/runs", "config/run", "config/experiments"])
@pytest.mark.parametrize(
    ("config", "error"),
    [
        ("defaults:\n  - _self_\nresults_dir: o\nmode: full\nmodel: {}\n", ""),
        (
            "defaults:\n  - _self_\n  - runs: ${run}\nrun: null\nresults_dir: o\nmode: full\nmodel: {}\n",
            "In 'config': bad ${run}",
        ),
        (
            'defaults:\n  - runs/${run}\n  - _self_\nrun: "???"\nresults_dir: o\nmode: full\n',
            "Error resolving interpolation",
        ),
        ("defaults: [_self_]\nresults_dir: o\nmode: full\n", ""),
        ("defaults:\n  - runs@run: old\nresults_dir: o\nmode: full\n", "Could not find 'runs/old'"),
        ("results_dir: o\nmode: full\n", ""),
    ],
)
def test_the_runs_values_come_to_where_the_code_reads_them(
    config: str, error: str, folder: str, tmp_path: Path
) -> None:
    for code, name in ((READS_ROOT, "root"), (READS_RUN, "run")):
        sub = submission({"config/config.yaml": config, "src/main.py": code}, RUNS, folder)
        step = for_errors(sub, *([error] if error else []), absent=() if error else ("run",))
        made = by_hydra(applied(sub, step), tmp_path / name, OTHER_ID)
        if name == "root" and "runs" in made:
            # The entry's own place comes first; that the code reads another one shows behind it.
            missing = ("omegaconf.errors.ConfigAttributeError", STRUCT.format("name", "model.name"))
            next_step = for_failure(applied(sub, step), "src/main.py", "cfg.model", *missing)
            assert next_step is not None and next_step.kind == "run-group"
            made = by_hydra(applied(applied(sub, step), next_step), tmp_path / "next", OTHER_ID)
        if name == "root":
            assert (made["model"]["name"], made["run"]) == ("b", OTHER_ID)
        else:
            assert made["run"]["model"]["name"] == "b"
        assert made["mode"] == "trial"


def test_a_group_whose_files_lie_elsewhere_and_code_that_reads_both(tmp_path: Path) -> None:
    config = "defaults:\n  - run: ???\n  - _self_\nresults_dir: o\nmode: full\n"
    train = MAIN.replace("print(cfg.mode)", "print(cfg.training.epochs)")
    sub = submission({"config/config.yaml": config, "src/main.py": READS_RUN, "src/train.py": train}, RUNS)
    sub = applied(sub, for_errors(sub, "In 'config': Could not find 'run/proposed-a'"))
    assert "training" not in by_hydra(sub, tmp_path / "one")
    missing = ("omegaconf.errors.ConfigAttributeError", STRUCT.format("training", "training"))
    step = for_failure(sub, "src/train.py", "cfg.training", *missing)
    assert step is not None and step.kind == "run-group"
    made = by_hydra(applied(sub, step), tmp_path / "two")
    assert made["training"]["epochs"] == 3 and made["run"]["run_id"] == RUN_ID


def test_files_in_the_groups_own_folder_are_seen_at_the_root_by_name(tmp_path: Path) -> None:
    config = "defaults:\n  - _self_\n  - run: ???\nresults_dir: o\nmode: full\n"
    train = MAIN.replace("print(cfg.mode)", "print(cfg.training.epochs, cfg.run.model.name)")
    sub = submission({"config/config.yaml": config, "src/main.py": train}, RUNS, "config/run")
    missing = ("omegaconf.errors.ConfigAttributeError", STRUCT.format("training", "training"))
    step = for_failure(sub, "src/main.py", "cfg.training", *missing)
    assert step is not None
    made = by_hydra(applied(sub, step), tmp_path)
    assert made["training"] == {"epochs": 3} and made["run"]["model"]["name"] == "a"


def test_a_group_that_must_be_chosen_and_has_no_files(tmp_path: Path) -> None:
    config = "defaults:\n  - run: ???\nresults_dir: o\nmode: full\n"
    sub = submission({"config/config.yaml": config, "src/main.py": READS_RUN}, RUNS)
    step = for_errors(sub, "You must specify 'run', e.g, run=<OPTION>\nAvailable options:\n")
    assert by_hydra(applied(sub, step), tmp_path)["run"]["model"]["name"] == "a"


def test_a_plain_run_value_that_the_code_reads_below(tmp_path: Path) -> None:
    config = "defaults:\n  - runs@run: proposed-a\nresults_dir: o\nmode: full\n"
    sub = submission({"config/config.yaml": config, "src/main.py": READS_RUN}, RUNS)
    step = for_failure(sub, "src/main.py", "cfg.run.run_id", "AttributeError", "'str' object has no attribute 'run_id'")
    assert step is not None
    assert by_hydra(applied(sub, step), tmp_path, OTHER_ID)["run"]["model"]["name"] == "b"


def test_a_key_that_no_file_has_is_not_invented() -> None:
    config = "defaults:\n  - _self_\n  - run: ???\nresults_dir: o\nmode: full\n"
    sub = submission({"config/config.yaml": config, "src/main.py": READS_RUN}, RUNS, "config/run")
    missing = ("omegaconf.errors.ConfigAttributeError", STRUCT.format("beta", "run.model.beta"))
    assert for_failure(sub, "src/main.py", "cfg.run.model", *missing) is None


@pytest.mark.parametrize(
    "line",
    [
        "cfg = OmegaConf.merge(cfg, loaded)",
        "OmegaConf.update(cfg, 'new.key', 1)",
        "cfg.new = {}",
        "cfg['new'] = 2",
        "cfg.merge_with(loaded)",
    ],
)
def test_writing_to_a_locked_configuration_unlocks_it(line: str) -> None:
    text = MAIN.replace("print(cfg.mode)", f'"""Starts."""\n    {line}')
    error = ("omegaconf.errors.ConfigKeyError", STRUCT.format("new", "new"))
    step = for_failure(submission({"src/main.py": text}), "src/main.py", line, *error)
    assert step is not None and step.kind == "struct-lock"
    gone, came = changed_lines(text, step.files["src/main.py"])
    assert (gone, came) == ([], ["from omegaconf import OmegaConf", "    OmegaConf.set_struct(cfg, False)"])


def test_reading_a_key_that_is_not_there_unlocks_nothing() -> None:
    text = MAIN.replace("print(cfg.mode)", "x = cfg.new")
    error = ("omegaconf.errors.ConfigAttributeError", STRUCT.format("new", "new"))
    assert for_failure(submission({"src/main.py": text}), "src/main.py", "cfg.new", *error) is None


def test_overrides_of_a_launcher_that_are_refused_are_appended() -> None:
    launcher = MAIN.replace(
        "print(cfg.mode)",
        'words = ["a", f"run={cfg.run}", "wandb.mode=disabled"]\n'
        '    words += ["training.epochs=1", f"optuna.n_trials={0}"]\n'
        "    words.append('training.max_steps=2')",
    )
    config = "run: x\nwandb:\n  mode: online\ntraining: {}\n"
    trace = traceback(
        None, 0, "hydra.errors.ConfigCompositionException", "Could not override 'training.epochs'.\nTo append …"
    )
    sub = submission({"src/main.py": launcher})
    step = repair(case(sub, installed(), composed(sub, config=config), failed_trial(trace)))
    assert step is not None and step.kind == "refused-override"
    new = step.files["src/main.py"]
    assert '"++training.epochs=1", f"++optuna.n_trials={0}"' in new and "'++training.max_steps=2'" in new
    assert '"wandb.mode=disabled"' in new and 'f"run={cfg.run}"' in new


def test_a_doubled_key_keeps_its_last_value() -> None:
    config = "run: null   # id\nmode: full\n# the run\nrun:\n  a: 1\n  b: {c: 1, d: 2}\nresults_dir: o\nmode: trial\n"
    step = for_errors(submission({"config/config.yaml": config}), "found duplicate key run")
    assert (
        step.files["config/config.yaml"] == "# the run\nrun:\n  a: 1\n  b: {c: 1, d: 2}\nresults_dir: o\nmode: trial\n"
    )


@pytest.mark.parametrize(
    ("config", "after", "key"),
    [
        (
            CONFIG + "hydra:\n  job:\n    bad: 1\n    chdir: false\n",
            CONFIG + "hydra:\n  job:\n    chdir: false\n",
            "hydra.job.bad",
        ),
        (
            CONFIG + "hydra:\n  run:\n    dir: .\n  odd:\n    x: 1\n",
            CONFIG + "hydra:\n  run:\n    dir: .\n",
            "hydra.odd",
        ),
    ],
)
def test_a_key_that_hydra_does_not_have_is_removed(config: str, after: str, key: str) -> None:
    name = key.split(".")[-1]
    said = f"ConfigKeyError raised while composing config:\nKey '{name}' not in 'JobConf'\n    full_key: {key}"
    assert for_errors(submission({"config/config.yaml": config}), said).files == {"config/config.yaml": after}


@pytest.mark.parametrize(
    ("entry", "missing"),
    [("model: bert", "model/bert"), ("override hydra/launcher: joblib", "hydra/launcher/joblib"), ("base", "base")],
)
def test_a_defaults_entry_without_a_file_is_removed(entry: str, missing: str) -> None:
    config = f"defaults:\n  - _self_\n  - {entry}\n{CONFIG}"
    step = for_errors(submission({"config/config.yaml": config}), f"In 'config': Could not find '{missing}'\n")
    assert step.files["config/config.yaml"] == f"defaults:\n  - _self_\n{CONFIG}"


def test_a_group_that_nothing_is_in_need_not_be_chosen() -> None:
    config = f"defaults:\n  - _self_\n  - experiment: ???\n{CONFIG}"
    sub = submission({"config/config.yaml": config})
    said = "You must specify 'experiment', e.g, experiment=<OPTION>\nAvailable options:\n"
    assert for_errors(sub, said).files["config/config.yaml"] == f"defaults:\n  - _self_\n{CONFIG}"
    full = submission({"config/config.yaml": config, "config/experiment/a.yaml": "x: 1\n"})
    assert repair(case(full, installed(), composed(full, said))) is None


@pytest.mark.parametrize(
    ("config", "after"),
    [
        (CONFIG, CONFIG + "hydra:\n  job:\n    chdir: false\n"),
        (
            CONFIG + "hydra:\n  run:\n    dir: out\n",
            CONFIG + "hydra:\n  run:\n    dir: out\n  job:\n    chdir: false\n",
        ),
        (CONFIG + "hydra:\n  job: {chdir: true}\n", CONFIG + "hydra:\n  job: {chdir: false}\n"),
    ],
)
def test_the_working_directory_is_kept(config: str, after: str) -> None:
    sub = submission({"config/config.yaml": config, "src/train.py": ""})
    lost = traceback(
        None,
        0,
        "ModuleNotFoundError",
        "Error while finding module specification for 'src.train' (No module named 'src')",
    )
    step = repair(case(sub, installed(), composed(sub), failed_trial(lost)))
    assert step is not None and step.files == {"config/config.yaml": after}


def test_a_configuration_that_composes_is_left_alone() -> None:
    sub = submission({})
    assert repair(case(sub, installed(), composed(sub))) is None
