"""Writes evaluation.json: generated scores, labels and groups, and the metrics that scikit-learn, scipy and numpy give them.

What these libraries have no function for is counted out: best-of-N over all draws, average precision of a random order over
all orders."""

from __future__ import annotations

import importlib.metadata
import itertools
import json
import math
import platform
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from sklearn import calibration, metrics

Json = dict[str, Any]
Floats = NDArray[np.float64]

EVALUATION_FILE = Path(__file__).resolve().parent / "evaluation.json"
PACKAGES = ("numpy", "scikit-learn", "scipy")
SEED = 20260711
BINS = 15
CLIP = 1e-12


def main() -> None:
    random = np.random.default_rng(SEED)
    document = {
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in PACKAGES},
        },
        "binary": [binary_case(random, *case) for case in binary_inputs()],
        "groups": [group_case(random, *case) for case in group_inputs()],
        "pairs": [pair_case(random, n, decimals) for n, decimals in ((2, 1), (9, 0), (60, 1), (200, 3))],
        "randomAveragePrecision": [
            {"positives": p, "rows": n, "value": random_average_precision(p, n)}
            for p, n in ((1, 2), (1, 5), (4, 5), (3, 8), (5, 10), (1, 64), (30, 65), (2, 300), (150, 301), (999, 1000))
        ],
        "wilson": [
            {"positives": p, "trials": n, **wilson(p, n)}
            for p, n in ((0, 1), (1, 1), (0, 30), (30, 30), (3, 7), (50, 199), (1, 1000))
        ],
        "quantiles": [quantile_case(random, n) for n in (1, 2, 7, 200, 2000)],
    }
    parts = ",\n".join(f"{json.dumps(name)}: {rendered(part)}" for name, part in document.items())
    EVALUATION_FILE.write_text(f"{{\n{parts}\n}}\n")


def rendered(part: object) -> str:
    if not isinstance(part, list):
        return json.dumps(part)
    return "[\n" + ",\n".join(json.dumps(case, allow_nan=False) for case in part) + "\n]"


def binary_inputs() -> list[tuple[str, int, float, str, int]]:
    """Name, rows, share of positives, what the scores are, and their decimals: few give many ties."""
    return [
        ("two rows", 2, 0.5, "logit", 2),
        ("three rows", 3, 0.4, "logit", 0),
        ("five rows", 5, 0.5, "probability", 1),
        ("all tied", 20, 0.5, "tied", 0),
        ("two scores", 40, 0.5, "logit", -1),
        ("many ties", 100, 0.5, "logit", 0),
        ("many ties, probabilities", 100, 0.4, "probability", 1),
        ("one positive", 120, 0.0, "logit", 1),
        ("one negative", 120, 1.0, "logit", 1),
        ("imbalanced", 200, 0.05, "logit", 3),
        ("balanced", 200, 0.5, "logit", 4),
        ("probabilities", 200, 0.7, "probability", 4),
        ("bins' edges", 64, 0.5, "edges", 0),
        ("extreme logits", 60, 0.5, "extreme", 0),
        ("probabilities 0 and 1", 30, 0.5, "certain", 0),
        ("far from zero", 150, 0.3, "far", 3),
    ]


def binary_case(random: np.random.Generator, name: str, rows: int, share: float, kind: str, decimals: int) -> Json:
    labels = (random.random(rows) < share).astype(float)
    labels[0], labels[1] = 1, 0
    if share in (0, 1):
        labels[2:] = share
    signal = random.normal(size=rows) + labels
    scores = {
        "logit": lambda: np.round(signal * 3, decimals),
        "tied": lambda: np.full(rows, 0.25),
        "probability": lambda: np.round(special.expit(signal), decimals),
        "edges": lambda: random.integers(0, BINS + 1, rows) / BINS,
        "extreme": lambda: np.round(signal) * random.choice([1, 15, 40, 800], rows),
        "certain": lambda: random.integers(0, 2, rows).astype(float),
        "far": lambda: np.round(signal + 1000, decimals),
    }[kind]()
    meaning = "probability" if kind in ("tied", "probability", "edges", "certain") else "logit"
    counts = random.integers(0, 4, rows)
    counts[:2] = 1
    plain = np.ones(rows, dtype=int)
    false_rate, true_rate, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False)
    histogram_edges = np.histogram_bin_edges(scores, 7)
    probabilities = special.expit(scores) if meaning == "logit" else scores
    rate, mean_probability = calibration.calibration_curve(labels, probabilities, n_bins=BINS)
    return {
        "name": name,
        "meaning": meaning,
        "scores": scores.tolist(),
        "labels": labels.astype(int).tolist(),
        "counts": counts.tolist(),
        "plain": binary_metrics(scores, labels, meaning, plain),
        "weighted": binary_metrics(scores, labels, meaning, counts),
        "roc": [false_rate.tolist(), true_rate.tolist(), thresholds[1:].tolist()],
        "calibration": [mean_probability.tolist(), rate.tolist()],
        "histogram": {
            "edges": histogram_edges.tolist(),
            "counts": [np.histogram(scores[labels == label], histogram_edges)[0].tolist() for label in (0, 1)],
        },
    }


