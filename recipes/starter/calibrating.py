"""The judge's logits on dialogues kept apart, and the temperature that makes probabilities of them."""

from __future__ import annotations

import numpy as np
import torch

from reward_score_training.calibration import fit_temperature, fold
from reward_score_training.metrics import auc, log_loss

from .judging import logits_of
from .network import Network
from .trees import REAL, Trees, collate


@torch.no_grad()
def ends(network: Network, trees: Trees) -> tuple[np.ndarray, np.ndarray]:
    """Logits [n] where whole lines end, and their targets [n]: of each tree as many real turns as made-up ones."""
    logits, targets = [], []
    for index in range(len(trees)):
        batch = collate([trees[index]])
        if not batch.kinds:
            continue
        found, whole = logits_of(network, batch), batch.weights == 1
        real = torch.tensor([kind == REAL for kind in batch.kinds])
        share = min(int((whole & real).sum()), int((whole & ~real).sum()))
        for side in (real, ~real):
            logits.append(found[whole & side][:share])
            targets.append(batch.targets[whole & side][:share])
    return torch.cat(logits).double().numpy(), torch.cat(targets).double().numpy()


def calibrate(network: Network, trees: Trees) -> dict[str, float]:
    """Folds the temperature into the head; figures before and after."""
    logits, targets = ends(network, trees)
    temperature = fit_temperature(logits, targets)
    fold(network, temperature)
    return {
        "rows": len(logits),
        "temperature": temperature,
        "auc": auc(logits, targets > 0),
        "loss_before": log_loss(logits, targets),
        "loss_after": log_loss(logits / temperature, targets),
    }
