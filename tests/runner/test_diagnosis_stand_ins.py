"""Failures over what a stand-in does not have or does otherwise, beside those that the real asset shows too."""

from __future__ import annotations

import pytest

from runner.evidence import HubRequest
from runner.review import Frame, Traceback
from runner.rules.diagnosis import Scene, diagnose_traceback
from runner.vocabulary import Blame, Cause, Provided

SITE = "/env/lib/python3.11/site-packages"
DATASETS = f"{SITE}/datasets/arrow_dataset.py"
HUB = f"{SITE}/huggingface_hub/utils/_http.py"
MODELS = f"{SITE}/transformers/modeling_utils.py"
ROWS = HubRequest(
    kind="dataset", id="nyu-mll/glue", provided=Provided.STAND_IN, rows=[(1033, 9815), (4129, 67349)], requests=3
)
MODEL = HubRequest(kind="model", id="EleutherAI/pythia-70m", provided=Provided.STAND_IN)


def scene(kind: str, message: str, *below: str, source: str = "", hub: tuple[HubRequest, ...] = (ROWS,)) -> Scene:
    own = Frame(file="src/preprocess.py", line=3, function="f", source=source, in_submission=True)
    frames = [own, *(Frame(file=file, line=9, function="g") for file in below)]
    return Scene(Traceback(type=kind, message=message, file=own.file, line=3, frames=frames), hub)


def refused(name: str, reason: str, kind: str = "model") -> HubRequest:
    return HubRequest(kind=kind, id=name, provided=Provided.MISSING, reason=reason)  # type: ignore[arg-type]


TOO_FEW = [
    scene("IndexError", "Index 9999 out of range for dataset of size 4129.", DATASETS),
    scene("ValueError", "Requested slice [:10000] incompatible with 4129 examples.", DATASETS),
    scene("ValueError", 'Instruction "train[5000:6000]" corresponds to no data!', DATASETS),
    scene(
        "ValueError", "train_size=5000 should be either positive and smaller than the number of samples 4129", DATASETS
    ),
    scene("ValueError", "Sum of input lengths does not equal the length of the input dataset!", DATASETS),
    scene("ValueError", "Sample larger than population or is negative", "/usr/lib/python3.11/random.py"),
    scene("ValueError", "num_samples should be a positive integer value, but got num_samples=0", DATASETS),
    scene("IndexError", "index 5000 is out of bounds for axis 0 with size 4129", source="labels[5000]"),
    scene("IndexError", "single positional indexer is out-of-bounds", "/x/pandas/i.py", source="rows.iloc[5000]"),
    scene("IndexError", "list index out of range", source="texts[9_999]"),
    scene("AssertionError", "", source="assert len(train) >= 5000"),
    scene("ValueError", "need 5000 examples, got 4129", source="raise ValueError("),
    scene("ValueError", "the range that was asked for exceeds the data", source='raise ValueError("the range")'),
    scene("AssertionError", "", source="assert len(train) >= pool + dev"),
]
NOT_FOR_ROWS = [
    scene("IndexError", "Index 99999 out of range for dataset of size 4129.", DATASETS),
    scene("IndexError", "index 5 is out of bounds for axis 0 with size 5", source="eye[label]"),
    scene("IndexError", "list index out of range", source='answer.split("#")[1]'),
    scene("IndexError", "single positional indexer is out-of-bounds", "/x/pandas/i.py", source="rows.iloc[at]"),
    scene("ValueError", "operands could not be broadcast together with shapes (2048,) (1536,)", source="a + b"),
    scene("AssertionError", "", source="assert len(train) >= 100000"),
    scene("ValueError", "the data set is of an unknown kind", source="raise ValueError(message)"),
    scene("ValueError", "the rate exceeds one", source="raise ValueError(message)"),
    scene("KeyError", "'label'", DATASETS),
    scene(
        "IndexError",
        "Index 9999 out of range for dataset of size 4129.",
        DATASETS,
        hub=(ROWS.model_copy(update={"rows": []}),),
    ),
]


@pytest.mark.parametrize("given", TOO_FEW, ids=lambda given: given.message[:40] or given.frames[0].source)
def test_rows_that_only_the_real_data_set_has_accuse_nobody(given: Scene) -> None:
    diagnosis = diagnose_traceback(given)
    assert (diagnosis.criterion, diagnosis.blame) == ("data.loads", Blame.ASSETS)
    assert "stand-in has 1033 or 4129 rows" in diagnosis.advice and "67349" in diagnosis.advice


