"""Writes checkpoints/, one small GPT-2 reward model in every form that torch.save and safetensors give it, and
checkpoints.json: its config, the texts, and the rewards that transformers gives them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import platform
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from recipe import read_models, tensor_shapes, tensor_values

Json = dict[str, Any]
State = dict[str, torch.Tensor]

HERE = Path(__file__).resolve().parent
CHECKPOINTS = HERE / "checkpoints"
REWARDS_FILE = HERE / "checkpoints.json"
TOKENIZER_FILE = HERE.parent.parent / "fixtures" / "tiny-gpt2" / "tokenizer.json"
PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")
SEED = 20201109
END_OF_TEXT_ID = 511
POSITIONS = 64
LAYERS = 2
CONFIG: Json = {
    "model_type": "gpt2",
    "architectures": ["GPT2ForSequenceClassification"],
    "vocab_size": END_OF_TEXT_ID + 1,
    "n_positions": POSITIONS,
    "n_embd": 8,
    "n_head": 2,
    "n_layer": LAYERS,
    "bos_token_id": END_OF_TEXT_ID,
    "eos_token_id": END_OF_TEXT_ID,
    "pad_token_id": END_OF_TEXT_ID,
    "id2label": {"0": "LABEL_0"},
}
TEXTS = [
    "a",
    "User: I finally finished my first marathon today!\nBot: Congratulations! How do your legs feel?\n",
    "User: I finally finished my first marathon today!\nBot: ok.\n",
    "<|endoftext|>",
    "A long walk by the sea, and back again. " * 8,
]
REFERENCE = (
    "Raw logits of AutoModelForSequenceClassification in torch.float32 on the CPU, each text alone, the tokenizer of "
    f"fixtures/tiny-gpt2, truncation from the left to {POSITIONS} tokens; sha256 is over the files in index order."
)


def base_state() -> State:
    """The model's tensors in float32, under their names in GPT2ForSequenceClassification."""
    scales, _ = read_models()
    return OrderedDict(
        (name, torch.from_numpy(tensor_values(name, shape, SEED, scales).reshape(shape)))
        for name, shape in tensor_shapes(CONFIG)
    )


def save(state: Any, directory: Path, name: str = "pytorch_model.bin", **options: Any) -> None:
    """torch.save to a file."""
    torch.save(state, directory / name, **options)


def save_under_odd_name(state: State, directory: Path) -> None:
    """torch.save names the folder in the archive after the file."""
    odd = directory / "Modèle (copy 2) v1.0.bin"
    torch.save(state, odd)
    odd.rename(directory / "pytorch_model.bin")


def save_sharded(state: State, directory: Path, stem: str, suffix: str, savers: list[Callable[..., None]]) -> None:
    """A run of the tensors in a file for each of savers, and the index as transformers writes it."""
    names = list(state)
    size = math.ceil(len(names) / len(savers))
    weight_map: dict[str, str] = {}
    for number, saver in enumerate(savers):
        file = f"{stem}-{number + 1:05}-of-{len(savers):05}.{suffix}"
        shard = {name: state[name] for name in names[number * size : (number + 1) * size]}
        saver(shard, directory / file)
        weight_map |= dict.fromkeys(shard, file)
    total = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    text = json.dumps(index, indent=2, sort_keys=True) + "\n"
    (directory / f"{stem}.{suffix}.index.json").write_text(text, encoding="utf-8", newline="\n")


def bare(state: State) -> State:
    """As saved from GPT2Model, with the head beside it."""
    return OrderedDict((name.removeprefix("transformer."), tensor) for name, tensor in state.items())


def with_metadata(state: State) -> State:
    """As Module.state_dict() gives it: with an attribute."""
    state = OrderedDict(state)
    state._metadata = OrderedDict([("", {"version": 1}), ("transformer", {"version": 1})])  # type: ignore[attr-defined]
    return state


