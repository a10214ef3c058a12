"""Rewards as transformers gives them, each row alone and without padding: what every contender is held against."""

import hashlib
import json
from pathlib import Path
from typing import Any

from environment import WORK
from workloads import Inputs

# A third of a minute for W1: kept, by the rows and the weights.
KEPT = WORK / "rewards"


def rewards(model: Path, rows: list[Inputs]) -> list[float]:
    """One for each row."""
    weights = (model / "model.safetensors").stat()
    identity = json.dumps([str(model), weights.st_size, weights.st_mtime_ns, rows])
    file = KEPT / f"{hashlib.sha256(identity.encode()).hexdigest()[:24]}.json"
    if not file.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(compute(model, rows)))
    known: list[float] = json.loads(file.read_text())
    return known


def compute(model: Path, rows: list[Inputs]) -> list[float]:
    """With the model loaded for the purpose, and attention written out as the formula has it."""
    import torch
    from transformers import AutoModelForSequenceClassification

    options: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": "eager"}
    network = AutoModelForSequenceClassification.from_pretrained(model, **options).eval()
    with torch.no_grad():
        return [
            network(**{name: torch.tensor([values]) for name, values in row.items()}).logits[0, 0].item()
            for row in rows
        ]
