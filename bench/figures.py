"""What the raw runs amount to: ratios within rounds, their median and spread, who was faster."""

import statistics
from dataclasses import dataclass

from contenders import CONTENDERS, SNIPPET, Contender

# A lead that is smaller is none, on machines as noisy as these.
LEVEL = 1.05


@dataclass(frozen=True)
class Ratio:
    """Rewards per second against the snippet's in the same round: median, least and most."""

    median: float
    least: float
    most: float


def ratio(workload: dict, key: str, to: str = SNIPPET) -> Ratio | None:
    """None where either has no times."""
    ours, theirs = runs(workload, key), runs(workload, to)
    if not ours or len(ours) != len(theirs):
        return None
    values = [a["rewardsPerSecond"] / b["rewardsPerSecond"] for a, b in zip(ours, theirs, strict=True)]
    return Ratio(statistics.median(values), min(values), max(values))


def runs(workload: dict, key: str) -> list[dict]:
    """Those of one contender whose rewards agreed."""
    entry = workload.get("contenders", {}).get(key, {})
    return [] if "failed" in entry else entry.get("runs", [])


def median(workload: dict, key: str, name: str) -> float | None:
    """Of one figure over the rounds."""
    values = [run[name] for run in runs(workload, key) if name in run]
    return statistics.median(values) if values else None


def present(workload: dict) -> list[Contender]:
    """Who took part, in their order."""
    return [one for one in CONTENDERS if one.key in workload.get("contenders", {})]


def worker_megabytes(memory: list[dict], precision: str) -> float | None:
    """Private memory that each worker adds with GPT-2 base, from the fewest to the most that were measured.

    Resident memory would count the mapped weights once for each session that maps them.
    """
    base = [one for one in memory if one["model"] == "base" and one["precision"] == precision]
    if len(base) < 2:
        return None
    fewest, most = base[0], base[-1]
    return (most["privateMb"] - fewest["privateMb"]) / (most["workers"] - fewest["workers"])


def no_faster(workloads: list[dict]) -> list[str]:
    """Sentences on where a peer is level with the tool or ahead of it, though it is no less exact."""
    sentences = []
    for workload in workloads:
        for tool in present(workload):
            if not tool.ours or tool.workers == 1:
                continue
            found = []
            for peer in present(workload):
                if peer.ours or (peer.precision == "int8" and tool.precision == "fp32"):
                    continue
                against = ratio(workload, tool.key, peer.key)
                if against is None or against.median >= LEVEL:
                    continue
                bounds = (
                    ", which misses the bounds of int8" if workload["contenders"][peer.key]["agreement"]["note"] else ""
                )
                found.append(f"{peer.label} ({against.median:.2f} x{bounds})")
            if found:
                sentences.append(f"{workload['name']}, {tool.label}, against {'; '.join(found)}")
    return sentences