def with_old_buffers(state: State) -> State:
    """With the causal masks that versions of transformers before 4.29 saved."""
    state = with_metadata(state)
    mask = torch.ones(POSITIONS, POSITIONS).tril().view(1, 1, POSITIONS, POSITIONS)
    for layer in range(LAYERS):
        state[f"transformer.h.{layer}.attn.bias"] = mask.to([torch.uint8, torch.bool][layer % 2])
        state[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    return state


def shared_and_strided(state: State) -> State:
    """The same values in few storages: vectors side by side, matrices transposed, sliced or expanded."""
    result: State = OrderedDict()
    vectors = [name for name, tensor in state.items() if tensor.dim() == 1]
    offset = 5
    run = torch.cat([torch.full((offset,), math.nan), *(state[name] for name in vectors)])
    for name, tensor in state.items():
        if name in vectors:
            result[name] = run[offset : offset + tensor.numel()]
            offset += tensor.numel()
        elif name == "transformer.wpe.weight":  # every second column of a wider matrix
            result[name] = torch.stack([tensor, torch.full_like(tensor, math.nan)], dim=2).view(POSITIONS, -1)[:, ::2]
        else:
            result[name] = tensor.t().contiguous().t()
    # Equal elements as one.
    name = "transformer.h.0.mlp.c_fc.bias"
    result[name] = state[name] = torch.full((1,), 0.0625).expand(state[name].shape)
    return result


def parameters(state: State) -> State:
    """A plain dict of parameters, one of them with an attribute."""
    result = {name: torch.nn.Parameter(tensor) for name, tensor in state.items()}
    result["score.weight"].note = "kept"  # type: ignore[attr-defined]
    return result


def legacy_save(state: State, path: Path) -> None:
    """torch.save as before torch 1.6."""
    torch.save(state, path, _use_new_zipfile_serialization=False)


def converted(state: State, dtype: torch.dtype) -> State:
    """In another type."""
    return OrderedDict((name, tensor.to(dtype)) for name, tensor in state.items())


def safetensors_save(state: State, path: Path) -> None:
    """safetensors as transformers writes it."""
    save_file(state, path, metadata={"format": "pt"})


# Those that transformers does not load, for torch's safe unpickler lacks their opcodes, are read by torch's other one.
FORMS: dict[str, Callable[[State, Path], None]] = {
    "zip": lambda state, to: save(with_metadata(state), to),
    "zip-odd-name": save_under_odd_name,
    "zip-f16": lambda state, to: save(converted(state, torch.float16), to),
    "zip-bf16": lambda state, to: save(converted(state, torch.bfloat16), to),
    "zip-bare-names": lambda state, to: save(bare(state), to),
    "zip-old-buffers": lambda state, to: save(with_old_buffers(state), to),
    "zip-strided": lambda state, to: save(shared_and_strided(state), to),
    "zip-parameters": lambda state, to: save(parameters(state), to),
    "zip-protocol-1": lambda state, to: save(with_metadata(state), to, pickle_protocol=1),
    "zip-protocol-5": lambda state, to: save(with_metadata(state), to, pickle_protocol=5),
    "legacy": lambda state, to: legacy_save(with_old_buffers(bare(state)), to / "pytorch_model.bin"),
    "legacy-strided": lambda state, to: legacy_save(shared_and_strided(state), to / "pytorch_model.bin"),
    "sharded-safetensors": lambda state, to: save_sharded(state, to, "model", "safetensors", [safetensors_save] * 3),
    "sharded-bin": lambda state, to: save_sharded(state, to, "pytorch_model", "bin", [torch.save, legacy_save]),
}


def sha256(directory: Path) -> str:
    """Over a checkpoint's files of weights, in the order in which its index, if it has one, first names them."""
    indexes = list(directory.glob("*.index.json"))
    files = [path.name for path in directory.iterdir()]
    if indexes:
        files = list(dict.fromkeys(json.loads(indexes[0].read_text(encoding="utf-8"))["weight_map"].values()))
    return hashlib.sha256(b"".join((directory / file).read_bytes() for file in files)).hexdigest()


def load(directory: Path) -> torch.nn.Module:
    """A checkpoint as transformers loads it, every tensor of it used."""
    if "protocol" in directory.name:
        model = AutoModelForSequenceClassification.from_config(AutoConfig.for_model(**CONFIG))
        model.load_state_dict(torch.load(directory / "pytorch_model.bin", weights_only=False))
        return model
    with tempfile.TemporaryDirectory() as complete:
        shutil.copytree(directory, complete, dirs_exist_ok=True)
        (Path(complete) / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
        model, report = AutoModelForSequenceClassification.from_pretrained(
            complete, dtype=torch.float32, output_loading_info=True
        )
    if report["missing_keys"] or report["mismatched_keys"]:
        raise ValueError(f"{directory.name}: {report}")
    return model


def score(directory: Path, tokenizer: PreTrainedTokenizerFast) -> list[float]:
    """The reward of each text."""
    model = load(directory).eval()
    with torch.no_grad():
        return [model(torch.tensor([tokenizer(text)["input_ids"][-POSITIONS:]])).logits.item() for text in TEXTS]


def to_text(content: Json) -> str:
    """checkpoints.json as text: one form a line."""
    forms = [
        f'    {json.dumps(name)}: {{ "sha256": "{form["sha256"]}", "rewards": '
        f"[{', '.join(str(np.float32(reward)) for reward in form['rewards'])}] }}"
        for name, form in content["forms"].items()
    ]
    members = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items() if key != "forms"]
    return "{\n" + ",\n".join([*members, '  "forms": {\n' + ",\n".join(forms) + "\n  }"]) + "\n}\n"


def main() -> None:
    """Writes everything anew."""
    disable_progress_bar()
    set_verbosity_error()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(TOKENIZER_FILE))
    shutil.rmtree(CHECKPOINTS, ignore_errors=True)
    forms: Json = {}
    for name, write in FORMS.items():
        directory = CHECKPOINTS / name
        directory.mkdir(parents=True)
        write(base_state(), directory)
        forms[name] = {"sha256": sha256(directory), "rewards": score(directory, tokenizer)}
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    content = {"versions": versions, "reference": REFERENCE, "config": CONFIG, "texts": TEXTS, "forms": forms}
    REWARDS_FILE.write_text(to_text(content), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
