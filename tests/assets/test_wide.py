"""Real clients load wide stand-ins, and a mirror's data set beside them, through one endpoint."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from client_generations import GENERATIONS, client_python

from runner.settings import default_cache
from sandbox.assets import AssetStore
from sandbox.fidelity import Fidelity
from sandbox.hub import HubServer, Provided
from sandbox.layers import Layers
from sandbox.mirror import Mirror
from sandbox.mirror.download import download
from sandbox.mirror.remote import Remote

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(1200)]

CHECK = Path(__file__).parent / "clients" / "wide.py"
SHARED = Path(__file__).parent.parent / "hub" / "clients"
BERT, GPT2 = "google-bert/bert-base-uncased", "openai-community/gpt2"


@pytest.fixture(scope="module")
def made() -> AssetStore:
    return AssetStore(default_cache() / "assets")


@pytest.fixture(scope="module", params=["mid-2024", "late-2025", "today"])
def seen(request: pytest.FixtureRequest, made: AssetStore, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    work = tmp_path_factory.mktemp("wide")
    mirror = work / "mirror"
    with HubServer(made, port=0) as real_hub:
        download("dataset", "gsm8k", mirror, remote=Remote(real_hub.url))
    python = client_python(next(each for each in GENERATIONS if each.name == request.param))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SHARED)}
    source = Layers([Mirror(mirror), made.at(Fidelity.WIDE)])
    source.prepare([("model", BERT), ("model", GPT2)])
    with HubServer(source, port=0) as hub:
        done = subprocess.run(
            [str(python), str(CHECK), "bert-base-uncased", "gpt2", "openai/gsm8k"],
            capture_output=True,
            text=True,
            cwd=work,
            env=environment | {"HF_HOME": str(work / "home"), "HF_ENDPOINT": hub.url},
            timeout=600,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        provided = {request.canonical: request.provided for request in hub.requests if request.kind}
    return json.loads(done.stdout.splitlines()[-1]) | {"provided": provided}


def test_every_number_of_the_configuration_is_true_but_the_layers(seen: dict[str, Any], made: AssetStore) -> None:
    for key, name, layers in (("classifier", BERT, "num_hidden_layers"), ("generator", GPT2, "n_layer")):
        asset = made.find("model", name)
        assert asset is not None
        config = seen[key]["config"]
        for field, value in asset.facts["config"].items():
            if isinstance(value, int) and not isinstance(value, bool) and field in config:
                assert config[field] == (2 if field == layers else value), (name, field)
        assert made.at(Fidelity.WIDE).real_sizes(asset) == [12]


def test_vocabularies_are_as_long_as_the_real_ones_and_special_tokens_where_they_are(seen: dict[str, Any]) -> None:
    bert, gpt2 = seen["classifier"], seen["generator"]
    assert (bert["length"], bert["embeddings"]) == (30522, [30522, 768])
    assert bert["special"] == {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103}
    assert (gpt2["length"], gpt2["embeddings"]) == (50257, [50257, 768])
    assert gpt2["special"] == {"<|endoftext|>": 50256}


def test_losses_and_gradients_are_those_of_an_untrained_model(seen: dict[str, Any]) -> None:
    assert abs(seen["classifier"]["loss"] - math.log(2)) < 0.6
    assert abs(seen["generator"]["loss"] - math.log(50257)) < 1.1
    assert seen["classifier"]["gradients"] and seen["generator"]["gradients"]


def test_the_mirror_serves_what_it_has_and_the_stand_ins_the_rest(seen: dict[str, Any]) -> None:
    assert seen["columns"] == ["question", "answer"]
    assert seen["provided"]["openai/gsm8k"] is Provided.MIRROR
    assert seen["provided"][BERT] is Provided.STANDIN
