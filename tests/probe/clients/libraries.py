"""The libraries that experiments are made of, one function a case; each runs in a fork of its own."""

import itertools
import json
import math
import os
import pathlib
import sys

os.environ.update(HF_HUB_OFFLINE="1", WANDB_SILENT="true", HF_DATASETS_OFFLINE="1")

import contextlib

import accelerate
import datasets
import evaluate
import optuna
import torch
import wandb
from torch.utils.data import DataLoader
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments


def tiny():
    return GPT2LMHeadModel(GPT2Config(vocab_size=50, n_positions=32, n_embd=16, n_layer=2, n_head=2))


def rows(count):
    return [{"input_ids": torch.full((8,), i % 50), "labels": torch.full((8,), i % 50)} for i in range(count)]


def arguments(**more):
    common = {"per_device_train_batch_size": 4, "per_device_eval_batch_size": 4, "report_to": [], "use_cpu": True}
    return TrainingArguments("out", save_strategy="no", disable_tqdm=True, **common, **more)


def trainer():
    it = Trainer(tiny(), arguments(max_steps=3), train_dataset=rows(40), eval_dataset=rows(8))
    it.train()
    it.evaluate()


def trainer_accumulates():
    options = arguments(max_steps=2, gradient_accumulation_steps=3, gradient_checkpointing=True)
    Trainer(tiny(), options, train_dataset=rows(40)).train()


def trainer_whole_epoch():
    Trainer(tiny(), arguments(num_train_epochs=2), train_dataset=rows(20)).train()


def with_accelerate():
    it = accelerate.Accelerator(cpu=True)
    model = tiny()
    model, optimizer, loader = it.prepare(model, torch.optim.SGD(model.parameters(), 0.1), DataLoader(rows(20), 4))
    for batch in itertools.islice(loader, 2):
        it.backward(model(**batch).loss)
        optimizer.step()
    with torch.no_grad():
        for batch in loader:
            model(**batch)


def generates():
    model = tiny().eval()
    for batch in itertools.islice(DataLoader(rows(20), 4), 2):
        model.generate(batch["input_ids"], max_new_tokens=4, pad_token_id=0)
    for _ in range(4):
        model.generate(torch.ones(1, 3, dtype=torch.long), max_new_tokens=4, pad_token_id=0)


def loads():
    tiny().save_pretrained("model")
    AutoModelForCausalLM.from_pretrained("model")
    try:
        AutoModelForCausalLM.from_pretrained("nobody/no-model")
    except OSError:
        model = AutoModelForCausalLM.from_pretrained("model")
    try:
        datasets.load_dataset("nobody/no-data", "main", split="train")
    except Exception:
        data = rows(4)
    pathlib.Path("rows.json").write_text(json.dumps([{"a": 1}]))
    datasets.load_dataset("json", data_files="rows.json")
    model(input_ids=data[0]["input_ids"][None])
    evaluate.load("no-metric")


def fails():
    datasets.load_dataset("nobody/no-data")


def searches():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    study.optimize(lambda trial: trial.suggest_float("rate", 0, 1) + trial.suggest_int("depth", 1, 2), n_trials=3)


def tracks():
    run = wandb.init(mode="disabled", project="p", entity="e", id="i")
    run.log({"loss": 1.0, "accuracy": math.nan}, step=1)
    wandb.log({"other": 2})
    run.summary["best"] = 1
    wandb.summary.update({"last": 2})
    run.finish()
    wandb.init(mode="offline", project="q", dir=".")
    wandb.log({"third": 1})
    wandb.run.summary["fourth"] = 1
    wandb.finish()
    with contextlib.suppress(Exception):
        wandb.Api()


pids = {}
for case in sys.argv[1:]:
    pids[case] = os.fork()
    if not pids[case]:
        try:
            globals()[case]()
        except BaseException:
            sys.excepthook(*sys.exc_info())
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pids[case], 0)
pathlib.Path("pids.json").write_text(json.dumps(pids))
