"""Rewards as transformers gives them, each row alone and without padding: what every contender is held against."""

import hashlib
import json
from pathlib import Path

from environment import WORK

# A third of a minute for W1: kept, by the rows and the weights.
KEPT = WORK / "rewards"


def rewards(model: Path, rows: list[list[int]]) -> list[float]:
    """One for each row of token ids."""
    weights = (model / "model.safetensors").stat()
    identity = json.dumps([str(model), weights.st_size, weights.st_mtime_ns, rows])
    file = KEPT / f"{hashlib.sha256(identity.encode()).hexdigest()[:24]}.json"
    if not file.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(compute(model, rows)))
    known: list[float] = json.loads(file.read_text())
    return known


def compute(model: Path, rows: list[list[int]]) -> list[float]:
    """With the model loaded for the purpose."""
    import torch
    from transformers import AutoModelForSequenceClassification

    network = AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float32).eval()
    with torch.no_grad():
        return [network(torch.tensor([ids])).logits[0, 0].item() for ids in rows]