def binary_metrics(scores: Floats, labels: Floats, meaning: str, counts: NDArray[np.int64]) -> Json:
    """Each row counts as often as `counts` says."""
    if meaning == "logit":
        both = np.stack([special.expit(-scores), special.expit(scores)], axis=1)
        predicted = scores > 0
    else:
        both = np.stack([1 - scores, scores], axis=1)
        predicted = scores > 0.5
    clipped = np.clip(both, CLIP, 1 - CLIP)
    weights = {"sample_weight": counts}
    return {
        "auc": metrics.roc_auc_score(labels, scores, **weights),
        "ap": metrics.average_precision_score(labels, scores, **weights),
        "accuracy": metrics.accuracy_score(labels, predicted, **weights),
        "brier": metrics.brier_score_loss(labels, both[:, 1], **weights),
        "log_loss": metrics.log_loss(labels, clipped, **weights),
        "ece": calibration_error(np.repeat(both[:, 1], counts), np.repeat(labels, counts)),
        "mean": float(np.average(scores, weights=counts)),
        "std": float(np.std(np.repeat(scores, counts), ddof=1)),
    }


def calibration_error(probabilities: Floats, labels: Floats) -> float:
    """calibration_curve tells no counts, so each bin is asked for alone."""
    error = 0.0
    edges = np.linspace(0, 1, BINS + 1)
    for bin_, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = (probabilities > low) & (probabilities <= high) | ((bin_ == 0) & (probabilities == 0))
        if inside.any():
            error += inside.mean() * abs(probabilities[inside].mean() - labels[inside].mean())
    return float(error)


def group_inputs() -> list[tuple[str, list[int], int, int]]:
    """Name, sizes of groups, decimals of the scores, number of grades."""
    return [
        ("two groups of two", [2, 2], 2, 2),
        ("binary, many ties", [4] * 12, -1, 2),
        ("graded", [6] * 20, 2, 5),
        ("graded, many ties", [8] * 10, 0, 5),
        ("sizes of all kinds", [1, 1, 2, 3, 5, 8, 13, 7, 4, 2, 6, 9], 1, 3),
        ("constant labels", [3] * 6, 1, 1),
        ("one large group and small ones", [120, 2, 3, 40], 1, 7),
        ("real grades", [5] * 15, 3, 0),
    ]


