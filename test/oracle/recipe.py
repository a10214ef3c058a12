"""Deterministic synthetic reward models, byte for byte those of ../support/synthetic-model.ts.

Element i (row-major) of tensor NAME is float32((2u - 1) * scale + offset), computed in double, where
u = (fmix32((i + (fnv1a32(NAME) ^ seed)) mod 2^32) >>> 8) / 2^24 and fmix32 is murmur3's finaliser.
Scales and offsets are the table "scales" of the models' file: the first rule whose "endsWith" fits applies, and a rule
with a gain has the scale gain * sqrt(3 / fan_in).
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Json = dict[str, Any]

NAN_BITS = {"F32": 0x7FC00000, "F16": 0x7E00, "BF16": 0x7FC0}
HERE = Path(__file__).resolve().parent

# What the config classes say where a config leaves it out; else heads share hidden_size, and each has keys of its own.
DEFAULT_HEAD_DIM = {"qwen3": 128}
DEFAULT_KEY_VALUE_HEADS = {"qwen2": 32, "qwen3": 32, "mistral": 8}


def read_models(file: str = "models.json") -> tuple[list[Json], list[Json]]:
    """The scale rules and the model descriptions of models.json, or of another file beside it."""
    content = json.loads((HERE / file).read_text(encoding="utf-8"))
    return content["scales"], content["models"]


def fnv1a32(text: str) -> int:
    """32-bit FNV-1a hash of the UTF-8 bytes."""
    value = 0x811C9DC5
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def fmix32(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The finaliser of murmur3."""
    values = values ^ (values >> np.uint32(16))
    values = values * np.uint32(0x85EBCA6B)
    values = values ^ (values >> np.uint32(13))
    values = values * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def dimension(config: Json, name: str, alias: str) -> int:
    """A size of the model under its GPT-2 name or the common alias."""
    return int(config[name] if name in config else config[alias])


def gpt2_shapes(config: Json) -> list[tuple[str, list[int]]]:
    """Conv1D weights are [in, out]."""
    embd = dimension(config, "n_embd", "hidden_size")
    inner = config.get("n_inner") or 4 * embd
    shapes: list[tuple[str, list[int]]] = [
        ("transformer.wte.weight", [config["vocab_size"], embd]),
        ("transformer.wpe.weight", [dimension(config, "n_positions", "max_position_embeddings"), embd]),
    ]
    for layer in range(dimension(config, "n_layer", "num_hidden_layers")):
        block = f"transformer.h.{layer}"
        shapes += [
            (f"{block}.ln_1.weight", [embd]),
            (f"{block}.ln_1.bias", [embd]),
            (f"{block}.attn.c_attn.weight", [embd, 3 * embd]),
            (f"{block}.attn.c_attn.bias", [3 * embd]),
            (f"{block}.attn.c_proj.weight", [embd, embd]),
            (f"{block}.attn.c_proj.bias", [embd]),
            (f"{block}.ln_2.weight", [embd]),
            (f"{block}.ln_2.bias", [embd]),
            (f"{block}.mlp.c_fc.weight", [embd, inner]),
            (f"{block}.mlp.c_fc.bias", [inner]),
            (f"{block}.mlp.c_proj.weight", [inner, embd]),
            (f"{block}.mlp.c_proj.bias", [embd]),
        ]
    shapes += [
        ("transformer.ln_f.weight", [embd]),
        ("transformer.ln_f.bias", [embd]),
        ("score.weight", [len(config["id2label"]), embd]),
    ]
    return shapes


def llama_like_shapes(config: Json) -> list[tuple[str, list[int]]]:
    """Linear weights are [out, in]. Llama, and the families that are built like it."""
    hidden = config["hidden_size"]
    inner = config["intermediate_size"]
    heads = config["num_attention_heads"]
    head = config.get("head_dim", DEFAULT_HEAD_DIM.get(config["model_type"])) or hidden // heads
    key_value_heads = config.get("num_key_value_heads", DEFAULT_KEY_VALUE_HEADS.get(config["model_type"])) or heads
    key_value = key_value_heads * head
    attention_bias = config.get("attention_bias", False)
    shapes: list[tuple[str, list[int]]] = [("model.embed_tokens.weight", [config["vocab_size"], hidden])]

    def linear(name: str, sizes: list[int], bias: bool) -> None:
        shapes.append((f"{name}.weight", sizes))
        if bias:
            shapes.append((f"{name}.bias", sizes[:1]))

    for layer in range(config["num_hidden_layers"]):
        block = f"model.layers.{layer}"
        shapes.append((f"{block}.input_layernorm.weight", [hidden]))
        for name, size in (("q_proj", heads * head), ("k_proj", key_value), ("v_proj", key_value)):
            linear(f"{block}.self_attn.{name}", [size, hidden], attention_bias or config["model_type"] == "qwen2")
        linear(f"{block}.self_attn.o_proj", [hidden, heads * head], attention_bias)
        if config["model_type"] == "qwen3":
            shapes += [(f"{block}.self_attn.{name}.weight", [head]) for name in ("q_norm", "k_norm")]
        shapes.append((f"{block}.post_attention_layernorm.weight", [hidden]))
        linear(f"{block}.mlp.gate_proj", [inner, hidden], config.get("mlp_bias", False))
        linear(f"{block}.mlp.up_proj", [inner, hidden], config.get("mlp_bias", False))
        linear(f"{block}.mlp.down_proj", [hidden, inner], config.get("mlp_bias", False))
    shapes.append(("model.norm.weight", [hidden]))
    shapes.append(("score.weight", [len(config["id2label"]), hidden]))
    return shapes


