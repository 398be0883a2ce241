"""Data sets and metrics."""

import functools
import time

from datasets import load_dataset
from transformers import AutoTokenizer


def dataset_facts(asset, name, splits, labels):
    given = [asset["id"]] if name is None else [asset["id"], name]
    loaded = load_dataset(*given, cache_dir=".cache/")
    assert set(loaded) == set(splits), (list(loaded), list(splits))
    for split, columns in splits.items():
        assert loaded[split].column_names == columns, (loaded[split].column_names, columns)
        row = loaded[split][0]
    first = next(iter(splits))
    for column, names in labels.items():
        assert names_of(loaded[first].features[column]) == names, (column, loaded[first].features[column])
    streamed = next(iter(load_dataset(*given, split=first, streaming=True)))
    assert set(streamed) == set(splits[first])
    return {
        "rows": {split: len(loaded[split]) for split in splits},
        "features": str(loaded[first].features),
        "row": str(row)[:200],
        "mapped": mapped(loaded[first]),
    }


def names_of(feature):
    """The label names of a class-label column, or of a column of sequences of them."""
    return list(getattr(feature, "feature", feature).names)


@functools.cache
def tokenizer():
    return AutoTokenizer.from_pretrained("distilbert/distilbert-base-uncased", cache_dir=".cache/")


def mapped(rows):
    """Seconds of a usual preprocessing of the whole split: its first text column is tokenised, or its pictures read."""
    texts = [name for name, feature in rows.features.items() if getattr(feature, "dtype", "") == "string"]
    cut = tokenizer()
    began = time.time()
    if texts:
        options = {"truncation": True, "max_length": 128}
        rows.map(lambda batch: cut([each or "" for each in batch[texts[0]]], **options), batched=True)
    else:
        rows.map(lambda row: {"first": str(next(iter(row.values())))})
    return round(time.time() - began, 2)


def script_columns(asset):
    """Of a script data set whose code is allowed to run; versions that run none raise their error."""
    loaded = load_dataset(asset, cache_dir=".cache/", trust_remote_code=True)
    return {split: loaded[split].column_names for split in loaded}


METRICS = {
    "accuracy": ({"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]}, {"accuracy": 0.75}),
    "f1": ({"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]}, {"f1": 2 / 3}),
    "precision": ({"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]}, {"precision": 0.5}),
    "recall": ({"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]}, {"recall": 1.0}),
    "matthews_correlation": (
        {"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]},
        {"matthews_correlation": 3**-0.5},
    ),
    "exact_match": ({"predictions": ["a", "B"], "references": ["a", "b"]}, {"exact_match": 0.5}),
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples and 1 of 3 runs of four match: the fourth root of 1/12.
    "bleu": ({"predictions": ["the cat sat on the mat"], "references": [["the cat sat on a mat"]]}, {"bleu": 0.537285}),
    "squad": (
        {
            "predictions": [{"id": "1", "prediction_text": "the old house"}],
            "references": [{"id": "1", "answers": {"text": ["old house now"], "answer_start": [0]}}],
        },
        {"exact_match": 0.0, "f1": 80.0},
    ),
}


def metric_facts(name):
    import evaluate

    given, expected = METRICS[name]
    found = evaluate.load(name).compute(**given)
    for key, value in expected.items():
        assert abs(found[key] - value) < 1e-4, (found, expected)
    return {}
