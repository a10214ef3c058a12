"""Whether a contender computes what it should, before its time counts."""

import statistics

from scipy.stats import spearmanr

from results_file import Agreement

# Times max(1, |reward|). Padding and batches change the order of sums, so peers are given more.
OURS = 2e-5
OTHERS = 1e-4
# What an int8 should reach; below the last it is taken for another computation.
INT8_SPEARMAN = 0.998
INT8_SAME_WINNER = 0.97
INT8_WORST = 0.25  # standard deviations
INT8_LEAST_SPEARMAN = 0.9


def check(rewards: list[float], expected: list[float], group: int, tolerance: float | None) -> Agreement:
    """`tolerance` None is int8's: order and winners count. `group`: candidates of a row, which are neighbours."""
    if len(rewards) < len(expected):
        return Agreement(False, float("inf"), 0, float("inf"), None, "too few rewards")
    rewards = rewards[: len(expected)]
    largest = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(rewards, expected, strict=True))
    deviation = statistics.pstdev(expected) or 1.0
    worst = max(abs(a - b) for a, b in zip(rewards, expected, strict=True)) / deviation
    spearman = float(spearmanr(rewards, expected).statistic)
    winners = same_winners(rewards, expected, group) if group > 1 else None
    if tolerance is None:
        near = is_near(spearman, winners, worst)
        note = "" if near else f"int8 bounds missed: Spearman {spearman:.4f}, off by up to {worst:.2f} sd"
        return Agreement(spearman >= INT8_LEAST_SPEARMAN, largest, spearman, worst, winners, note)
    agrees = largest <= tolerance
    note = "" if agrees else f"differs by {largest:.1e}, more than {tolerance:.0e}"
    return Agreement(agrees, largest, spearman, worst, winners, note)


def is_near(spearman: float, winners: float | None, worst: float) -> bool:
    """The bounds for int8."""
    return spearman >= INT8_SPEARMAN and (winners is None or winners >= INT8_SAME_WINNER) and worst <= INT8_WORST


def same_winners(rewards: list[float], expected: list[float], group: int) -> float:
    """Share of groups in which the highest reward is the same one's."""

    def winners(values: list[float]) -> list[int]:
        groups = (values[start : start + group] for start in range(0, len(values), group))
        return [max(range(len(one)), key=one.__getitem__) for one in groups]

    pairs = list(zip(winners(rewards), winners(expected), strict=True))
    return sum(a == b for a, b in pairs) / len(pairs)