@pytest.mark.parametrize("given", NOT_FOR_ROWS, ids=lambda given: given.message[:40] or given.frames[0].source)
def test_what_more_rows_would_not_mend_stays_a_finding(given: Scene) -> None:
    assert diagnose_traceback(given).blame is Blame.SUBMISSION


REVISION = (
    "step3000 is not a valid git identifier (branch name, tag name or commit id) that exists for this model name."
)
NO_FILE = "EleutherAI/pythia-70m does not appear to have a file named pytorch_model.bin"
SHARD = "Unable to find 'hf://datasets/allenai/c4@0123/en/c4-train.00001-of-01024.json.gz'"


@pytest.mark.parametrize(
    ("given", "blame"),
    [
        (scene("OSError", REVISION, MODELS, hub=(MODEL.model_copy(update={"lacking": ["step3000"]}),)), Blame.ASSETS),
        (
            scene(
                "huggingface_hub.errors.RevisionNotFoundError",
                "404 Client Error. Revision Not Found for url: http://x/EleutherAI/pythia-70m/resolve/step3000/a.json",
                HUB,
                hub=(MODEL.model_copy(update={"lacking": ["step3000", "a.json"]}),),
            ),
            Blame.ASSETS,
        ),
        (
            scene("OSError", NO_FILE, MODELS, hub=(MODEL.model_copy(update={"lacking": ["pytorch_model.bin"]}),)),
            Blame.ASSETS,
        ),
        (
            scene("FileNotFoundError", SHARD, DATASETS, hub=(ROWS.model_copy(update={"id": "allenai/c4"}),)),
            Blame.ASSETS,
        ),
        (
            scene(
                "datasets.exceptions.DatasetNotFoundError",
                "Revision 'v1.1' doesn't exist for dataset 'nyu-mll/glue' on the Hub.",
                DATASETS,
                hub=(ROWS.model_copy(update={"lacking": ["v1.1"]}),),
            ),
            Blame.ASSETS,
        ),
        # a folder of the submission's own, beside a model whose optional files were probed for
        (
            scene(
                "OSError",
                "./outputs/pythia-70m does not appear to have a file named config.json",
                MODELS,
                hub=(MODEL.model_copy(update={"lacking": ["adapter_config.json"]}),),
            ),
            Blame.SUBMISSION,
        ),
        (
            scene(
                "FileNotFoundError",
                "[Errno 2] No such file or directory: 'vocab.json'",
                hub=(MODEL.model_copy(update={"lacking": ["vocab.json"]}),),
            ),
            Blame.SUBMISSION,
        ),
    ],
)
def test_files_and_revisions_that_a_stand_in_lacks(given: Scene, blame: Blame) -> None:
    assert diagnose_traceback(given).blame is blame


@pytest.mark.parametrize(
    ("configs", "message", "blame"),
    [
        (["simplified"], "BuilderConfig 'raw' not found. Available: ['simplified']", Blame.ASSETS),
        ([], "BuilderConfig 'raw' not found. Available: ['simplified']", Blame.SUBMISSION),
        (["en", "realnewslike"], "BuilderConfig 'sst3' not found. Available: ['sst2', 'mnli']", Blame.SUBMISSION),
        (["simplified"], "Config name is missing. Please pick one among ['simplified']", Blame.SUBMISSION),
    ],
)
def test_configurations_that_the_catalogue_does_not_list(configs: list[str], message: str, blame: Blame) -> None:
    given = scene("ValueError", message, DATASETS, hub=(ROWS.model_copy(update={"configs": configs}),))
    assert diagnose_traceback(given).blame is blame


@pytest.mark.parametrize(
    ("kind", "message", "source", "blame"),
    [
        ("AssertionError", "verbalizer ' yes' must be a single token", "assert len(ids) == 1, (", Blame.ASSETS),
        ("AssertionError", "", 'assert len(tokenizer.encode(" yes")) == 1', Blame.ASSETS),
        ("KeyError", "'Ġpositive'", 'vocab["Ġpositive"]', Blame.ASSETS),
        ("KeyError", "'text'", 'row["text"]', Blame.SUBMISSION),
        (
            "ValueError",
            "Unknown tokenizer type bpe",
            "raise ValueError(f'Unknown tokenizer type {kind}')",
            Blame.SUBMISSION,
        ),
    ],
)
def test_pieces_of_a_stand_ins_tokenizer(kind: str, message: str, source: str, blame: Blame) -> None:
    assert diagnose_traceback(scene(kind, message, source=source, hub=(MODEL,))).blame is blame
    assert diagnose_traceback(scene(kind, message, source=source, hub=())).blame is Blame.SUBMISSION


