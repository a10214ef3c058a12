"""Writes long_rows.json: the rewards that transformers gives rows that are longer than a pack of the tool.

The texts are numbers from a generator that TypeScript has too (../reference/long-rows.test.ts), so that only their
beginnings and lengths are stored.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, GPT2TokenizerFast
from transformers.utils.logging import disable_progress_bar

from make_rewards import DEFAULT_VOCABULARY, PACKAGES, load_tokenizer, reward_text
from recipe import read_models, write_model

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent

# The file of a family's models, a model of it, and how many of a text's last tokens it reads.
MODELS = [
    ("models.json", "base", 1024),
    ("llama_models.json", "base", 2048),
    ("llama_models.json", "all-at-once", 1500),
    ("llama_models.json", "rope-llama3-parameters", 2048),
    ("qwen3_models.json", "layer-types-mixed", 2048),
    ("qwen3_models.json", "rope-yarn", 2048),
    ("mistral_models.json", "window-8", 1500),
    ("mistral_models.json", "window-700", 2048),
    ("gpt_neox_models.json", "base", 2048),
]

# Each row: a seed and a number of words for its prompt, and a seed and a number for each of its candidates. 512 tokens
# are a pack, 1,024 two; the last row's prompt is cut at every length that is read.
ROWS = [
    ((1, 0), [(11, 300), (12, 511), (13, 512), (14, 513)]),
    ((2, 600), [(21, 40), (22, 60), (21, 41), (23, 1)]),
    ((2, 590), [(24, 100), (25, 700)]),
    ((3, 1400), [(31, 5), (32, 50)]),
    ((4, 3000), [(41, 100), (42, 20)]),
]


def words(seed: int, count: int) -> str:
    """`count` numbers below 1,000, each with a space before it."""
    state = seed
    made = []
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        made.append(f" {(state >> 8) % 1000}")
    return "".join(made)


def rewards(model: Any, tokenizer: GPT2TokenizerFast, length: int) -> list[list[float]]:
    """The reward of each candidate of each row."""
    found = []
    for prompt, candidates in ROWS:
        found.append([])
        for candidate in candidates:
            text = words(*prompt) + words(*candidate)
            inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=length)
            with torch.no_grad():
                found[-1].append(model(**inputs).logits.item())
    return found


def main() -> None:
    """Command line."""
    torch.set_num_threads(1)
    disable_progress_bar()
    tokenizer = load_tokenizer(DEFAULT_VOCABULARY)
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    lines = []
    for file, name, length in MODELS:
        scales, descriptions = read_models(file)
        description = next(each for each in descriptions if each["name"] == name)
        with tempfile.TemporaryDirectory() as directory:
            write_model(Path(directory), description, scales)
            model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32).eval()
        model.config.pad_token_id = 50256
        per_row = ", ".join(
            f"[{', '.join(reward_text(reward) for reward in row)}]" for row in rewards(model, tokenizer, length)
        )
        family = description["config"]["model_type"]
        lines.append(
            f'    {{ "family": "{family}", "model": "{name}", "maxLength": {length}, "rewards": [{per_row}] }}'
        )
    rows = [
        f'    {{ "prompt": {json.dumps(prompt)}, "candidates": {json.dumps(candidates)} }}' for prompt, candidates in ROWS
    ]
    content = (
        f'{{\n  "versions": {json.dumps(versions)},\n  "rows": [\n'
        + ",\n".join(rows)
        + '\n  ],\n  "models": [\n'
        + ",\n".join(lines)
        + "\n  ]\n}\n"
    )
    (HERE / "long_rows.json").write_text(content, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
