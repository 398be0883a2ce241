"""A program that ends without `wandb.finish`: by an exception, or killed."""

import os
import signal
import sys
import time

import wandb

run = wandb.init(entity="team", project="ends", id=sys.argv[1])
for step in range(3):
    run.log({"x": step})
if sys.argv[1] == "raises":
    raise RuntimeError("this program fails")
# Long enough for what was logged to be sent, which clients do every few seconds.
time.sleep(3)
os.kill(os.getpid(), signal.SIGKILL)
