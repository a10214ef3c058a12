"""Who takes part: how each is started, and what it is held to."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import agreement
import models
from environment import BENCH
from processes import PROGRAM, Finished, measure, node
from results_file import Run, TokenCounts
from workloads import Workload

SNIPPET = "snippet"
CROSS_ENCODER = "cross-encoder"


@dataclass(frozen=True)
class Contender:
    """`workers` None is a peer in Python; `whole` is the program from its start to its end; `earlier` is another build."""

    key: str
    label: str
    precision: str = "fp32"
    workers: int | None = None
    whole: bool = False
    earlier: bool = False

    @property
    def ours(self) -> bool:
        return self.workers is not None

    def tolerance(self, model: str) -> float | None:
        """None is int8's. Of the large shape torch itself is no nearer than the wider one."""
        if self.precision != "fp32":
            return None
        return agreement.OURS if self.ours and model != "large" else agreement.OTHERS


CONTENDERS = [
    Contender(SNIPPET, "the card's snippet (transformers)"),
    Contender("snippet-sorted", "the snippet, rows sorted by length"),
    Contender(CROSS_ENCODER, "sentence-transformers CrossEncoder"),
    Contender("onnx-fp32", "onnxruntime (Python), padded export"),
    Contender("onnx-int8", "onnxruntime (Python), dynamic int8", "int8"),
    Contender("onnx-fp32-sorted", "onnxruntime (Python), padded export, rows sorted by length"),
    Contender("onnx-int8-sorted", "onnxruntime (Python), dynamic int8, rows sorted by length", "int8"),
    Contender("ours-fp32-2", "reward-score", "fp32", 2),
    Contender("ours-fp32-1", "reward-score, 1 worker", "fp32", 1),
    Contender("ours-fp32-whole", "reward-score, start included", "fp32", 2, True),
    Contender("ours-int8-2", "reward-score --precision int8", "int8", 2),
    Contender("ours-int8-1", "reward-score --precision int8, 1 worker", "int8", 1),
    Contender("ours-int8-whole", "reward-score --precision int8, start included", "int8", 2, True),
    Contender("ours-auto-2", "reward-score --precision auto", "auto", 2),
    Contender("earlier-fp32-2", "reward-score before", "fp32", 2, earlier=True),
    Contender("earlier-int8-2", "reward-score before, --precision int8", "int8", 2, earlier=True),
]
BY_KEY = {contender.key: contender for contender in CONTENDERS}
# Against an encoder's export: its batches are larger, and its rows would be padded most.
SORTED_EXPORTS = [BY_KEY["onnx-fp32-sorted"], BY_KEY["onnx-int8-sorted"]]


def taking_part(workload: Workload, earlier: Path | None = None) -> list[Contender]:
    """Whom a workload is for. `earlier` is a checkout with another build of the tool, if there is one to compare with."""
    return [one for one in those_for(workload) if earlier is not None or not one.earlier]


def those_for(workload: Workload) -> list[Contender]:
    """All that can score it."""
    if workload.reserve:
        # The peers have no such rule: the snippet's time is that of the same rows cut the usual way.
        return [one for one in CONTENDERS if one.key == SNIPPET or one.ours]
    if workload.encoder:
        return [BY_KEY[CROSS_ENCODER], *SORTED_EXPORTS, *(one for one in CONTENDERS if one.ours)]
    if workload.model == "tiny":
        keys = [SNIPPET, "snippet-sorted", CROSS_ENCODER, "ours-fp32-2", "ours-fp32-1", "ours-fp32-whole"]
    elif workload.model == "large":
        keys = [SNIPPET, CROSS_ENCODER, "ours-fp32-2", "ours-fp32-1", "ours-fp32-whole", "ours-int8-2"]
    else:
        return [one for one in CONTENDERS if one not in SORTED_EXPORTS]
    return [BY_KEY[key] for key in keys]


def has_reserve() -> bool:
    """Whether this build of the tool knows the flag."""
    return "--reserve" in node([PROGRAM, "score", "--help"])


@dataclass(frozen=True)
class Scored:
    """Rewards, and a run of which they came; of the whole program also what it counted."""

    rewards: list[float]
    run: Run
    summary: TokenCounts | None = None


def commit_of(checkout: Path) -> str:
    """The commit that a checkout is at."""
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def run(contender: Contender, workload: Workload, quick: bool, earlier: Path | None = None) -> Scored:
    """Raises RuntimeError where the contender fails."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        if contender.whole:
            return run_program(contender, workload, models.model(workload.model, quick), directory)
        task_file, result_file = directory / "task.json", directory / "result.json"
        task: dict[str, Any] = {"model": str(models.model(workload.model, quick))}
        if contender.ours:
            rows_file = directory / "rows.jsonl"
            rows_file.write_text(workload.jsonl(), encoding="utf-8")
            task |= {"rows": str(rows_file), "options": options_of(contender, workload)}
            builds = earlier / "bench" if contender.earlier and earlier is not None else BENCH
            command = ["node", str(builds / "score.mjs")]
        else:
            task |= {"texts": workload.compared_texts, "maxLength": workload.max_length, "encoder": workload.encoder}
            if contender.key.startswith("onnx-"):
                export = models.dynamic_int8 if contender.precision == "int8" else models.padded_export
                task["export"] = str(export(workload.model, quick))
            command = [sys.executable, str(BENCH / "peer.py"), contender.key]
        task_file.write_text(json.dumps(task), encoding="utf-8")
        finished = measure([*command, str(task_file), str(result_file)])
        result = json.loads(result_file.read_text())
        timed = run_of(len(result["rewards"]), result["seconds"], finished, result["loadSeconds"])
        return Scored(result["rewards"], timed)


def run_of(rewards: int, seconds: float, finished: Finished, load_seconds: float | None = None) -> Run:
    """The times of so many rewards, with the memory that their process took."""
    return Run(
        load_seconds=load_seconds,
        seconds=seconds,
        private_mb=finished.private,
        peak_mb=finished.peak,
        rewards_per_second=rewards / seconds,
    )


def options_of(contender: Contender, workload: Workload) -> dict[str, Any]:
    """Of loadRewardModel."""
    options: dict[str, Any] = {
        "workers": contender.workers,
        "precision": contender.precision,
        "maxLength": workload.max_length,
    }
    return options | ({"reserve": workload.reserve} if workload.reserve else {})


def run_program(contender: Contender, workload: Workload, model: Path, directory: Path) -> Scored:
    """Through the command line, files in and out."""
    rows, scored, summary = (directory / name for name in ("rows.jsonl", "scored.jsonl", "summary.json"))
    rows.write_text(workload.jsonl(), encoding="utf-8")
    flags = ["-q", "-j", str(contender.workers), "--precision", contender.precision]
    flags += ["--max-length", str(workload.max_length), "--summary", str(summary), "-o", str(scored)]
    if workload.reserve:
        flags += ["--reserve", str(workload.reserve)]
    finished = measure(["node", PROGRAM, "-m", str(model), *flags, str(rows)])
    rewards: list[float] = []
    for line in scored.read_text(encoding="utf-8").splitlines():
        reward = json.loads(line)["reward"]
        rewards += reward if isinstance(reward, list) else [reward]
    counted = json.loads(summary.read_text())
    timed = run_of(len(rewards), finished.seconds, finished)
    return Scored(rewards, timed, TokenCounts(counted["computedTokens"], counted["tokens"]))
