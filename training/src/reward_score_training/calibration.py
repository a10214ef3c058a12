"""
Temperature: logits are divided by it, so that their sigmoid is the probability it claims to be.

The head has no bias, and a positive temperature keeps the sign of every logit: it makes a model more or less sure, and
cannot move a base rate. What a bias would have gained is computed beside it, for the card to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import nn, no_grad

from .metrics import log_loss, probability

# Where accepted and declined rows do not overlap, the best temperature is 0: no finite logits are sure enough.
LOWEST, HIGHEST = 0.01, 100.0
# Chi-squared with one degree of freedom, at 5 %.
SIGNIFICANT = 3.841


class NoTemperature(ValueError):
    """No positive temperature helps: the logits do not rise with the labels."""


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature of the least log loss (labels from 0 to 1), between 0.01 and 100."""
    z, y = _held_out(logits, labels)

    # The loss is convex in the slope 1/T: its derivative rises.
    def derivative(slope: float) -> float:
        return float(np.mean((probability(slope * z) - y) * z))

    if derivative(0) >= 0:
        raise NoTemperature("the logits do not rise with the labels: no positive temperature lowers the loss")
    low, high = np.log(1 / HIGHEST), np.log(1 / LOWEST)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if derivative(np.exp(middle)) < 0 else (low, middle)
    return float(np.exp(-(low + high) / 2))


@dataclass(frozen=True)
class Bias:
    """What a head with a bias could have had besides a temperature."""

    bias: float
    # Log loss with both, and with the temperature alone.
    loss: float
    loss_without: float
    # The gain is more than chance explains (likelihood ratio, 5 %).
    significant: bool


def fit_bias(logits: ArrayLike, labels: ArrayLike, temperature: float) -> Bias:
    """The logistic regression of the labels on the logits: slope and bias of the least log loss."""
    z, y = _held_out(logits, labels)
    z = z / temperature
    slope, bias = 1.0, 0.0
    for _ in range(100):
        p = probability(slope * z + bias)
        weight = np.maximum(p * (1 - p), 1e-12)
        gradient = np.array([np.sum((p - y) * z), np.sum(p - y)])
        cross = np.sum(weight * z)
        hessian = np.array([[np.sum(weight * z * z), cross], [cross, np.sum(weight)]]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # Newton's step is halved until it goes down: a model that is sure and wrong throws it far.
        loss = log_loss(slope * z + bias, y)
        while np.abs(step).max() > 1e-10 and log_loss((slope - step[0]) * z + bias - step[1], y) > loss:
            step = step / 2
        slope, bias = slope - step[0], bias - step[1]
        if np.abs(step).max() <= 1e-10:
            break
    with_bias, without = log_loss(slope * z + bias, y), log_loss(z, y)
    return Bias(float(bias), with_bias, without, bool(2 * len(z) * (without - with_bias) > SIGNIFICANT))


def fold(model: nn.Module, temperature: float) -> None:
    """Divides the head's weight, so that whoever loads the model has calibrated logits."""
    if not temperature > 0:
        raise ValueError(f"expected a temperature above 0, got {temperature}")
    head = model.score
    if not isinstance(head, nn.Linear):
        raise ValueError(f"expected model.score to be a linear layer, got {type(head).__name__}")
    with no_grad():
        for parameter in head.parameters():
            parameter.div_(temperature)


def _held_out(logits: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    z, y = (np.asarray(values, dtype=np.float64).reshape(-1) for values in (logits, labels))
    if len(z) != len(y) or len(z) == 0:
        raise ValueError(f"expected a label for each logit, got {len(y)} for {len(z)}")
    if not np.isfinite(z).all() or not ((y >= 0) & (y <= 1)).all():
        raise ValueError("expected finite logits and labels from 0 to 1")
    return z, y
