"""Metrics over labels and scores: cases, and what scikit-learn and scipy say of them."""

import numpy


def labels(rng, classes):
    count = rng.randint(2, 30)
    return {name: [rng.randrange(classes) for _ in range(count)] for name in ("predictions", "references")}


def weights(rng, given):
    count = len(given["references"])
    return {"sample_weight": [rng.random() + 0.1 for _ in range(count)]} if rng.random() < 0.3 else {}


def binary(rng):
    return labels(rng, 2), {}


def classes(rng):
    given = labels(rng, rng.choice([2, 3, 5]))
    return given, {"average": rng.choice(["micro", "macro", "weighted", None])} | weights(rng, given)


def unweighted(rng):
    return labels(rng, rng.choice([2, 3])), {}


def accuracy_case(rng):
    given = labels(rng, rng.choice([2, 4]))
    return given, ({"normalize": False} if rng.random() < 0.3 else {}) | weights(rng, given)


def sklearn(function, key, **fixed):
    from sklearn import metrics

    def expected(predictions, references, **options):
        found = getattr(metrics, function)(references, predictions, **options, **fixed)
        return {key: found if getattr(found, "size", 1) > 1 else float(found)}

    return expected


def accuracy_and(function, key, **fixed):
    def expected(predictions, references):
        from sklearn.metrics import accuracy_score

        accuracy = {"accuracy": accuracy_score(references, predictions)}
        return accuracy | sklearn(function, key, **fixed)(predictions, references)

    return expected


def scores(rng):
    count = rng.randint(3, 30)
    return {name: [round(rng.uniform(0, 5), 3) for _ in range(count)] for name in ("predictions", "references")}, {}


def correlations(predictions, references):
    from scipy.stats import pearsonr, spearmanr

    predictions, references = (numpy.array(each, dtype="float32") for each in (predictions, references))
    pearson, spearman = pearsonr(predictions, references)[0], spearmanr(predictions, references)[0]
    return {"pearson": float(pearson), "spearmanr": float(spearman)}
