"""Models that see and hear: processors, forward, backward, generate."""

import math

import numpy
import torch
from PIL import Image


def noise_pictures(count):
    drawn = numpy.random.default_rng(0).integers(0, 255, (count, 40, 60, 3), dtype=numpy.uint8)
    return [Image.fromarray(each) for each in drawn]


def image_facts(asset):
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    processor = AutoImageProcessor.from_pretrained(asset["id"], cache_dir=".cache/")
    model = AutoModelForImageClassification.from_pretrained(
        asset["id"], cache_dir=".cache/", num_labels=10, ignore_mismatched_sizes=True
    )
    pixels = processor(noise_pictures(2), return_tensors="pt")
    output = model(**pixels, labels=torch.tensor([0, 1]))
    output.loss.backward()
    return {"loss": output.loss.item(), "expected": math.log(10), "pixels": list(pixels["pixel_values"].shape)}


def clip_facts(asset):
    from transformers import AutoModel, AutoProcessor

    processor = AutoProcessor.from_pretrained(asset["id"], cache_dir=".cache/")
    model = AutoModel.from_pretrained(asset["id"], cache_dir=".cache/")
    texts = ["a photo of a cat", "a photo of a dog"]
    batch = processor(text=texts, images=noise_pictures(2), return_tensors="pt", padding=True)
    output = model(**batch, return_loss=True)
    output.loss.backward()
    features = model.get_text_features(**{name: batch[name] for name in ("input_ids", "attention_mask")})
    width = model.config.projection_dim
    features = getattr(features, "pooler_output", features)
    assert list(features.shape) == [2, width] == list(output.image_embeds.shape), features.shape
    return {"loss": output.loss.item(), "expected": math.log(2), "inputs": sorted(batch)}


def whisper_facts(asset):
    from transformers import AutoModelForSpeechSeq2Seq, AutoProcessor

    processor = AutoProcessor.from_pretrained(asset["id"], cache_dir=".cache/")
    model = AutoModelForSpeechSeq2Seq.from_pretrained(asset["id"], cache_dir=".cache/", torch_dtype=torch.float32)
    sound = numpy.random.default_rng(0).standard_normal(16000).astype("float32")
    features = processor(sound, sampling_rate=16000, return_tensors="pt")
    labels = processor.tokenizer(["hello there"], return_tensors="pt").input_ids
    output = model(input_features=features.input_features, labels=labels)
    output.loss.backward()
    options = {} if asset["id"].endswith(".en") else {"language": "en", "task": "transcribe"}
    with torch.no_grad():
        made = model.generate(features.input_features, max_new_tokens=4, **options)
    processor.batch_decode(made, skip_special_tokens=True)
    return {"loss": output.loss.item(), "expected": math.log(model.config.vocab_size)}


def wav2vec2_facts(asset):
    from transformers import AutoModelForCTC, AutoProcessor

    processor = AutoProcessor.from_pretrained(asset["id"], cache_dir=".cache/")
    model = AutoModelForCTC.from_pretrained(asset["id"], cache_dir=".cache/", ctc_loss_reduction="mean")
    sound = numpy.random.default_rng(0).standard_normal(16000).astype("float32")
    values = processor(sound, sampling_rate=16000, return_tensors="pt").input_values
    labels = processor.tokenizer(["HELLO"], return_tensors="pt").input_ids
    output = model(input_values=values, labels=labels)
    output.loss.backward()
    spelled = processor.tokenizer.decode([processor.tokenizer.convert_tokens_to_ids(letter) for letter in "HELO"])
    assert spelled == "HELO", spelled
    return {"ctc": output.loss.item()}


SPEECH = {"whisper": whisper_facts, "wav2vec2": wav2vec2_facts}


def timm_facts(asset):
    import timm

    model = timm.create_model(f"hf_hub:{asset['id']}", pretrained=True).eval()
    count = model.num_classes
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(model(torch.randn(2, 3, 224, 224)), torch.tensor([0, count - 1]))
    tuned = timm.create_model(asset["id"].removeprefix("timm/"), pretrained=True, num_classes=10)
    logits = tuned.train()(torch.randn(2, 3, 224, 224))
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1])).backward()
    gradient = sum(float(p.grad.abs().sum()) for p in tuned.parameters() if p.grad is not None)
    assert math.isfinite(gradient) and gradient > 0, gradient
    return {"loss": loss.item(), "expected": math.log(count)}
