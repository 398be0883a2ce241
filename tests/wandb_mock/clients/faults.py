"""Run by a real client's Python while the server meets faults: logs one run, then reads it back."""

import json
import pathlib
import sys

import wandb

wandb.login()
run = wandb.init(entity="team", project="demo", id="faulty", settings=wandb.Settings(init_timeout=60))
for step in range(5):
    run.log({"x": step})
pathlib.Path("note.txt").write_text("a saved file\n")
run.save("note.txt")
run.log_code(".")
run.finish()
again = wandb.Api().run("team/demo/faulty")
rows = [row["x"] for row in again.scan_history(keys=["x"])]
pathlib.Path(sys.argv[1]).write_text(json.dumps({"state": again.state, "rows": rows}))
