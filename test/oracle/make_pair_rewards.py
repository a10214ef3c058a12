"""Writes pair_rewards.json: the rewards of pairs of texts by the model that foreign/bert was exported from.

The reward is the logit of the second label, each pair alone, as BertForSequenceClassification of transformers gives it
(eager attention, float32) for `tokenizer(first, second, truncation=True)`.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from pathlib import Path
from typing import Any

import make_tokenizers
import torch
from make_foreign import BERT_CONFIG, POSITIONS, bert

Json = dict[str, Any]

REWARDS_FILE = Path(__file__).resolve().parent / "pair_rewards.json"
PACKAGES = ("torch", "transformers", "tokenizers")
TYPES = {"model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}
WALK = "A long walk by the sea, and back again. "
PAIRS = [
    ("a", "b"),
    ("b", "a"),
    ("", "only a second text"),
    ("How do your legs feel?", "They hurt."),
    ("How do your legs feel?", "They do not hurt; I walked by the sea."),
    ("They hurt.", "How do your legs feel?"),
    ("naïve café", "日本語 ✨"),
    (WALK * 8, "short"),
    ("short", WALK * 8),
    (WALK * 8, WALK * 9),
    (WALK * 3, "A somewhat shorter walk, " * 9),
    ("a[SEP]b", "c"),  # The ids of the next one, and other types.
    ("a", "b[SEP]c"),
    ("eight", "eight"),
]


def main() -> None:
    """Writes everything anew."""
    model = bert()
    rewards: Json = {}
    for name, config in (("typed", TYPES), ("untyped", {})):
        tokenizer = make_tokenizers.load(make_tokenizers.TOKENIZERS["cls-sep"] | {"config": config})
        for side in ("right", "left"):
            tokenizer.truncation_side = side
            with torch.no_grad():
                rewards[f"{name}, {side}"] = [
                    float(model(**tokenizer(*pair, truncation=True, max_length=POSITIONS, return_tensors="pt")).logits[0, 1])
                    for pair in PAIRS
                ]
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    content = {"versions": versions, "config": BERT_CONFIG, "types": TYPES, "pairs": PAIRS, "rewards": rewards}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    REWARDS_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
