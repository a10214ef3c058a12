"""Writes the logits that transformers gives rows of token ids, for every model of encoder_models.json.

A model's tensors are those of transformers' own network, sorted by name, with the values of recipe.py.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
import platform
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification
from transformers.utils.logging import disable_progress_bar

from recipe import fmix32, write_model

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
PACKAGES = ("torch", "transformers", "safetensors", "numpy")
REFERENCE = (
    "Raw logits of AutoModelForSequenceClassification in torch.float32 on the CPU with eager attention, each row alone "
    "with a mask of ones, and with its types where the network has more than one; null is one that is not finite."
)
VOCABULARY = 97
LENGTHS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 72)


def make_rows() -> list[Json]:
    """Rows of ids, some with a second text, and with the ids that networks pad with among the others."""
    rows: list[Json] = []
    for index, length in enumerate(LENGTHS):
        hashes = fmix32(np.arange(length, dtype=np.uint32) + np.uint32(1000 * (index + 1)))
        ids = [int(value) for value in hashes % np.uint32(VOCABULARY)]
        rows.append({"ids": ids})
        if length > 2:
            second = length // 3
            rows.append({"ids": ids, "types": [0] * second + [1] * (length - second)})
            rows.append({"ids": [2, 1, *ids[:second], 0, 0, *ids[second + 4 :], 1]})
    return rows


def tensor_shapes(config: Json) -> list[tuple[str, list[int]]]:
    """The tensors of transformers' network, by name."""
    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(AutoConfig.for_model(**config))
    return sorted((name, list(tensor.shape)) for name, tensor in model.state_dict().items())


def score(description: Json, scales: list[Json], rows: list[Json]) -> Json:
    """SHA-256 of a model's weights, and its logits for each row."""
    config: Json = description["config"]
    with tempfile.TemporaryDirectory() as directory:
        sha256 = write_model(Path(directory), description, scales, tensor_shapes(config))
        model, info = AutoModelForSequenceClassification.from_pretrained(
            directory, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
        )
    if any(info.values()):
        raise ValueError(f"{description['name']}: the tensors are not those of the network: {info}")
    model.eval()
    logits: list[list[float]] = []
    for row in rows:
        ids = torch.tensor([row["ids"]])
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if getattr(model.config, "type_vocab_size", 0) > 1:
            inputs["token_type_ids"] = torch.tensor([row.get("types", [0] * len(row["ids"]))])
        with torch.no_grad():
            logits.append(model(**inputs).logits[0].tolist())
    return {"sha256": sha256, "logits": logits}


def number(value: float) -> str:
    """Shortest decimal that parses back to the float32, or null."""
    return str(np.float32(value)) if math.isfinite(value) else "null"


def to_text(versions: Json, rows: list[Json], models: dict[str, Json]) -> str:
    """The file: one row or one model a line."""
    model_lines = [
        f'    {json.dumps(name)}: {{ "sha256": "{model["sha256"]}", "logits": '
        f"[{', '.join('[' + ', '.join(map(number, row)) + ']' for row in model['logits'])}] }}"
        for name, model in models.items()
    ]
    row_lines = ["    " + json.dumps(row) for row in rows]
    return (
        f'{{\n  "versions": {json.dumps(versions)},\n  "reference": {json.dumps(REFERENCE)},\n'
        f'  "rows": [\n{",".join(chr(10) + line for line in row_lines)[1:]}\n  ],\n'
        f'  "models": {{\n{",".join(chr(10) + line for line in model_lines)[1:]}\n  }}\n}}\n'
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    torch.set_num_threads(1)
    disable_progress_bar()
    content: Json = json.loads((HERE / "encoder_models.json").read_text(encoding="utf-8"))
    rows = make_rows()
    models: dict[str, Json] = {}
    for each in content["models"]:
        config = content["families"][each["family"]] | each["config"]
        models[each["name"]] = score({**each, "dtype": "F32", "config": config}, content["scales"], rows)
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    (HERE / "encoder_rewards.json").write_text(to_text(versions, rows, models), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
