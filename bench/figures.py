"""What the raw runs amount to: ratios within rounds, their median and spread, who was faster."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from contenders import CONTENDERS, CROSS_ENCODER, SNIPPET, Contender
from results_file import MemoryPeak, Run, WorkloadResult

# A lead that is smaller is none, on machines as noisy as these.
LEVEL = 1.05


@dataclass(frozen=True)
class Ratio:
    """Rewards per second against another's in the same round: median, least and most."""

    median: float
    least: float
    most: float


def base(workload: WorkloadResult) -> str:
    """Whose speed is 1: the snippet's, and where it takes no part, which is with encoders, the CrossEncoder's."""
    return SNIPPET if SNIPPET in workload.entries else CROSS_ENCODER


def ratio(workload: WorkloadResult, key: str, to: str | None = None) -> Ratio | None:
    """Against the base, or another. None where either has no times."""
    ours, theirs = runs(workload, key), runs(workload, to or base(workload))
    if not ours or len(ours) != len(theirs):
        return None
    values = [a.rewards_per_second / b.rewards_per_second for a, b in zip(ours, theirs, strict=True)]
    return Ratio(statistics.median(values), min(values), max(values))


def runs(workload: WorkloadResult, key: str) -> list[Run]:
    """Those of one contender whose rewards agreed."""
    entry = workload.entries.get(key)
    return [] if entry is None or entry.failed is not None else entry.runs


def median(workload: WorkloadResult, key: str, figure: Callable[[Run], float | None]) -> float | None:
    """Of one figure over the rounds that have it."""
    values = [value for run in runs(workload, key) if (value := figure(run)) is not None]
    return statistics.median(values) if values else None


def present(workload: WorkloadResult) -> list[Contender]:
    """Who took part, in their order."""
    return [one for one in CONTENDERS if one.key in workload.entries]


def worker_megabytes(memory: list[MemoryPeak], precision: str) -> float | None:
    """Private memory that each worker adds with GPT-2 base, from the fewest to the most that were measured.

    Resident memory would count the mapped weights once for each session that maps them.
    """
    base = [one for one in memory if one.model == "base" and one.precision == precision]
    if len(base) < 2:
        return None
    fewest, most = base[0], base[-1]
    return (most.private_mb - fewest.private_mb) / (most.workers - fewest.workers)


def no_faster(workloads: list[WorkloadResult]) -> list[str]:
    """Sentences on where a peer is level with the tool or ahead of it, though it is no less exact."""
    sentences = []
    for workload in workloads:
        for tool in present(workload):
            if not tool.ours or tool.earlier or tool.workers == 1:
                continue
            found = []
            for peer in present(workload):
                if peer.ours or (peer.precision == "int8" and tool.precision == "fp32"):
                    continue
                against = ratio(workload, tool.key, peer.key)
                if against is None or against.median >= LEVEL:
                    continue
                agreed = workload.entries[peer.key].agreement
                bounds = ", which misses the bounds of int8" if agreed is not None and agreed.note else ""
                found.append(f"{peer.label} ({against.median:.2f} x{bounds})")
            if found:
                sentences.append(f"{workload.name}, {tool.label}, against {'; '.join(found)}")
    return sentences
