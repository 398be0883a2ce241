"""The loading script of a script data set. New `datasets` refuse it, as they refuse the real one; old ones run it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import features as types

TEMPLATE = '''\
"""Loading script of a stand-in: its rows are JSON Lines beside it."""

import json

import datasets

FEATURES = json.loads({features!r})
SPLITS = {splits!r}


class Standin(datasets.GeneratorBasedBuilder):
    BUILDER_CONFIGS = [datasets.BuilderConfig(name=name, version=datasets.Version("1.0.0")) for name in FEATURES]

    def _info(self):
        return datasets.DatasetInfo(features=datasets.Features.from_dict(FEATURES[self.config.name]))

    def _split_generators(self, dl_manager):
        name = self.config.name
        paths = dl_manager.download({{split: f"data/{{name}}/{{split}}.jsonl" for split in SPLITS[name]}})
        return [datasets.SplitGenerator(name=split, gen_kwargs={{"path": path}}) for split, path in paths.items()]

    def _generate_examples(self, path):
        with open(path, encoding="utf-8") as handle:
            for key, line in enumerate(handle):
                yield key, json.loads(line)
'''


def script_text(configs: Mapping[str, Any]) -> str:
    """The text of a script for these configurations."""
    described = {
        config: {column: types.metadata(each) for column, each in facts["features"].items()}
        for config, facts in configs.items()
    }
    splits = {config: list(facts["splits"]) for config, facts in configs.items()}
    return TEMPLATE.format(features=json.dumps(described), splits=splits)
