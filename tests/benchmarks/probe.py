"""Measures what the probe costs a real small training: the same script with and without it, side by side.

    python tests/benchmarks/probe.py [REPETITIONS]

A Trainer on a six-layer model, and evaluation of batches of one row, which costs the probe most. Prints the processor
seconds of the training process (the time on the clock says little on a machine that does other things), and the ratio
of both for each repetition, the order drawn by chance, and the medians.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "probe")]

SCRIPT = """
import time
clock = time.process_time
start = 0
import json, os, torch, transformers
from torch.utils.data import DataLoader
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed
set_seed(0); torch.set_num_threads(1)
imported = clock()
rows = [{"input_ids": torch.randint(0, 500, (64,)), "labels": torch.tensor(i % 2)} for i in range(640)]
sizes = dict(num_hidden_layers=6, hidden_size=96, intermediate_size=384, num_attention_heads=4, vocab_size=500)
model = BertForSequenceClassification(BertConfig(**sizes))
options = TrainingArguments("out", per_device_train_batch_size=8, max_steps=60, report_to=[], use_cpu=True,
                            save_strategy="no", logging_strategy="no", disable_tqdm=True)
def trained(steps):
    options.max_steps = steps
    Trainer(model, options, train_dataset=rows, eval_dataset=rows[:160]).train()
trained(5)
begun = clock(); trained(60); trainer = clock() - begun
loader = DataLoader(rows, batch_size=1)
begun = clock()
with torch.no_grad():
    for number, batch in enumerate(loader):
        if number == 150: break
        model(**batch)
small = clock() - begun
print(json.dumps({"import": imported - start, "trainer": trainer, "small batches": small,
                  "whole": clock() - start}))
"""


def measure(watched: bool, folder: Path) -> dict[str, float]:
    """Processor seconds of one run, by part; `whole` with the interpreter's start."""
    from probe_environment import python

    from sandbox.probe import EventServer, probe_variables

    (folder / "main.py").write_text(SCRIPT)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    with EventServer(folder / "e.sock", folder / "events.jsonl"):
        if watched:
            environment |= probe_variables(str(ROOT / "sandbox" / "inside"), str(folder / "e.sock"), str(folder))
        done = subprocess.run(
            [str(python()), "-W", "ignore", "main.py"], cwd=folder, env=environment, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def main() -> None:
    """Print a line for each repetition and the medians."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    ratios: dict[str, list[float]] = {}
    for number in range(repetitions):
        seconds: dict[bool, dict[str, float]] = {}
        for watched in random.sample([True, False], 2):
            with tempfile.TemporaryDirectory() as folder:
                seconds[watched] = measure(watched, Path(folder))
        line = []
        for part, without in seconds[False].items():
            ratio = seconds[True][part] / without
            ratios.setdefault(part, []).append(ratio)
            line.append(f"{part} {without:.2f} s x {ratio:.3f}")
        print(f"{number + 1}: " + ", ".join(line), flush=True)
    print("median: " + ", ".join(f"{part} x {statistics.median(each):.3f}" for part, each in ratios.items()))


if __name__ == "__main__":
    main()
