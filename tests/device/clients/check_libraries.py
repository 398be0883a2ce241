"""bitsandbytes, transformers, peft and accelerate, with models of the hub that HF_ENDPOINT names."""

import bitsandbytes as bnb
import torch
from checks import check, raises
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BitsAndBytesConfig,
    Trainer,
    TrainingArguments,
)

LANGUAGE, CLASSIFIER = "Qwen/Qwen3-0.6B", "distilbert-base-uncased"


def load(**options):
    return AutoModelForCausalLM.from_pretrained(LANGUAGE, **options)


def batch(model):
    tokenizer = AutoTokenizer.from_pretrained(LANGUAGE, padding_side="left")
    return tokenizer(["hello world", "a b c d"], return_tensors="pt", padding=True).to(model.device)


def exercise(model):
    assert model.device.type == "cuda"
    inputs = batch(model)
    loss = model(**inputs, labels=inputs["input_ids"]).loss
    assert loss.is_cuda and loss.isfinite()
    assert model.generate(**inputs, max_new_tokens=2, do_sample=False).is_cuda
    return loss.item()


for options in (
    {"device_map": "auto", "dtype": torch.float16},
    {"device_map": "cuda", "dtype": torch.bfloat16},
    {"device_map": {"": 0}},
    {"device_map": {"": torch.device("cuda")}, "attn_implementation": "sdpa"},
    {"device_map": "auto", "attn_implementation": "flash_attention_2", "dtype": torch.bfloat16},
):
    check(f"loaded with {options}")(lambda options=options: exercise(load(**options)))


@check("quantised, with adapters")
def _():
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    four = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    for config in (four, BitsAndBytesConfig(load_in_8bit=True)):
        model = load(device_map="auto", quantization_config=config)
        exercise(model)
        adapters = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
        model = get_peft_model(prepare_model_for_kbit_training(model), adapters)
        inputs = batch(model)
        model(**inputs, labels=inputs["input_ids"]).loss.backward()
        assert all(p.grad is not None for p in model.parameters() if p.requires_grad)


for name in ("Adam8bit", "AdamW8bit", "PagedAdamW8bit", "PagedAdamW32bit", "AdamW", "Lion8bit", "RMSprop8bit"):

    @check(f"bitsandbytes {name}")
    def _(name=name):
        torch.manual_seed(0)
        model = nn.Linear(128, 64).cuda()
        optimizer = getattr(bnb.optim, name)(model.parameters(), lr=1e-3)
        rows, wanted, losses = torch.randn(64, 128).cuda(), torch.randn(64, 64).cuda(), []
        for _ in range(8):
            loss = (model(rows) - wanted).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < losses[0]
        state = optimizer.state[model.weight]["state1"]
        assert state.dtype == (torch.uint8 if "8bit" in name else torch.float32)


@check("quantised layers compute what plain ones do")
def _():
    plain, rows = nn.Linear(64, 32), torch.randn(5, 64)
    for kind, options, off in (
        (bnb.nn.Linear4bit, {"compute_dtype": torch.float32, "quant_type": "nf4"}, 0.4),
        (bnb.nn.Linear8bitLt, {"has_fp16_weights": False}, 0.05),
    ):
        layer = kind(64, 32, **options)
        layer.load_state_dict(plain.state_dict())
        result = layer.cuda()(rows.half().cuda()).float().cpu()
        assert layer.weight.dtype in (torch.uint8, torch.int8) and (result - plain(rows)).abs().max() < off
    with raises(RuntimeError, "same device"):
        layer(rows)


for options in (
    {"fp16": True},
    {"bf16": True, "optim": "adamw_8bit"},
    {"fp16": True, "optim": "paged_adamw_8bit", "gradient_checkpointing": True},
):

    @check(f"Trainer with {options}")
    def _(options=options):
        tokens = AutoTokenizer.from_pretrained(CLASSIFIER)(["a b", "c d e"] * 8, padding=True)
        columns = zip(tokens["input_ids"], tokens["attention_mask"], [0, 1] * 8, strict=True)
        data = [dict(zip(("input_ids", "attention_mask", "labels"), row, strict=True)) for row in columns]
        model = AutoModelForSequenceClassification.from_pretrained(CLASSIFIER, num_labels=2)
        settings = TrainingArguments(
            "out", max_steps=2, per_device_train_batch_size=4, save_steps=2, report_to=[], disable_tqdm=True, **options
        )
        trainer = Trainer(model, settings, train_dataset=data, eval_dataset=data)
        assert trainer.train().training_loss > 0 and trainer.evaluate()["eval_loss"] > 0
        assert model.device.type == "cuda"


@check("Accelerator in mixed precision")
def _():
    from accelerate import Accelerator

    accelerator, model = Accelerator(mixed_precision="fp16"), nn.Linear(4, 2)
    data = torch.utils.data.TensorDataset(torch.randn(8, 4), torch.randint(0, 2, (8,)))
    parts = (model, torch.optim.AdamW(model.parameters()), torch.utils.data.DataLoader(data, batch_size=4))
    model, optimizer, loader = accelerator.prepare(*parts)
    for rows, labels in loader:
        loss = nn.functional.cross_entropy(model(rows), labels)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    assert rows.is_cuda and accelerator.gather(loss).isfinite()
