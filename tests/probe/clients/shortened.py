"""Loops of the libraries that the full stage cuts short, one function a case; each runs in a fork of its own and
prints what came out as JSON."""

import json
import os
import pathlib
import sys

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")

import accelerate
import datasets
import optuna
import torch
from omegaconf import OmegaConf
from torch.utils.data import DataLoader, IterableDataset
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments


def tiny():
    config = GPT2Config(vocab_size=50, n_positions=64, n_embd=16, n_layer=2, n_head=2, pad_token_id=0, eos_token_id=49)
    return GPT2LMHeadModel(config)


def rows(count):
    return [{"input_ids": torch.full((8,), i % 50), "labels": torch.full((8,), i % 50)} for i in range(count)]


def delivered(loader):
    return sum(1 for _ in loader)


def epochs():
    loader = DataLoader(rows(40), batch_size=4)
    before = len(loader)
    passes = []
    for _ in range(5):
        count = 0
        for _ in loader:
            count += 1
            inside = len(loader)
        passes.append([count, inside])
    return {"before": before, "passes": passes}


def short_loader():
    loader = DataLoader(rows(8), batch_size=4)
    return {"length": len(loader), "delivered": delivered(loader)}


def workers():
    loader = DataLoader(rows(40), batch_size=4, num_workers=2, persistent_workers=True)
    return [delivered(loader) for _ in range(3)]


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield torch.zeros(2)


def endless():
    loader = DataLoader(Endless(), batch_size=4)
    try:
        length = len(loader)
    except TypeError:
        length = None
    return {"delivered": delivered(loader), "length": length}


def with_accelerate():
    helper = accelerate.Accelerator(cpu=True)
    model = tiny()
    model, optimizer, loader = helper.prepare(model, torch.optim.SGD(model.parameters(), 0.1), DataLoader(rows(40), 4))
    steps = 0
    for _ in range(2):
        for batch in loader:
            helper.backward(model(**batch).loss)
            optimizer.step()
            steps += 1
    return {"steps": steps, "length": len(loader)}


def trainer():
    arguments = TrainingArguments(
        "out", per_device_train_batch_size=4, per_device_eval_batch_size=4, num_train_epochs=20, report_to=[],
        use_cpu=True, disable_tqdm=True, logging_steps=500, eval_strategy="steps", eval_steps=500, save_steps=500,
        load_best_model_at_end=True, gradient_accumulation_steps=8,
    )  # fmt: skip
    it = Trainer(tiny(), arguments, train_dataset=rows(400), eval_dataset=rows(80))
    done = it.train()
    logged = [entry["step"] for entry in it.state.log_history if "loss" in entry]
    return {"steps": done.global_step, "logged": len(logged), "evaluated": "eval_loss" in it.evaluate()}


def trainer_by_steps():
    arguments = TrainingArguments(
        "out", per_device_train_batch_size=4, per_device_eval_batch_size=4, max_steps=10_000, report_to=[],
        use_cpu=True, disable_tqdm=True, logging_steps=500, eval_strategy="steps", eval_steps=500, save_steps=500,
        load_best_model_at_end=True,
    )  # fmt: skip
    it = Trainer(tiny(), arguments, train_dataset=rows(400), eval_dataset=rows(80))
    done = it.train()
    evaluations = [entry["step"] for entry in it.state.log_history if "eval_loss" in entry]
    return {"steps": done.global_step, "evaluations": evaluations}


def lightning_module():
    import pytorch_lightning

    class Module(pytorch_lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def loss(self, batch, name):
            loss = self.layer(batch).square().mean()
            self.log(name, loss)
            return loss

        def training_step(self, batch, index):
            return self.loss(batch, "train_loss")

        def validation_step(self, batch, index):
            self.loss(batch, "val_loss")

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    return Module()


def lightning_logs(**words):
    """Steps at which a Trainer logs training's loss, and how far it comes."""
    import pytorch_lightning
    from pytorch_lightning.loggers import CSVLogger

    rows = []

    class Logger(CSVLogger):
        def log_metrics(self, metrics, step=None):
            rows.append((step, sorted(metrics)))

    trainer = pytorch_lightning.Trainer(
        accelerator="cpu", logger=Logger("out"), enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, **words,
    )  # fmt: skip
    loaders = [DataLoader(torch.rand(80, 4), batch_size=4) for _ in range(2)]
    trainer.fit(lightning_module(), *loaders)
    logged = [step for step, names in rows if "train_loss" in names]
    return {"steps": trainer.global_step, "epochs": trainer.current_epoch, "logged": len(logged)}


def lightning():
    return lightning_logs(max_epochs=20, limit_val_batches=0.1, val_check_interval=10)


def lightning_by_steps():
    return lightning_logs(max_epochs=-1, max_steps=10_000)


def lightning_without_end():
    return lightning_logs(max_epochs=-1)


def generates():
    prompt = torch.ones((2, 5), dtype=torch.long)
    model = tiny()
    model.generation_config.eos_token_id = None
    long = model.generate(prompt, max_new_tokens=40, do_sample=False)
    beams = model.generate(prompt, max_length=40, num_beams=2, do_sample=False)
    short = model.generate(prompt, max_new_tokens=2, do_sample=False)
    return {"long": long.shape[1] - 5, "beams": beams.shape[1] - 5, "short": short.shape[1] - 5}


def row_by_row():
    data = datasets.Dataset.from_dict({"number": list(range(30))})
    model = tiny()
    read = sum(1 for _ in data)
    used = []
    for each in (data, data.to_iterable_dataset()):
        used.append(0)
        for row in each:
            with torch.no_grad():
                model(torch.full((1, 4), row["number"] % 50))
            used[-1] += 1
    return {"read": read, "used": used}


def searches():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=50)
    pruning = optuna.create_study()

    def prunes_first(trial):
        if trial.number == 0:
            raise optuna.TrialPruned
        return trial.suggest_float("x", 0, 1)

    pruning.optimize(prunes_first, n_trials=50)
    return {"trials": len(study.trials), "best": sorted(study.best_params), "after_pruning": len(pruning.trials)}


def follows():
    """What becomes of three samples: read where it was written, read elsewhere, and handed on as a plain value."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    cfg = OmegaConf.create({"training": {"learning_rate": 0.5, "decay": 0.5, "dropout": 0.5}})

    def objective(trial):
        candidate = cfg.copy()
        candidate.training.learning_rate = trial.suggest_float("training.learning_rate", 0.1, 0.2)
        candidate.decay = trial.suggest_float("decay", 0.1, 0.2)
        dropout = trial.suggest_float("dropout", 0.1, 0.2)
        return candidate.training.learning_rate + candidate.training.decay + dropout + cfg.training.dropout

    study = optuna.create_study()
    study.optimize(objective, n_trials=3)
    return len(study.trials)


def main():
    said, pids = {}, {}
    for name in sys.argv[1:]:
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(read)
            try:
                answer = json.dumps(globals()[name]())
            except BaseException as error:
                answer = json.dumps({"error": repr(error)})
                raise
            finally:
                os.write(write, answer.encode())
                os.close(write)
            sys.exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            said[name] = json.loads(pipe.read())
        os.waitpid(pid, 0)
        pids[name] = pid
    pathlib.Path("pids.json").write_text(json.dumps(pids))
    pathlib.Path("said.json").write_text(json.dumps(said))


main()
