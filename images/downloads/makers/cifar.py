"""The Python version of CIFAR-10 and CIFAR-100: batches of 32 by 32 pixels as Python 2 pickles in a .tar.gz.

Format: https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy

from . import archive
from .pictures import Painter, balanced_labels
from .python2_pickle import dumps

SIZE = 32


def make(facts: Mapping[str, Any], folder: Path, seed: int) -> list[str]:
    """`facts`: folder, batches (name -> [rows, batch_label]), meta, classes, and coarse for the one with groups."""
    return archive.write_tar_gz(folder / facts["files"][0], _members(facts, seed))


def _members(facts: Mapping[str, Any], seed: int) -> Iterator[tuple[str, bytes]]:
    rng = numpy.random.default_rng(seed)
    classes, groups = facts["classes"], facts.get("groups")
    painter = Painter(len(classes), SIZE, 3, rng)
    for name, (rows, title) in facts["batches"].items():
        labels = balanced_labels(rows, len(classes), rng)
        pixels = painter.paint(labels).reshape(rows, -1)
        files = [f"{classes[label]}_s_{number:06d}.png" for number, label in enumerate(labels)]
        fine = labels.tolist()
        batch: dict[str, Any] = {"batch_label": title}
        if groups:
            coarse = {member: number for number, members in enumerate(groups.values()) for member in members}
            batch |= {"fine_labels": fine, "coarse_labels": [coarse[classes[label]] for label in fine]}
        else:
            batch["labels"] = fine
        yield f"{facts['folder']}/{name}", dumps(batch | {"data": pixels, "filenames": files})
    names = {"fine_label_names": classes, "coarse_label_names": list(groups)} if groups else {"label_names": classes}
    rows = next(iter(facts["batches"].values()))[0]
    sizes = {} if groups else {"num_cases_per_batch": rows, "num_vis": 3 * SIZE * SIZE}
    yield f"{facts['folder']}/{facts['meta']}", dumps({**names, **sizes})
