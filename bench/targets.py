"""What the tool sets out to reach, and what a result says of it. Measured, never asserted."""

from dataclasses import dataclass

import figures
from contenders import BY_KEY, CROSS_ENCODER
from results_file import Measurements, WorkloadResult

RATIOS = {
    ("W1", "fp32"): 4.3,
    ("W1", "int8"): 10.5,
    ("W1r", "fp32"): 8.5,
    ("W1r", "int8"): 20.0,
    ("W2", "fp32"): 3.0,
    ("W2", "int8"): 8.2,
}
ENCODER_WORKLOAD = "W6"
ENCODER_RATIOS = {"fp32": 1.5, "int8": 3.5}
ENCODER_PEERS = [CROSS_ENCODER, "onnx-fp32-sorted"]
PERSONA_RATIO = 1.25
TWO_WORKERS = 1.9
ROOFLINE = 0.88
TINY_ROWS_PER_SECOND = 55_000
WORKER_MB = 55
LARGE_MB = 300
MANY_ROWS = 1.1
START_SECONDS = {"fp32": 0.5, "int8": 0.5}
HELP = 1.4


@dataclass(frozen=True)
class Aim:
    """`wanted` is the least, or with `at_most` the most."""

    name: str
    limit: float
    got: float
    unit: str = ""
    at_most: bool = False

    @property
    def reached(self) -> bool:
        return self.got <= self.limit if self.at_most else self.got >= self.limit

    @property
    def wanted(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.limit:,g}{self.unit}"

    @property
    def shown(self) -> str:
        return f"{self.got:,.0f}{self.unit}" if self.got >= 1000 else f"{self.got:.3g}{self.unit}"


def aims(result: Measurements) -> list[Aim]:
    """Those of which something was measured, in their order."""
    return [*of_workloads(result), *of_roofline(result), *of_memory(result), *of_starts(result)]


def of_workloads(result: Measurements) -> list[Aim]:
    """Ratios to the snippet, two workers to one, and plumbing."""
    found = []
    for workload in result.workloads:
        name = workload.name
        for precision in ("fp32", "int8"):
            limit = RATIOS.get((name, precision))
            if limit and (against := figures.ratio(workload, f"ours-{precision}-2")):
                found.append(Aim(f"{name}, {precision}, against the snippet", limit, against.median, " x"))
            if limit and (scaling := figures.ratio(workload, f"ours-{precision}-2", f"ours-{precision}-1")):
                found.append(Aim(f"{name}, {precision}, two workers against one", TWO_WORKERS, scaling.median, " x"))
            if name == "W7" and (against := figures.ratio(workload, f"ours-{precision}-2", f"earlier-{precision}-2")):
                found.append(Aim(f"{name}, {precision}, against the build before", PERSONA_RATIO, against.median, " x"))
        if name == ENCODER_WORKLOAD:
            found += of_encoder(workload)
        if name == "W4" and (rate := figures.median(workload, "ours-fp32-whole", lambda run: run.rewards_per_second)):
            found.append(Aim("W4, the whole program", TINY_ROWS_PER_SECOND, rate, " rows/s"))
    return found


def of_encoder(workload: WorkloadResult) -> list[Aim]:
    """Ratios to what people use, which is float32 even where ours is int8."""
    return [
        Aim(f"{workload.name}, {precision}, against {BY_KEY[peer].label}", limit, against.median, " x")
        for precision, limit in ENCODER_RATIOS.items()
        for peer in ENCODER_PEERS
        if (against := figures.ratio(workload, f"ours-{precision}-2", peer))
    ]


def of_roofline(result: Measurements) -> list[Aim]:
    """Each workload's share of the GEMM ceiling."""
    shares = result.roofline.shares if result.roofline else []
    return [Aim(f"{one.name}, linear layers, of the GEMM ceiling", ROOFLINE, one.share) for one in shares]


def of_memory(result: Measurements) -> list[Aim]:
    """Of workers, of the large model, of many rows."""
    found = []
    measured = result.memory or []
    for precision in ("fp32", "int8"):
        if each := figures.worker_megabytes(measured, precision):
            found.append(Aim(f"a worker more, GPT-2 base, {precision}", WORKER_MB, each, " MB", at_most=True))
        for one in measured:
            if one.model == "large" and one.precision == precision:
                name = f"private memory, GPT-2 large, 2 workers, {precision}"
                found.append(Aim(name, LARGE_MB, one.private_mb, " MB", at_most=True))
    tiny = [one for one in measured if one.model == "tiny"]
    if len(tiny) == 2:
        few, many = tiny
        name = f"peak of {many.rows:,} rows against {few.rows:,}"
        found.append(Aim(name, MANY_ROWS, many.peak_mb / few.peak_mb, " x", at_most=True))
    return found


def of_starts(result: Measurements) -> list[Aim]:
    """Beyond what Node itself takes."""
    if result.starts is None:
        return []
    seconds = result.starts
    nothing = seconds["node -e 0"]
    found = [
        Aim(
            f"start to first reward, {precision}", limit, seconds[f"one row, {precision}"] - nothing, " s", at_most=True
        )
        for precision, limit in START_SECONDS.items()
    ]
    return [*found, Aim("--help against node -e 0", HELP, seconds["reward-score --help"] / nothing, " x", at_most=True)]