def gpt_neox_shapes(config: Json) -> list[tuple[str, list[int]]]:
    """Linear weights are [out, in]."""
    hidden = config["hidden_size"]
    inner = config["intermediate_size"]
    shapes: list[tuple[str, list[int]]] = [("gpt_neox.embed_in.weight", [config["vocab_size"], hidden])]

    def layer_norm(name: str) -> None:
        shapes.extend([(f"{name}.weight", [hidden]), (f"{name}.bias", [hidden])])

    def linear(name: str, sizes: list[int], bias: bool) -> None:
        shapes.append((f"{name}.weight", sizes))
        if bias:
            shapes.append((f"{name}.bias", sizes[:1]))

    for layer in range(config["num_hidden_layers"]):
        block = f"gpt_neox.layers.{layer}"
        layer_norm(f"{block}.input_layernorm")
        layer_norm(f"{block}.post_attention_layernorm")
        linear(f"{block}.attention.query_key_value", [3 * hidden, hidden], config.get("attention_bias", True))
        linear(f"{block}.attention.dense", [hidden, hidden], config.get("attention_bias", True))
        linear(f"{block}.mlp.dense_h_to_4h", [inner, hidden], True)
        linear(f"{block}.mlp.dense_4h_to_h", [hidden, inner], True)
    layer_norm("gpt_neox.final_layer_norm")
    shapes.append(("score.weight", [len(config["id2label"]), hidden]))
    return shapes


TENSOR_SHAPES = {
    "gpt2": gpt2_shapes,
    "llama": llama_like_shapes,
    "qwen2": llama_like_shapes,
    "qwen3": llama_like_shapes,
    "mistral": llama_like_shapes,
    "gpt_neox": gpt_neox_shapes,
}


def tensor_shapes(config: Json) -> list[tuple[str, list[int]]]:
    """All tensors of the model in the order of the file."""
    return TENSOR_SHAPES[config["model_type"]](config)


def scale_and_offset(name: str, shape: list[int], scales: list[Json]) -> tuple[float, float]:
    """Scale and offset of a tensor by the first rule that fits its name."""
    rule = next(rule for rule in scales if name.endswith(rule["endsWith"]))
    if "gain" in rule:
        return rule["gain"] * math.sqrt(3 / shape[rule["fanInAxis"]]), 0.0
    return rule["scale"], rule["offset"]


def tensor_values(name: str, shape: list[int], seed: int, scales: list[Json]) -> NDArray[np.float32]:
    """The values of a tensor before its conversion to the model's dtype, flat."""
    scale, offset = scale_and_offset(name, shape, scales)
    start = np.uint32(fnv1a32(name) ^ seed)
    index = np.arange(math.prod(shape), dtype=np.uint32) + start
    uniform = (fmix32(index) >> np.uint32(8)).astype(np.float64) / 2.0**24
    return ((2.0 * uniform - 1.0) * scale + offset).astype(np.float32)


def to_bits(values: NDArray[np.float32], dtype: str) -> NDArray[np.unsignedinteger[Any]]:
    """Bit patterns in the dtype, rounded to nearest, ties to even."""
    if dtype == "F16":
        return values.astype(np.float16).view(np.uint16)
    bits = values.view(np.uint32)
    if dtype == "BF16":
        odd = (bits >> np.uint32(16)) & np.uint32(1)
        return ((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16)).astype(np.uint16)
    return bits


Shapes = list[tuple[str, list[int]]]


def safetensors_bytes(description: Json, scales: list[Json], shapes: Shapes | None = None) -> bytes:
    """The whole model.safetensors of a model; its tensors follow from its config unless they are given."""
    dtype: str = description["dtype"]
    nan: Json | None = description.get("nan")
    header: Json = {"__metadata__": {"format": "pt"}}
    parts: list[bytes] = []
    end = 0
    for name, shape in shapes or tensor_shapes(description["config"]):
        bits = to_bits(tensor_values(name, shape, description["seed"], scales), dtype)
        if nan is not None and nan["tensor"] == name:
            bits[nan["index"]] = NAN_BITS[dtype]
        part = bits.astype(bits.dtype.newbyteorder("<")).tobytes()
        parts.append(part)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + len(part)]}
        end += len(part)
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def write_model(directory: Path, description: Json, scales: list[Json], shapes: Shapes | None = None) -> str:
    """Writes config.json and model.safetensors; returns the SHA-256 of the latter."""
    directory.mkdir(parents=True, exist_ok=True)
    content = safetensors_bytes(description, scales, shapes)
    (directory / "model.safetensors").write_bytes(content)
    config = json.dumps(description["config"], indent=2) + "\n"
    (directory / "config.json").write_text(config, encoding="utf-8", newline="\n")
    return hashlib.sha256(content).hexdigest()
