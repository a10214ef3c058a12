"""How good logits are, on labels: numpy alone, nothing of the training."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def auc(scores: ArrayLike, labels: ArrayLike) -> float:
    """
    The area under the ROC curve: how often an accepted row stands above a declined one, ties half.

    Labels are 0 or 1; NaN where one of the two is missing.
    """
    scores, labels = _rows(scores, labels)
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("expected labels 0 and 1: of soft targets there is no AUC")
    positives = labels == 1
    n, m = int(positives.sum()), int((~positives).sum())
    if n == 0 or m == 0:
        return float("nan")
    rank_sum = average_ranks(scores)[positives].sum()
    return float((rank_sum - n * (n + 1) / 2) / (n * m))


def pairwise_accuracy(chosen: ArrayLike, rejected: ArrayLike) -> float:
    """How often the chosen one of a pair has the higher score; ties half."""
    chosen, rejected = _rows(chosen, rejected)
    return float(np.mean((chosen > rejected) + 0.5 * (chosen == rejected))) if len(chosen) else float("nan")


def log_loss(logits: ArrayLike, labels: ArrayLike) -> float:
    """Binary cross-entropy in nats; labels from 0 to 1."""
    logits, labels = _rows(logits, labels)
    return float(np.mean(np.logaddexp(0, logits) - labels * logits)) if len(logits) else float("nan")


def probability(logits: ArrayLike) -> NDArray[np.float64]:
    """The sigmoid, without overflow."""
    return np.exp(-np.logaddexp(0, -np.asarray(logits, dtype=np.float64)))


def average_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 1; equal values have the mean of their ranks."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return (last - (sizes - 1) / 2)[group]


def _rows(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = (np.asarray(values, dtype=np.float64).reshape(-1) for values in (first, second))
    if len(a) != len(b):
        raise ValueError(f"expected one value for each of the other, got {len(a)} and {len(b)}")
    return a, b
