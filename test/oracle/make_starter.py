"""Writes starter.json: the rewards that transformers gives texts with the bundled model, models/starter.

The texts are those of texts.json and those of ../starter/pairs.jsonl in the layout `chai`, chosen and rejected in turn.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from make_rewards import PACKAGES, reward_text

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent.parent / "models" / "starter"
MAX_LENGTH = 256


def texts() -> list[str]:
    awkward = [entry["text"] for entry in json.loads((HERE / "texts.json").read_text(encoding="utf-8"))]
    pairs = [json.loads(line) for line in (HERE.parent / "starter" / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    contexts = ["".join(f"{message['role']}: {message['content']}\n" for message in pair["messages"]) for pair in pairs]
    told = [f"{context}bot: {pair[side]}\n" for context, pair in zip(contexts, pairs, strict=True) for side in ("chosen", "rejected")]
    return awkward + told


def main() -> None:
    """Command line."""
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(MODEL, truncation_side="left", padding_side="right")
    model = AutoModelForSequenceClassification.from_pretrained(MODEL, dtype=torch.float32).eval()
    rewards = []
    for text in texts():
        tokens = tokenizer(text, return_tensors="pt", truncation=True, max_length=MAX_LENGTH)
        with torch.no_grad():
            rewards.append(model(**tokens).logits.item())
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    members = [
        f'  "versions": {json.dumps(versions)}',
        '  "reference": "Raw logits of AutoModelForSequenceClassification in torch.float32 on the CPU, each text alone, truncation from the left to 256 tokens."',
        f'  "sha256": {json.dumps(hashlib.sha256((MODEL / "model.safetensors").read_bytes()).hexdigest())}',
        f'  "rewards": [{", ".join(map(reward_text, rewards))}]',
    ]
    (HERE / "starter.json").write_text("{\n" + ",\n".join(members) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
