"""Run by a real wandb client's Python: does everything a submission may do, and writes what it saw as JSON.

usage: everything.py RESULT_FILE          in an empty folder, with WANDB_BASE_URL and WANDB_API_KEY set

Each check is a function of one client version's public interface; what it returns, or the error it met, is
judged by the test, which also sees what the server has.
"""

import json
import pathlib
import subprocess
import sys
import time

import wandb
from media import log_media

HERE = pathlib.Path(__file__).parent
ENTITY, PROJECT = "team", "demo"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def init(run_id, **more):
    return wandb.init(entity=ENTITY, project=PROJECT, id=run_id, **more)


@check
def main_run():
    run = init(
        "main",
        name="the main run",
        config={"lr": 0.1, "model": {"name": "tiny", "layers": [1, 2]}},
        tags=["first", "second"],
        group="pair",
        job_type="train",
        notes="some notes",
        resume="allow",
    )
    wandb.config.update({"added": "later"})
    run.config.update({"lr": 0.2}, allow_val_change=True)
    wandb.define_metric("epoch")
    wandb.define_metric("val/*", step_metric="epoch")
    wandb.define_metric("val/acc", summary="max")
    for step in range(20):
        wandb.log({"train/loss": 1 / (step + 1), "nested": {"a": step, "b": {"c": -step}}}, step=step)
        if step % 5 == 4:
            wandb.log({"val/acc": 0.9 - step / 100, "epoch": step // 5}, step=step)
    wandb.log({"bad": float("nan"), "endless": float("inf"), "word": "text", "flag": True}, step=20)
    wandb.summary["best"] = {"accuracy": 0.91}
    run.summary.update({"accuracy": 0.5})
    log_media()
    pathlib.Path("note.txt").write_text("a saved file\n")
    wandb.save("note.txt", policy="now")
    made = wandb.Artifact("weights", type="model", metadata={"layers": 2}, description="made by a test")
    made.add_file("note.txt", name="inner/note.txt")
    with made.new_file("more.json") as handle:
        handle.write("[1, 2]")
    logged = run.log_artifact(made, aliases=["best"])
    logged.wait()
    run.alert(title="look", text="at this", level=wandb.AlertLevel.WARN)
    found = {"url": run.url, "name": run.name, "id": run.id, "path": run.path, "dir": pathlib.Path(run.dir).is_dir()}
    run.finish()
    return found


@check
def several_runs():
    seen = []
    for number in (1, 2):
        run = init(f"several-{number}", group="pair", reinit=True, config={"number": number})
        run.log({"score": number})
        run.finish(exit_code=0 if number == 1 else 3)
        seen.append(run.id)
    return seen


@check
def resume_must():
    run = init("main", resume="must")
    begun = run.step
    run.log({"train/loss": 0.01})
    seen = {"resumed": run.resumed, "step": begun, "old": run.summary.get("accuracy")}
    run.finish()
    return seen


@check
def use_artifact():
    run = init("user", job_type="use")
    folder = run.use_artifact("weights:best").download()
    found = sorted(str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*") if path.is_file())
    text = (pathlib.Path(folder) / "inner" / "note.txt").read_text()
    run.finish()
    return {"files": found, "text": text}


@check
def begin_anew():
    run = init("several-1", config={"number": 100})
    run.log({"other": 7})
    run.finish()


@check
def disabled():
    run = wandb.init(mode="disabled", entity=ENTITY, project=PROJECT, id="disabled")
    wandb.log({"x": 1})
    wandb.finish()
    return run.id


@check
def offline_and_sync():
    run = init("offline", mode="offline", config={"away": True}, resume="allow")
    for step in range(3):
        run.log({"x": step})
    run.summary["best"] = 2
    run.finish()
    folders = [str(path) for path in pathlib.Path("wandb").glob("offline-run-*")]
    done = subprocess.run([sys.executable, "-m", "wandb", "sync", *folders], capture_output=True, text=True)
    return {"folders": len(folders), "status": done.returncode, "said": (done.stdout + done.stderr)[-1500:]}


@check
def sweep():
    return wandb.sweep({"method": "grid", "parameters": {"a": {"values": [1]}}}, entity=ENTITY, project=PROJECT)


@check
def api_run():
    run = wandb.Api().run(f"{ENTITY}/{PROJECT}/main")
    return {
        "state": run.state,
        "name": run.name,
        "id": run.id,
        "config": dict(run.config),
        "tags": sorted(run.tags),
        "group": run.group,
        "job_type": run.job_type,
        "notes": run.notes,
        "summary": json.loads(json.dumps(run.summary._json_dict, default=str)),
        "accuracy": run.summary.get("accuracy"),
        "best": dict(run.summary["best"]),
        "url": run.url,
        "path": run.path,
        "last_step": run.lastHistoryStep,
        "created_at": run.created_at,
    }


@check
def api_history():
    run = wandb.Api().run(f"{ENTITY}/{PROJECT}/main")
    frame = run.history()
    by_key = run.history(keys=["val/acc"], pandas=True)
    return {
        "type": type(frame).__name__,
        "columns": sorted(frame.columns),
        "rows": len(frame),
        "few": len(run.history(samples=5)),
        "keys": {"columns": sorted(by_key.columns), "rows": len(by_key), "values": list(by_key["val/acc"])},
        "plain": run.history(samples=3, keys=["train/loss"], pandas=False),
        "scan": [row["train/loss"] for row in run.scan_history(keys=["train/loss"])],
        "scan_all": len(list(run.scan_history())),
        "scan_page": len(list(run.scan_history(page_size=4))),
        "system": type(run.history(stream="system")).__name__,
        "absent": len(run.history(keys=["never-logged"], pandas=False)),
    }


@check
def api_runs():
    api = wandb.Api()
    path = f"{ENTITY}/{PROJECT}"

    def ids(**more):
        return [run.id for run in api.runs(path, **more)]

    return {
        "all": sorted(ids()),
        "newest_first": ids(order="-created_at")[0],
        "oldest_first": ids(order="+created_at")[0],
        "by_config": ids(filters={"config.model.name": "tiny"}),
        "by_group": sorted(ids(filters={"group": "pair"})),
        "by_state": ids(filters={"state": "failed"}),
        "by_summary": ids(filters={"summary_metrics.accuracy": {"$gte": 0.5}}),
        "by_name": ids(filters={"display_name": {"$regex": "main"}}),
        "by_or": sorted(ids(filters={"$or": [{"config.number": 2}, {"config.lr": 0.2}]})),
        "by_tags": ids(filters={"tags": {"$in": ["first"]}}),
        "by_metric": ids(order="-summary_metrics.accuracy")[0],
        "length": len(api.runs(path)),
        "configs": sorted(str(run.config.get("number")) for run in api.runs(path)),
    }


@check
def api_files():
    run = wandb.Api().run(f"{ENTITY}/{PROJECT}/main")
    names = sorted(file.name for file in run.files())
    got = run.file("note.txt").download(root="downloads", replace=True)
    return {"names": names, "text": got.read(), "size": run.file("note.txt").size, "metadata": bool(run.metadata)}


@check
def api_artifacts():
    api = wandb.Api()
    run = api.run(f"{ENTITY}/{PROJECT}/main")
    logged = [found for found in run.logged_artifacts() if found.type == "model"]
    one = api.artifact(f"{ENTITY}/{PROJECT}/weights:latest")
    user = api.run(f"{ENTITY}/{PROJECT}/user")
    return {
        "logged": [(found.name, found.version, sorted(found.aliases), found.metadata) for found in logged],
        "one": (one.name, one.type, sorted(one.manifest.entries), one.size, one.description),
        "used": [found.name for found in user.used_artifacts()],
        "maker": one.logged_by().id,
        "files": sorted(file.name for file in one.files()),
        "versions": [found.version for found in api.artifacts("model", f"{ENTITY}/{PROJECT}/weights")],
    }


@check
def api_update():
    run = wandb.Api().run(f"{ENTITY}/{PROJECT}/several-2")
    run.summary["judged"] = 1.5
    run.summary.update()
    run.config["noted"] = "yes"
    run.tags.append("seen")
    run.update()
    again = wandb.Api().run(f"{ENTITY}/{PROJECT}/several-2")
    return {"judged": again.summary["judged"], "noted": again.config["noted"], "tags": again.tags}


@check
def api_missing_run():
    wandb.Api().run(f"{ENTITY}/{PROJECT}/nobody")


@check
def api_missing_project():
    len(wandb.Api().runs("nobody/nothing"))


@check
def api_missing_artifact():
    wandb.Api().artifact(f"{ENTITY}/{PROJECT}/nothing:latest")


@check
def resume_must_missing():
    return ending("must")


@check
def resume_never_existing():
    return ending("never")


def ending(name):
    """In a process of its own: after a refusal some clients cannot begin another run in theirs."""
    done = subprocess.run([sys.executable, str(HERE / "endings.py"), name], capture_output=True, text=True)
    return {"status": done.returncode, "said": done.stderr[-2000:]}


def main():
    endings = {
        name: subprocess.Popen([sys.executable, str(HERE / "endings.py"), name]) for name in ("raises", "killed")
    }
    results = {"version": wandb.__version__}
    for function in CHECKS:
        print(function.__name__, flush=True)
        began = time.perf_counter()
        try:
            results[function.__name__] = {"value": function()}
        except BaseException as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            results[function.__name__] = {"error": f"{type(error).__name__}: {error}", "kinds": kinds}
            if wandb.run is not None:
                wandb.finish(exit_code=1)
        results[function.__name__]["seconds"] = round(time.perf_counter() - began, 2)
        # After each check, so that a client that hangs shows where.
        pathlib.Path(sys.argv[1]).write_text(json.dumps(results, default=str))
    for name, process in endings.items():
        results[name] = {"status": process.wait()}
    pathlib.Path(sys.argv[1]).write_text(json.dumps(results, default=str))


if __name__ == "__main__":
    main()
