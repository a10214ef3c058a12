"""A results file: the environment that figures were taken in, and the figures. bench/results.schema.json is made from it.

python bench/results_file.py > bench/results.schema.json
"""

import itertools
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import records


@dataclass(frozen=True)
class Machine:
    """The processor, with those of its instruction sets that kernels use."""

    cpu: str
    flags: list[str]
    cores: int | None
    memory_mb: int | None
    system: str


@dataclass(frozen=True)
class Settings:
    """Rounds of each workload, and whether conversations are real or made up."""

    repeats: int
    quick: bool
    data: str


@dataclass(frozen=True)
class Environment:
    """What the figures depend on beside the rows: day, command, machine, versions by package, settings.

    `before` is the commit whose build took part beside this one.
    """

    date: str
    command: str
    machine: Machine
    versions: dict[str, str]
    settings: Settings
    before: str | None = None


@dataclass(frozen=True)
class Run:
    """Seconds of scoring, or of the whole program, which has no loading of its own; memory at its peak."""

    # Before `seconds`, as it is in the files.
    load_seconds: float | None = None
    seconds: float = field(kw_only=True)
    private_mb: float = field(kw_only=True)
    peak_mb: float = field(kw_only=True)
    rewards_per_second: float = field(kw_only=True)


@dataclass(frozen=True)
class Agreement:
    """With float32, each row alone. `largest` is times max(1, |reward|); `worst` in standard deviations of the rewards.

    `note` says what is amiss, also where it is not enough to disagree.
    """

    agrees: bool
    largest: float
    spearman: float
    worst: float
    same_winner: float | None = field(metadata={"json": "same_winner"})
    note: str


@dataclass(frozen=True)
class TokenCounts:
    """Tokens after truncation, and those that the tool computed."""

    computed_tokens: int
    tokens: int


@dataclass(frozen=True)
class ContenderResult:
    """One contender's rounds of a workload; `failed` says why there are none that count."""

    runs: list[Run]
    agreement: Agreement | None = None
    failed: str | None = None
    summary: TokenCounts | None = None


@dataclass(frozen=True)
class WorkloadResult:
    """What was scored and by whom, or why it was `skipped`. `checksum` is equal where the rows are."""

    name: str
    title: str
    model: str
    rows: int
    rewards: int
    compared_rewards: int
    checksum: str
    tokens: int | None = None
    truncated: int | None = None
    reward_deviation: float | None = None
    contenders: dict[str, ContenderResult] | None = None
    computed_tokens: int | None = None
    skipped: str | None = None

    @property
    def entries(self) -> dict[str, ContenderResult]:
        """Contenders by key; none where the workload was skipped."""
        return self.contenders or {}


@dataclass(frozen=True)
class CeilingShare:
    """FLOP/s of a workload's linear layers, and its share of the ceiling."""

    name: str
    rate: float
    share: float


@dataclass(frozen=True)
class Roofline:
    """FLOP/s at best by K x N and by rows M; `ceiling` is that of a layer's matrices one after the other."""

    rates: dict[str, dict[str, float]]
    ceiling: float
    shares: list[CeilingShare] = field(default_factory=list)


@dataclass(frozen=True)
class MemoryPeak:
    """Of the whole program."""

    name: str
    model: str
    precision: str
    workers: int
    rows: int
    private_mb: float
    peak_mb: float


@dataclass(frozen=True)
class ReserveEffect:
    """How far `--reserve` moves rewards: mean absolute difference (`changed`) and deviation within a conversation
    (`ofGroups`) in standard deviations of all rewards; rank correlations of all, and `within` a conversation.
    """

    reserve: int
    conversations: int
    rewards: int
    spearman: float
    within: float
    same_winner: float
    changed: float
    of_groups: float


@dataclass(frozen=True)
class CostConstants:
    """In nodes; see src/model/layout/trie.ts."""

    fixed: float
    attention_times_hidden: float


@dataclass(frozen=True)
class CostModel:
    """What a run of nodes costs; `measured` has milliseconds by the number of nodes."""

    hidden_size: int
    run_ms: float
    node_ms: float
    pair_us: float
    constants: CostConstants
    measured: dict[str, float]


@dataclass(frozen=True)
class RowsPoint:
    """The whole program on so many rows."""

    model: str
    rows: int
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class CandidatesPoint:
    """So many rewards, of conversations with so many candidates each."""

    candidates: int
    rewards: int
    seconds: float
    snippet_seconds: float


@dataclass(frozen=True)
class LengthPoint:
    """So many rows of so many tokens."""

    length: int
    rows: int
    seconds: float
    snippet_seconds: float


@dataclass(frozen=True)
class Sweep:
    """How cost grows; `bandwidth` is bytes per second that one thread reads."""

    rows: list[RowsPoint]
    candidates: list[CandidatesPoint]
    length: list[LengthPoint]
    bandwidth: float


@dataclass(frozen=True)
class Measurements:
    """The figures; a section that was not asked for is missing. `prepareSeconds` and `starts` are seconds by what ran."""

    prepare_seconds: dict[str, float]
    workloads: list[WorkloadResult]
    roofline: Roofline | None = None
    starts: dict[str, float] | None = None
    memory: list[MemoryPeak] | None = None
    reserve: ReserveEffect | None = None
    cost_model: CostModel | None = None
    sweep: Sweep | None = None


@dataclass(frozen=True)
class Results:
    """In the file, the fields of both stand side by side."""

    environment: Environment
    measurements: Measurements


def read(file: Path) -> Results:
    """Raises ValueError, which names the place, where the file has another shape."""
    found: object = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{file.name}: expected an object")
    names = {records.name_of(one) for one in records.fields_of(Environment)}
    environment = {name: value for name, value in found.items() if name in names}
    measurements = {name: value for name, value in found.items() if name not in names}
    return Results(
        records.decode(Environment, environment, file.name), records.decode(Measurements, measurements, file.name)
    )


def text_of(results: Results) -> str:
    """What a results file holds."""
    both = records.encode(results.environment) | records.encode(results.measurements)
    return json.dumps(both, indent=1) + "\n"


def write_new(results: Results, directory: Path, name: str) -> Path:
    """The file, NAME.json or NAME-2.json and so on: what was measured before stays as it is."""
    for number in itertools.count(1):
        file = directory / (f"{name}.json" if number == 1 else f"{name}-{number}.json")
        try:
            with file.open("x", encoding="utf-8") as written:
                written.write(text_of(results))
        except FileExistsError:
            continue
        return file
    raise AssertionError("there is always another number")


def schema() -> dict[str, Any]:
    """The JSON Schema of a results file."""
    definitions: dict[str, Any] = {}
    parts = [records.schema_of(kind, definitions) for kind in (Environment, Measurements)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Results of reward-score's benchmark",
        "description": "Made from the dataclasses of bench/results_file.py.",
        "type": "object",
        "properties": parts[0]["properties"] | parts[1]["properties"],
        "required": parts[0]["required"] + parts[1]["required"],
        "additionalProperties": False,
        "$defs": definitions,
    }


if __name__ == "__main__":
    json.dump(schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")
