"""Writes foreign/, small text classifiers as torch.onnx.export and onnxruntime's quantiser make them, and
foreign.json: the texts, and the rewards that onnxruntime gives them, each text alone."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import platform
import shutil
import tempfile
import warnings
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

import make_tokenizers
from recipe import read_models, tensor_shapes, tensor_values

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
FOREIGN = HERE / "foreign"
REWARDS_FILE = HERE / "foreign.json"
PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "onnx", "onnxruntime", "onnxscript")
SEED = 20231015
END_OF_TEXT_ID = 511
POSITIONS = 64
GPT2_CONFIG: Json = {
    "model_type": "gpt2",
    "architectures": ["GPT2ForSequenceClassification"],
    "vocab_size": END_OF_TEXT_ID + 1,
    "n_positions": POSITIONS,
    "n_embd": 8,
    "n_head": 2,
    "n_layer": 1,
    "bos_token_id": END_OF_TEXT_ID,
    "eos_token_id": END_OF_TEXT_ID,
    "pad_token_id": END_OF_TEXT_ID,
    "id2label": {"0": "LABEL_0"},
}
BERT_CONFIG: Json = {
    "model_type": "bert",
    "architectures": ["BertForSequenceClassification"],
    "vocab_size": make_tokenizers.NEW_ID + 2,
    "max_position_embeddings": POSITIONS,
    "hidden_size": 8,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "intermediate_size": 16,
    "pad_token_id": 0,
    "id2label": {"0": "bad", "1": "good"},
}
EOS = "<|endoftext|>"
TEXTS = [
    "a",
    "User: hi\nBot:",
    "User: I finally finished my first marathon today!\nBot: Congratulations! How do your legs feel?\n",
    "User: I finally finished my first marathon today!\nBot: ok.\n",
    f"ends in one{EOS}",
    f"ends in two{EOS}{EOS}",
    f"one {EOS} in the middle",
    f"{EOS}begins with one",
    f"{EOS}begins and ends{EOS}",
    EOS,
    f"{EOS}{EOS}{EOS}",
    "eight",
    "A long walk by the sea, and back again. " * 8,
    f"{EOS}" + "A long walk by the sea, and back again. " * 8,
    "A somewhat shorter walk, " * 4,
    "naïve café, 日本語 ✨",
]
REFERENCE = (
    "The first logit (of bert, the second) of each model in onnxruntime for Python, each text alone and without "
    f"padding, truncated from the left to {POSITIONS} tokens."
)


class Classifier(torch.nn.Module):
    """A transformers model that takes its inputs by position and gives its logits alone."""

    def __init__(self, model: torch.nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Logits [batch, labels]."""
        return self.model(**dict(zip(self.names, inputs, strict=True))).logits


