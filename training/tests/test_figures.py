"""Metrics and calibration against values by hand and scikit-learn's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss as reference_log_loss
from sklearn.metrics import roc_auc_score

from reward_score_training.calibration import NoTemperature, fit_bias, fit_temperature, fold
from reward_score_training.metrics import auc, log_loss, pairwise_accuracy, probability


def sample(temperature: float, bias: float = 0.0, rows: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `temperature` times too sure, and `bias` too low."""
    random = np.random.default_rng(5)
    truth = random.normal(size=rows)
    labels = (random.random(rows) < probability(truth + bias)).astype(float)
    return truth * temperature, labels


def test_auc_by_hand() -> None:
    # Of the six pairs one is wrong, and one is a tie.
    assert auc([3, 1, 2, 1, 0], [1, 1, 0, 0, 0]) == pytest.approx(4.5 / 6)
    assert auc([1, 1], [0, 1]) == 0.5
    assert math.isnan(auc([1, 2], [1, 1]))
    with pytest.raises(ValueError, match="soft"):
        auc([1, 2], [0.5, 1])


def test_auc_with_ties_is_the_references() -> None:
    random = np.random.default_rng(1)
    for distinct in (2, 5, 1000):
        scores, labels = random.integers(distinct, size=500), random.integers(2, size=500)
        assert auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_pairs_and_losses() -> None:
    assert pairwise_accuracy([2, 1, 0, 3], [1, 1, 1, 0]) == 2.5 / 4
    logits, labels = sample(3.0, rows=500)
    assert log_loss(logits, labels) == pytest.approx(reference_log_loss(labels, probability(logits)), rel=1e-9)
    # Soft targets; and logits of which the exponential overflows.
    assert log_loss([0.0], [0.3]) == pytest.approx(math.log(2))
    assert log_loss([1000.0, -1000.0], [0.0, 1.0]) == 1000
    assert probability([1000.0, -1000.0, 0.0]).tolist() == [1, 0, 0.5]


@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_temperature_is_found(temperature: float) -> None:
    logits, labels = sample(temperature)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(temperature, rel=0.05)
    # It is the least loss: also scikit-learn's, which has its slope instead.
    slope = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(logits.reshape(-1, 1), labels).coef_[0, 0]
    assert found == pytest.approx(1 / slope, rel=1e-4)
    assert all(log_loss(logits / found, labels) <= log_loss(logits / (found * off), labels) for off in (0.99, 1.01))


def test_temperature_of_soft_targets() -> None:
    logits, _ = sample(3.0)
    assert fit_temperature(logits, probability(logits / 3)) == pytest.approx(3, rel=1e-6)


def test_no_temperature_for_a_model_that_is_wrong() -> None:
    logits, labels = sample(1.0)
    with pytest.raises(NoTemperature):
        fit_temperature(-logits, labels)
    with pytest.raises(NoTemperature):
        fit_temperature(np.zeros(4), [0, 1, 0, 1])
    # Nothing overlaps: no logits are sure enough, and the bound is taken.
    assert fit_temperature([-1, 1], [0, 1]) == pytest.approx(0.01)
    with pytest.raises(ValueError, match="finite"):
        fit_temperature([math.nan], [1])


def test_what_a_bias_would_have_gained() -> None:
    logits, labels = sample(2.0, bias=0.7)
    found = fit_bias(logits, labels, fit_temperature(logits, labels))
    reference = LogisticRegression(C=np.inf, tol=1e-10).fit(logits.reshape(-1, 1), labels)
    assert found.bias == pytest.approx(reference.intercept_[0], abs=1e-4)
    assert found.significant
    assert found.loss < found.loss_without
    # Calibrated to the last digit: nothing is left to gain.
    logits, _ = sample(2.0)
    assert not fit_bias(logits, probability(logits / 2), 2.0).significant
    # Sure and wrong: Newton's first step goes far astray.
    assert math.isfinite(fit_bias([-400, 300, -1, 2], [1, 0, 0, 1], 1.0).bias)


def test_fold() -> None:
    model = torch.nn.Module()
    model.score = torch.nn.Linear(8, 1, bias=False)
    hidden = torch.randn(200, 8)
    before = model.score(hidden)
    fold(model, 2.5)
    assert torch.allclose(model.score(hidden), before / 2.5, atol=1e-6)
    labels = np.random.default_rng(0).integers(2, size=200)
    assert auc(model.score(hidden).detach().numpy(), labels) == pytest.approx(
        auc(before.detach().numpy(), labels), abs=1e-4
    )
    with pytest.raises(ValueError, match="above 0"):
        fold(model, 0.0)
