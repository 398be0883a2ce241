"""A program that ends without `wandb.finish`: by an exception, killed, or refused by the rules of resuming."""

import os
import signal
import sys
import time

import wandb

HOW = sys.argv[1]
if HOW in ("must", "never"):
    run_id = "nobody" if HOW == "must" else "main"
    # Client 0.18 notes some refusals only in its log, and waits for as long as it is allowed to.
    wandb.init(entity="team", project="demo", id=run_id, resume=HOW, settings=wandb.Settings(init_timeout=20))
    sys.exit("this run began although it must not")
run = wandb.init(entity="team", project="ends", id=HOW)
for step in range(3):
    run.log({"x": step})
if HOW == "raises":
    raise RuntimeError("this program fails")
# Long enough for what was logged to be sent, which clients do every few seconds.
time.sleep(3)
os.kill(os.getpid(), signal.SIGKILL)
