"""Writes comparison.json: two generated scorers' rewards in groups, and what scipy and numpy make of them.

Intervals are those of a bootstrap which counts the pairs of every resample; the program expands Kendall's where there are many rows.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Json = dict[str, Any]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

COMPARISON_FILE = Path(__file__).resolve().parent / "comparison.json"
PACKAGES = ("numpy", "scipy")
SEED = 20261130
RESAMPLES = 2000
MANY = 5500

# Groups, the most candidates of one, decimals of the rewards (few give many ties), and how much the scorers agree.
CASES = (
    ("two rows", 2, 1, 2, 0.5),
    ("many ties", 25, 4, 0, 0.5),
    ("single rows", 40, 1, 1, 0.7),
    ("agreeing", 20, 5, 3, 0.95),
    ("opposed", 15, 4, 2, -0.8),
    ("large", 60, 8, 4, 0.4),
)


def main() -> None:
    random = np.random.default_rng(SEED)
    versions = {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in PACKAGES}}
    cases = [case(random, *given) for given in CASES]
    lines = ",\n".join(json.dumps(each, allow_nan=False) for each in cases)
    many = json.dumps(many_rows(random), allow_nan=False)
    COMPARISON_FILE.write_text(
        f'{{\n"versions": {json.dumps(versions)},\n"cases": [\n{lines}\n],\n"many": {many}\n}}\n'
    )


def case(random: np.random.Generator, name: str, groups: int, most: int, decimals: int, agreement: float) -> Json:
    sizes = random.integers(1, most + 1, groups)
    group = np.repeat(np.arange(groups), sizes)
    common = random.normal(size=group.size) + random.normal(size=groups)[group]
    noise = random.normal(size=group.size)
    a = np.round(common, decimals) + 0.0
    b = np.round(agreement * common + np.sqrt(1 - agreement**2) * noise + 0.3, decimals) + 0.0
    within = [(a[group == g], b[group == g]) for g in range(groups)]
    defined = [(x, y) for x, y in within if np.ptp(x) > 0 and np.ptp(y) > 0]
    choices = [int(np.argmax(x) != np.argmax(y)) for x, y in within if x.size > 1]
    means = np.array([[x.mean(), y.mean()] for x, y in within]).T
    return {
        "name": name,
        "group": group.tolist(),
        "a": a.tolist(),
        "b": b.tolist(),
        "metrics": {
            "spearman": spearman(a, b),
            "kendall": kendall(a, b),
            "spearman_within": mean([spearman(x, y) for x, y in defined]),
            "kendall_within": mean([kendall(x, y) for x, y in defined]),
            "spearman_across": spearman(means[0], means[1]),
            "kendall_across": kendall(means[0], means[1]),
            "winner_changed": mean(choices),
            "shift": float(np.mean(b - a)),
            "spread": float(np.std(b - a, ddof=1)),
            "mean_a": float(np.mean(a)),
            "mean_b": float(np.mean(b)),
            "std_a": float(np.std(a, ddof=1)),
            "std_b": float(np.std(b, ddof=1)),
        },
        "n": {"spearman_within": len(defined), "winner_changed": len(choices)},
        "intervals": intervals(random, a, b, group, groups) if groups >= 15 else None,
    }


def many_rows(random: np.random.Generator) -> Json:
    """Rewards by a formula, which the test repeats."""
    i = np.arange(MANY)
    a = (i * 7919 % 6007 // 10).astype(np.float64)
    b = ((a * 10 + i * 104729 % 9001) // 10).astype(np.float64)
    return {"rows": MANY, "kendall": kendall(a, b), "interval": intervals(random, a, b, i, MANY)["kendall"]}


def spearman(x: Floats, y: Floats) -> float:
    return float(stats.spearmanr(x, y).statistic)


def kendall(x: Floats, y: Floats) -> float:
    return float(stats.kendalltau(x, y).statistic)


def mean(values: list[float] | list[int]) -> float | None:
    return float(np.mean(values)) if values else None


def intervals(random: np.random.Generator, a: Floats, b: Floats, group: Integers, groups: int) -> Json:
    """The 2.5 % and 97.5 % quantiles over resamples of whole groups, whose rows stand as often as they were drawn."""
    rows = [np.flatnonzero(group == g) for g in range(groups)]
    drawn = [np.concatenate([rows[g] for g in random.integers(0, groups, groups)]) for _ in range(RESAMPLES)]
    return {
        "spearman": quantiles([spearman(a[each], b[each]) for each in drawn]),
        "kendall": quantiles([kendall(a[each], b[each]) for each in drawn]),
    }


def quantiles(values: list[float]) -> list[float]:
    return [float(end) for end in np.nanquantile(values, [0.025, 0.975])]


if __name__ == "__main__":
    main()
