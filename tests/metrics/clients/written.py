"""Metrics over tags and texts: cases, and what seqeval, rouge-score, sacrebleu, nltk and transformers say of them."""

import math
import re
import string

import numpy
from drawing import sentence, texts

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def tags_case(rng):
    given = {"predictions": [], "references": []}
    for _ in range(rng.randint(1, 5)):
        true = [rng.choice(TAGS) for _ in range(rng.randint(1, 8))]
        given["references"].append(true)
        given["predictions"].append([tag if rng.random() < 0.7 else rng.choice(TAGS) for tag in true])
    strict = {"mode": "strict", "scheme": "IOB2"} if rng.random() < 0.4 else {}
    return given, {"zero_division": 0} | strict


def tagged(predictions, references, scheme=None, **options):
    import seqeval.metrics
    import seqeval.scheme

    if scheme:
        options["scheme"] = getattr(seqeval.scheme, scheme)
    measured = {
        name: getattr(seqeval.metrics, f"{name}_score")(references, predictions, **options)
        for name in ("precision", "recall", "f1")
    }
    report = seqeval.metrics.classification_report(references, predictions, output_dict=True, **options)
    found = {f"overall_{name}": value for name, value in measured.items()}
    found["overall_accuracy"] = seqeval.metrics.accuracy_score(references, predictions)
    for name, each in report.items():
        if not name.endswith(" avg"):
            keys = {"precision": "precision", "recall": "recall", "f1": "f1-score", "number": "support"}
            found[name] = {ours: each[theirs] for ours, theirs in keys.items()}
    return found


def rouge_case(rng):
    given = texts(rng, 1)
    given["references"] = [each[0] for each in given["references"]]
    options = {"use_aggregator": False, "use_stemmer": rng.random() < 0.5}
    return given, options | ({"rouge_types": ["rouge1", "rougeL"]} if rng.random() < 0.3 else {})


def rouge(predictions, references, rouge_types=("rouge1", "rouge2", "rougeL", "rougeLsum"), use_stemmer=False, **_):
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(rouge_types), use_stemmer=use_stemmer)
    each = [scorer.score(true, told) for true, told in zip(references, predictions, strict=True)]
    return {name: [score[name].fmeasure for score in each] for name in rouge_types}


def bleu_case(rng):
    options = {"smooth": True} if rng.random() < 0.4 else {}
    return texts(rng, rng.choice([1, 2]), 4), options | ({"max_order": 2} if rng.random() < 0.3 else {})


def bleu(predictions, references, smooth=False, max_order=4):
    from nltk.translate.bleu_score import modified_precision
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    cut = Tokenizer13a()
    told = [cut(each).split() for each in predictions]
    true = [[cut(each).split() for each in several] for several in references]
    precisions = []
    for order in range(1, max_order + 1):
        counts = [modified_precision(several, each, order) for several, each in zip(true, told, strict=True)]
        # nltk counts at least one possible n-gram per text, also where the text is shorter than n.
        possible = sum(max(0, len(each) - order + 1) for each in told) + smooth
        matched = sum(count.numerator for count in counts) + smooth
        precisions.append(matched / possible if possible else 0.0)
    length, shortest = sum(map(len, told)), sum(min(map(len, several)) for several in true)
    ratio = length / shortest
    penalty = 1.0 if ratio > 1 else math.exp(1 - 1 / ratio) if ratio else 0.0
    mean = math.prod(precisions) ** (1 / max_order)
    return {
        "bleu": mean * penalty,
        "precisions": precisions,
        "brevity_penalty": penalty,
        "length_ratio": ratio,
        "translation_length": length,
        "reference_length": shortest,
    }


def sacrebleu_case(rng):
    options = {"lowercase": True} if rng.random() < 0.4 else {}
    options |= {"tokenize": rng.choice(["13a", "none", "char"])} if rng.random() < 0.5 else {}
    return texts(rng, rng.choice([1, 3])), options | ({"use_effective_order": True} if rng.random() < 0.3 else {})


def sacrebleu_score(predictions, references, **options):
    import sacrebleu

    found = sacrebleu.corpus_bleu(predictions, [list(each) for each in zip(*references, strict=True)], **options)
    names = ("score", "counts", "totals", "precisions", "bp", "sys_len", "ref_len")
    return {name: getattr(found, name) for name in names}


def exact_case(rng):
    given = texts(rng, 1, 0)
    given["references"] = [each[0].upper() if rng.random() < 0.3 else each[0] for each in given["references"]]
    names = ("ignore_case", "ignore_punctuation", "ignore_numbers")
    options = {name: True for name in names if rng.random() < 0.5}
    return given, options | ({"regexes_to_ignore": ["the ", "cat"]} if rng.random() < 0.4 else {})


def exact(
    predictions, references, regexes_to_ignore=(), ignore_case=False, ignore_punctuation=False, ignore_numbers=False
):
    def plain(text):
        for pattern in regexes_to_ignore:
            text = re.sub(pattern, "", text)
        text = text.lower() if ignore_case else text
        text = "".join(each for each in text if not (ignore_punctuation and each in string.punctuation))
        return "".join(each for each in text if not (ignore_numbers and each in string.digits))

    return {
        "exact_match": float(numpy.mean([plain(a) == plain(b) for a, b in zip(predictions, references, strict=True)]))
    }


MODEL = "sshleifer/tiny-gpt2"


def perplexity_case(rng):
    count = rng.randint(2, 4)
    options = {"model_id": MODEL, "batch_size": 2}
    return {"predictions": [sentence(rng, 3) for _ in range(count)]}, options


def perplexity(predictions, model_id, batch_size):
    """Text by text, so that neither padding nor batches take part; <|endoftext|> begins each."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(model_id), AutoModelForCausalLM.from_pretrained(model_id)
    found = []
    for text in predictions:
        ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text)["input_ids"]]])
        with torch.no_grad():
            loss = model(ids, labels=ids).loss
        found.append(torch.exp(loss).item())
    return {"perplexities": found, "mean_perplexity": float(numpy.mean(found))}
