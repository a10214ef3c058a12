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
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position
from transformers.utils.logging import disable_progress_bar

from recipe import fmix32, write_model

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")
REFERENCE = (
    "Raw logits of AutoModelForSequenceClassification in torch.float32 on the CPU with eager attention, each row alone "
    "with a mask of ones, and with its types where the network has more than one; null is one that is not finite."
)
VOCABULARY = 97
LENGTHS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 72)


SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
TOKENIZER_CONFIG = {
    "tokenizer_class": "BertTokenizer",
    "do_lower_case": True,
    "model_max_length": 64,
    **{f"{name[1:-1].lower()}_token": name for name in SPECIAL_TOKENS},
}


def make_tokenizer() -> Tokenizer:
    """BERT's tokenizer with a vocabulary of letters and a few words."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = ["the", "you", "user", "bot", "is", "##ing", "##ed", "##er"]
    pieces = [*SPECIAL_TOKENS, *letters, *(f"##{letter}" for letter in letters), *words, *".,:;!?'*-<>|()0123456789"]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return tokenizer


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


def load(description: Json, scales: list[Json]) -> tuple[Any, str]:
    """A model, and the SHA-256 of its weights."""
    config: Json = description["config"]
    with tempfile.TemporaryDirectory() as directory:
        sha256 = write_model(Path(directory), description, scales, tensor_shapes(config))
        model, info = AutoModelForSequenceClassification.from_pretrained(
            directory, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
        )
    if any(info.values()):
        raise ValueError(f"{description['name']}: the tensors are not those of the network: {info}")
    return model.eval(), sha256


def score(model: Any, rows: list[Json]) -> list[list[float]]:
    """A model's logits for each row."""
    logits: list[list[float]] = []
    for row in rows:
        ids = torch.tensor([row["ids"]])
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if getattr(model.config, "type_vocab_size", 0) > 1:
            inputs["token_type_ids"] = torch.tensor([row.get("types", [0] * len(row["ids"]))])
        with torch.no_grad():
            logits.append(model(**inputs).logits[0].tolist())
    return logits


def score_texts(model: Any, texts: list[str]) -> list[list[float]]:
    """A model's logits for each text, by the tokenizer that stands beside the tests."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "tokenizer.json").write_text(make_tokenizer().to_str(), encoding="utf-8")
        (Path(directory) / "tokenizer_config.json").write_text(json.dumps(TOKENIZER_CONFIG), encoding="utf-8")
        tokenizer = AutoTokenizer.from_pretrained(directory)
    logits: list[list[float]] = []
    for text in texts:
        with torch.no_grad():
            logits.append(model(**tokenizer(text, return_tensors="pt", truncation=True)).logits[0].tolist())
    return logits


def number(value: float) -> str:
    """Shortest decimal that parses back to the float32, or null."""
    return str(np.float32(value)) if math.isfinite(value) else "null"


def make_distances(buckets: int, farthest: int, positions: int) -> Json:
    """Where DeBERTa's rows for distances from 1 on change, of so many positions."""
    distances = torch.arange(-positions + 1, positions)
    rows = make_log_bucket_position(distances, buckets, farthest).to(torch.long) + buckets
    rows = torch.clamp(rows, 0, 2 * buckets - 1).tolist()
    starts = [at for at in range(1, positions) if rows[positions - 1 + at] != rows[positions - 2 + at]]
    return {
        "buckets": buckets,
        "farthest": farthest,
        "maxPositions": positions,
        "starts": starts,
        "rows": [rows[positions - 1 + at] for at in starts],
        "rowsBehind": [rows[positions - 1 - at] for at in starts],
    }


def lists(logits: list[list[float]]) -> str:
    """Logits as JSON."""
    return f"[{', '.join('[' + ', '.join(map(number, row)) + ']' for row in logits)}]"


DISTANCES = ((16, 80, 80), (7, 40, 80), (256, 512, 512), (256, 512, 2048), (320, 1280, 1280), (2, 3, 9))


def to_text(versions: Json, rows: list[Json], models: list[tuple[str, str, str]], texts: Json) -> str:
    """The file: one row or one model a line."""
    row_lines = ",\n".join("    " + json.dumps(row) for row in rows)
    model_lines = ",\n".join(
        f'    {json.dumps(name)}: {{ "sha256": "{sha256}", "logits": {logits} }}' for name, sha256, logits in models
    )
    distance_lines = ",\n".join("    " + json.dumps(make_distances(*each)) for each in DISTANCES)
    text_lines = ",\n".join(f"    {json.dumps(name)}: {logits}" for name, logits in texts.items())
    return (
        f'{{\n  "versions": {json.dumps(versions)},\n  "reference": {json.dumps(REFERENCE)},\n'
        f'  "rows": [\n{row_lines}\n  ],\n  "models": {{\n{model_lines}\n  }},\n'
        f'  "distances": [\n{distance_lines}\n  ],\n'
        f'  "tokenizerConfig": {json.dumps(TOKENIZER_CONFIG)},\n  "texts": {{\n{text_lines}\n  }}\n}}\n'
    )


def main() -> None:
    """Command line."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    torch.set_num_threads(1)
    disable_progress_bar()
    content: Json = json.loads((HERE / "encoder_models.json").read_text(encoding="utf-8"))
    texts = [entry["text"] for entry in json.loads((HERE / "texts.json").read_text(encoding="utf-8"))]
    rows = make_rows()
    models_: list[tuple[str, str, str]] = []
    of_texts: dict[str, str] = {}
    for each in content["models"]:
        config = content["families"][each["family"]] | each["config"]
        model, sha256 = load({**each, "dtype": "F32", "config": config}, content["scales"])
        models_.append((each["name"], sha256, lists(score(model, rows))))
        if each["name"] in content["scoreTexts"]:
            of_texts[each["name"]] = lists(score_texts(model, texts))
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    text = to_text(versions, rows, models_, of_texts)
    (HERE / "encoder_rewards.json").write_text(text, encoding="utf-8", newline="\n")
    tokenizer = json.dumps(json.loads(make_tokenizer().to_str()), ensure_ascii=False)
    (HERE / "encoder_tokenizer.json").write_text(tokenizer + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