def group_case(random: np.random.Generator, name: str, sizes: list[int], decimals: int, grades: int) -> Json:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    rows = len(groups)
    labels = random.integers(0, grades, rows).astype(float) if grades else np.round(random.normal(size=rows), 2)
    scores = np.round(random.normal(size=rows) * 3 + labels, decimals)
    counts = random.integers(0, 4, len(sizes))
    counts[:2] = 1
    by_group = [(scores[groups == g], labels[groups == g]) for g in range(len(sizes))]
    draws = [d for d in (1, 2, 4, 8, 16, 32, 64, 128) if d < max(sizes)] + [max(sizes)]
    values = {
        "top1": [top1(s, v) if len(s) > 1 else None for s, v in by_group],
        "randomTop1": [float(np.mean(v == v.max())) if len(v) > 1 else None for _, v in by_group],
        "lift": [float(v[s == s.max()].mean() - v.mean()) if len(s) > 1 else None for s, v in by_group],
        "random": [float(v.mean()) if len(v) > 1 else None for _, v in by_group],
        "chosen": [float(v[s == s.max()].mean()) if len(v) > 1 else None for s, v in by_group],
        "oracle": [float(v.max()) if len(v) > 1 else None for _, v in by_group],
        "spearman": [correlation(stats.spearmanr, s, v) for s, v in by_group],
        "kendall": [correlation(stats.kendalltau, s, v) for s, v in by_group],
    }
    return {
        "name": name,
        "groups": groups.tolist(),
        "scores": scores.tolist(),
        "labels": labels.tolist(),
        "counts": counts.tolist(),
        "metrics": {metric: group_means(of, counts) for metric, of in values.items()},
        "bestOf": [
            {
                "draws": d,
                "random": group_means([float(v.mean()) if len(v) >= d else None for _, v in by_group], counts),
                "chosen": group_means([best_of(s, v, d) if len(v) >= d else None for s, v in by_group], counts),
                "oracle": group_means([best_of(v, v, d) if len(v) >= d else None for _, v in by_group], counts),
            }
            for d in draws
        ],
    }


def group_means(values: list[float | None], counts: NDArray[np.int64]) -> Json | None:
    """The mean over groups that have a value, each once and each as often as counts say; None where no group has one."""
    kept = [(value, count) for value, count in zip(values, counts, strict=True) if value is not None]
    if not kept:
        return None
    numbers, weights = zip(*kept, strict=True)
    weighted = float(np.average(numbers, weights=weights)) if sum(weights) else None
    return {"n": len(kept), "plain": float(np.mean(numbers)), "weighted": weighted}


def top1(scores: Floats, values: Floats) -> float:
    return float(np.mean(values[scores == scores.max()] == values.max()))


def correlation(of: Any, x: Floats, y: Floats) -> float | None:
    if len(set(x)) < 2 or len(set(y)) < 2:
        return None
    return float(of(x, y).statistic)


def best_of(scores: Floats, values: Floats, draws: int) -> float:
    """The mean over all draws of the mean value of the best drawn; counted out where there are few enough."""
    size = len(scores)
    if math.comb(size, draws) <= 5000:
        drawn = [list(draw) for draw in itertools.combinations(range(size), draws)]
        return math.fsum(values[d][scores[d] == scores[d].max()].mean() for d in drawn) / len(drawn)
    expected = Fraction(0)
    for score in set(scores):
        better, tied = int((scores > score).sum()), int((scores == score).sum())
        chance = math.comb(size - better, draws) - math.comb(size - better - tied, draws)
        mean = sum(map(Fraction, values[scores == score])) / tied
        expected += Fraction(chance, math.comb(size, draws)) * mean
    return float(expected)


def pair_case(random: np.random.Generator, pairs: int, decimals: int) -> Json:
    chosen, rejected = np.round(random.normal(size=(2, pairs)) + [[0.5], [0]], decimals)
    wins = (chosen > rejected) + 0.5 * (chosen == rejected)
    return {"chosen": chosen.tolist(), "rejected": rejected.tolist(), "pairwise": float(wins.mean())}


def random_average_precision(positives: int, rows: int) -> float:
    """Over all orders of the rows; where these are too many, by the chance that a row at each rank is positive."""
    if math.comb(rows, positives) <= 5000:
        orders = list(itertools.combinations(range(rows), positives))
        scores = -np.arange(rows)
        return math.fsum(
            metrics.average_precision_score(np.isin(np.arange(rows), order), scores) for order in orders
        ) / len(orders)
    others = Fraction(positives - 1, rows - 1)
    return float(sum((1 + (rank - 1) * others) / rank for rank in range(1, rows + 1)) / rows)


def wilson(positives: int, trials: int) -> Json:
    interval = stats.binomtest(positives, trials).proportion_ci(0.95, method="wilson")
    return {"low": float(interval.low), "high": float(interval.high)}


def quantile_case(random: np.random.Generator, size: int) -> Json:
    values = np.round(random.normal(size=size), 3)
    low, high = np.quantile(values, [0.025, 0.975])
    return {"values": values.tolist(), "low": float(low), "high": float(high)}


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