class Pooled(torch.nn.Module):
    """GPT-2 with a pooling rule of its own, given the ids and the number of positions."""

    def __init__(self, model: torch.nn.Module, rule: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.model = model
        self.rule = rule

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Logits [batch, labels]."""
        states = self.model.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        at = self.rule(input_ids)
        return self.model.score(states)[torch.arange(input_ids.shape[0]), at]


def before_first_pad(input_ids: torch.Tensor) -> torch.Tensor:
    """The rule of transformers 4.35 to 4.48: before the first pad token, counted from the end where there is none."""
    at = torch.eq(input_ids, END_OF_TEXT_ID).int().argmax(-1) - 1
    return at % input_ids.shape[-1]


def last_position(input_ids: torch.Tensor) -> torch.Tensor:
    """As a model trained with padding on the left may be exported."""
    return torch.full((input_ids.shape[0],), -1, dtype=torch.long) % input_ids.shape[-1]


def gpt2() -> torch.nn.Module:
    """Synthetic weights of recipe.py."""
    scales, _ = read_models()
    model = AutoModelForSequenceClassification.from_config(
        AutoConfig.for_model(**GPT2_CONFIG, use_cache=False), attn_implementation="eager"
    )
    model.load_state_dict(
        OrderedDict(
            (name, torch.from_numpy(tensor_values(name, shape, SEED, scales).reshape(shape)))
            for name, shape in tensor_shapes(GPT2_CONFIG)
        )
    )
    return model.eval()


def bert() -> torch.nn.Module:
    """Random weights, large enough for texts to differ."""
    torch.manual_seed(SEED)
    config = AutoConfig.for_model(**BERT_CONFIG, initializer_range=0.5)
    return AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").eval()


def example(name: str) -> torch.Tensor:
    """What a model is traced with: two rows, one padded."""
    values = {
        "input_ids": [[1, 2, 3, 4, 5], [6, 7, 8, END_OF_TEXT_ID, END_OF_TEXT_ID]],
        "attention_mask": [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]],
        "position_ids": [[0, 1, 2, 3, 4]] * 2,
        "token_type_ids": [[0] * 5] * 2,
    }
    return torch.tensor(values[name])


def export(model: torch.nn.Module, names: list[str], file: Path, dynamo: bool = False, output: str = "logits") -> None:
    """torch.onnx.export with batch and sequence of any size, by either of its exporters."""
    axes = {0: "batch", 1: "sequence"}
    dynamic: Json = {"dynamic_axes": {name: axes for name in names} | {output: {0: "batch"}}}
    if dynamo:
        dynamic = {"dynamic_shapes": ({0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC},) * len(names)}
        if isinstance(model, Classifier):
            dynamic["dynamic_shapes"] = (dynamic["dynamic_shapes"],)
    torch.onnx.export(
        model,
        tuple(example(name) for name in names),
        str(file),
        input_names=names,
        output_names=[output],
        dynamo=dynamo,
        external_data=False,
        verbose=False,
        **dynamic,
    )
    slim(file)


def slim(file: Path) -> None:
    """Leaves out what no runtime reads: where each node came from in Python, and shapes on the way."""
    model = onnx.load(file)
    del model.graph.value_info[:]
    for part in [model.graph, *model.graph.node, *model.graph.input, *model.graph.initializer]:
        part.doc_string = ""
        if hasattr(part, "metadata_props"):
            del part.metadata_props[:]
    onnx.save(model, file)


def as_int32(file: Path) -> None:
    """Declares the inputs int32 and casts them."""
    model = onnx.load(file)
    casts = []
    for value in model.graph.input:
        value.type.tensor_type.elem_type = onnx.TensorProto.INT32
        for node in model.graph.node:
            node.input[:] = [f"{name}_64" if name == value.name else name for name in node.input]
        cast = onnx.helper.make_node("Cast", [value.name], [f"{value.name}_64"], to=onnx.TensorProto.INT64)
        casts.append(cast)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, file)


def write_plain(directory: Path) -> Path:
    """By the newer exporter."""
    export(Classifier(gpt2(), ["input_ids", "attention_mask"]), ["input_ids", "attention_mask"], directory / "model.onnx", dynamo=True)
    return directory / "model.onnx"


def write_position_ids(directory: Path) -> Path:
    """By the older exporter, with positions, inputs of int32, another output's name, and where optimum puts it."""
    names = ["input_ids", "attention_mask", "position_ids"]
    (directory / "onnx").mkdir()
    file = directory / "onnx" / "model.onnx"
    export(Classifier(gpt2(), names), names, file, output="score")
    as_int32(file)
    return file


def write_old_pooling(directory: Path) -> Path:
    """What transformers < 4.49 would have exported."""
    export(Pooled(gpt2(), before_first_pad), ["input_ids", "attention_mask"], directory / "model.onnx")
    return directory / "model.onnx"


def write_last_position(directory: Path) -> Path:
    """A graph that padding on the right would lead astray."""
    export(Pooled(gpt2(), last_position), ["input_ids", "attention_mask"], directory / "model.onnx")
    return directory / "model.onnx"


def write_quantized(directory: Path) -> Path:
    """The usual int8 recipe; weights of 7 bits, which are exact on every processor."""
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "model.onnx"
        export(Pooled(gpt2(), before_first_pad), ["input_ids", "attention_mask"], plain)
        quantize_dynamic(plain, directory / "model.onnx", weight_type=QuantType.QInt8, reduce_range=True)
    slim(directory / "model.onnx")
    return directory / "model.onnx"


def write_bert(directory: Path) -> Path:
    """Attends both ways; its weights stand in a file of their own."""
    names = ["input_ids", "attention_mask", "token_type_ids"]
    file = directory / "model.onnx"
    export(Classifier(bert(), names), names, file)
    model = onnx.load(file)
    onnx.save(model, file, save_as_external_data=True, location="model.onnx.data", size_threshold=256)
    return file


MODELS: dict[str, tuple[Callable[[Path], Path], Json]] = {
    "plain": (write_plain, GPT2_CONFIG),
    "position-ids": (write_position_ids, GPT2_CONFIG),
    "old-pooling": (write_old_pooling, GPT2_CONFIG),
    "last-position": (write_last_position, GPT2_CONFIG),
    "quantized": (write_quantized, GPT2_CONFIG),
    "bert": (write_bert, BERT_CONFIG),
}


def tokenizer_of(name: str) -> PreTrainedTokenizerFast:
    """GPT-2's, or, for bert, one that puts tokens around each text."""
    if name == "bert":
        tokenizer = make_tokenizers.load(make_tokenizers.TOKENIZERS["cls-sep"])
    else:
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(make_tokenizers.FIXTURE))
    tokenizer.truncation_side = "left"
    return tokenizer