NOT_VALID = "is not a local folder and is not a valid model identifier"


@pytest.mark.parametrize(
    ("message", "hub", "blame", "named"),
    [
        ("401 Client Error", [refused("gpt3", "nonexistent"), refused("a/b", "gated")], Blame.ASSETS, "a/b is gated"),
        ("401 Client Error", [refused("a/b", "missing"), refused("gpt3", "nonexistent")], Blame.ASSETS, "a/b"),
        (
            "401 Client Error",
            [refused("gpt3", "nonexistent"), refused("gpt5", "nonexistent")],
            Blame.SUBMISSION,
            "gpt5",
        ),
        ("500", [refused("gpt3", "nonexistent"), refused("a/b", "infrastructure")], Blame.INFRASTRUCTURE, "stand-in"),
        (f"gpt3 {NOT_VALID}", [refused("gpt3", "nonexistent"), refused("a/b", "missing")], Blame.SUBMISSION, "gpt3"),
        (
            f"me/gpt3 {NOT_VALID}",
            [refused("gpt3", "nonexistent"), refused("me/gpt3", "missing")],
            Blame.ASSETS,
            "me/gpt3",
        ),
    ],
)
def test_the_id_that_failed_is_the_one_that_is_named_else_none_that_we_lack(
    message: str, hub: list[HubRequest], blame: Blame, named: str
) -> None:
    diagnosis = diagnose_traceback(scene("huggingface_hub.errors.HfHubHTTPError", message, HUB, hub=tuple(hub)))
    assert (diagnosis.blame, diagnosis.cause) == (blame, Cause.HUB_ASSET)
    assert named in diagnosis.advice


@pytest.mark.parametrize("reason", ["missing", "gated", "infrastructure"])
def test_a_run_that_went_on_without_an_asset_is_not_judged_by_what_follows(reason: str) -> None:
    given = scene("KeyError", "'input_ids'", hub=(refused("a/b", reason),))
    assert diagnose_traceback(given).blame is not Blame.SUBMISSION
    assert diagnose_traceback(scene("NameError", "name 'x'", hub=given.hub)).blame is Blame.SUBMISSION  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "message", "source", "below", "blame"),
    [
        ("KeyError", "'HF_TOKEN'", 'login(os.environ["HF_TOKEN"])', ["<frozen os>"], Blame.ASSETS),
        ("KeyError", "'HUGGINGFACE_TOKEN'", 'token = os.environ["HUGGINGFACE_TOKEN"]', [], Blame.ASSETS),
        ("ValueError", "set HF_TOKEN first", "raise ValueError(", [], Blame.ASSETS),
        ("LocalTokenNotFoundError", "Token is required", "load(x, token=True)", [HUB], Blame.ASSETS),
        ("ValueError", "OPENAI_API_KEY environment variable not set", "raise ValueError(", [], Blame.INFRASTRUCTURE),
        ("KeyError", "'GEMINI_API_KEY'", 'os.environ["GEMINI_API_KEY"]', ["<frozen os>"], Blame.INFRASTRUCTURE),
        ("OpenAIError", "set api_key or provide OPENAI_API_KEY", "OpenAI()", ["/x/openai/c.py"], Blame.INFRASTRUCTURE),
        ("KeyError", "'OPENAI_API_KEY'", 'cfg["OPENAI_API_KEY"]', [], Blame.SUBMISSION),
        ("ValueError", "PAD_TOKEN must be set", "raise ValueError(", [], Blame.SUBMISSION),
        ("KeyError", "'DATA_DIR'", 'os.environ["DATA_DIR"]', ["<frozen os>"], Blame.SUBMISSION),
        ("KeyError", "'HF_TOKEN'", 'cfg["HF_TOKEN"]', [], Blame.SUBMISSION),
    ],
)
def test_a_token_that_the_sandbox_does_not_have(
    kind: str, message: str, source: str, below: list[str], blame: Blame
) -> None:
    assert diagnose_traceback(scene(kind, message, *below, source=source, hub=())).blame is blame


@pytest.mark.parametrize(
    ("message", "blame"),
    [
        ("mode must be online or offline", Blame.SUBMISSION),
        ("Cannot reach http://x: offline mode is enabled.", Blame.ASSETS),
    ],
)
def test_the_word_offline_alone_is_no_network_failure(message: str, blame: Blame) -> None:
    assert diagnose_traceback(scene("ValueError", message, hub=())).blame is blame
