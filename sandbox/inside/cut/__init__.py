"""The cut: ends loops early, so that a full run is over in minutes. Loaded for the full stage alone, beside the probe.

The one instrument that changes what the code does. It makes data sets, searches and answers short, in ways in which
they might have been short: a loader that is cut says so in its length, a search that is cut returns, generation that
is cut ends as if its last token had come. Every cut is told through the probe's channel, once for each place.

    loaders     batches in a pass over a DataLoader
    rows        rows of a Hugging Face data set that the code's own loop gives to a model
    studies     Optuna trials
    generation  tokens that transformers generates
    trainer     epochs, steps and intervals of transformers' Trainer
    lightning   epochs, steps, batches and intervals of Lightning's Trainer
"""

import importlib
import os
import sys

LIMITS = {"batches": 2, "passes": 2, "trials": 1, "tokens": 4, "rows": 3, "steps": 6}
"""batches: in each of a loader's first `passes` passes; a later pass has one, so that what code reads behind its loop
is there. steps: of a Trainer that counts steps."""
_PARTS = {
    "torch.utils.data.dataloader": "loaders",
    "datasets.arrow_dataset": "rows",
    "datasets.iterable_dataset": "rows",
    "optuna.study.study": "studies",
    "transformers.generation.utils": "generation",
    "transformers.trainer": "trainer",
    "lightning.pytorch.trainer.trainer": "lightning",
    "pytorch_lightning.trainer.trainer": "lightning",
}


def start(around_import):
    """Attach to each library once it is imported; SANDBOX_REVIEW_CUT is words such as "batches=3 passes=2"."""
    from . import telling

    for word in os.environ.get("SANDBOX_REVIEW_CUT", "").split():
        name, _, value = word.partition("=")
        if name in LIMITS and value.isdigit():
            LIMITS[name] = int(value)
    for module, part in _PARTS.items():
        around_import(module, after=_starter(part, module), report=telling.trouble)


def _starter(part, module):
    def attach():
        importlib.import_module("." + part, __package__).attach(sys.modules[module])

    return attach