def score(file: Path, name: str) -> list[float]:
    """The reward of each text, alone."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    tokenizer = tokenizer_of(name)
    rewards = []
    for text in TEXTS:
        ids = tokenizer(text, truncation=True, max_length=POSITIONS)["input_ids"]
        values = {
            "input_ids": ids,
            "attention_mask": [1] * len(ids),
            "position_ids": list(range(len(ids))),
            "token_type_ids": [0] * len(ids),
        }
        feeds = {
            value.name: np.array([values[value.name]], dtype=np.int32 if "int32" in value.type else np.int64)
            for value in session.get_inputs()
        }
        rewards.append(float(session.run(None, feeds)[0][0][1 if name == "bert" else 0]))
    return rewards


def sha256(file: Path) -> str:
    """Over the graph, and the file of its weights if it has one."""
    data = file.with_name(file.name + ".data")
    return hashlib.sha256(file.read_bytes() + (data.read_bytes() if data.exists() else b"")).hexdigest()


def embedding_offset(file: Path) -> int:
    """Where the embedding of the first token stands in a file, for a test to write over."""
    scales, _ = read_models()
    name, shape = tensor_shapes(GPT2_CONFIG)[0]
    content = file.read_bytes()
    found = content.find(tensor_values(name, shape, SEED, scales).tobytes())
    if found < 0:
        raise ValueError(f"{file}: the embedding was not found")
    return found


def check_against_torch(rewards: list[float]) -> None:
    """The exported graph is the model."""
    model = gpt2()
    tokenizer = tokenizer_of("plain")
    for text, reward in zip(TEXTS, rewards, strict=True):
        ids = tokenizer(text, truncation=True, max_length=POSITIONS)["input_ids"]
        with torch.no_grad():
            expected = model(torch.tensor([ids])).logits.item()
        if not math.isclose(expected, reward, abs_tol=2e-6):
            raise ValueError(f"{text}: torch {expected}, exported {reward}")


def to_text(content: Json) -> str:
    """foreign.json as text: one model a line."""
    models = [
        f'    {json.dumps(name)}: {{ "file": "{model["file"]}", "sha256": "{model["sha256"]}", '
        f'"parameters": {model["parameters"]}, "rewards": '
        f"[{', '.join(str(np.float32(reward)) for reward in model['rewards'])}] }}"
        for name, model in content["models"].items()
    ]
    members = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items() if key != "models"]
    return "{\n" + ",\n".join([*members, '  "models": {\n' + ",\n".join(models) + "\n  }"]) + "\n}\n"


def weights(file: Path) -> int:
    """Elements of the weights, quantised ones too."""
    kinds = {1, 2, 3, 10, 11, 16}
    model = onnx.load(file, load_external_data=False)
    return sum(math.prod(tensor.dims) for tensor in model.graph.initializer if tensor.data_type in kinds)


def main() -> None:
    """Writes everything anew."""
    disable_progress_bar()
    set_verbosity_error()
    warnings.simplefilter("ignore")
    shutil.rmtree(FOREIGN, ignore_errors=True)
    models: Json = {}
    for name, (write, config) in MODELS.items():
        directory = FOREIGN / name
        directory.mkdir(parents=True)
        file = write(directory)
        (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8", newline="\n")
        models[name] = {
            "file": file.relative_to(directory).as_posix(),
            "sha256": sha256(file),
            "parameters": weights(file),
            "rewards": score(file, name),
        }
    check_against_torch(models["plain"]["rewards"])
    check_against_torch(models["position-ids"]["rewards"])
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    content = {
        "versions": versions,
        "reference": REFERENCE,
        "texts": TEXTS,
        "plainEmbedding": {"offset": embedding_offset(FOREIGN / "plain" / "model.onnx"), "bytesPerToken": 4 * 8},
        "models": models,
    }
    REWARDS_FILE.write_text(to_text(content), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
