"""Start-up and memory of the program."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import models
import workloads
from conversations import Turn
from environment import ROOT, WORK
from log import log
from processes import PROGRAM, Finished, environment, measure
from results_file import MemoryPeak
from workloads import Workload

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase as Tokenizer

NOTHING = ["-e", "0"]
WORKERS = [1, 2, 4, 8]
# Of GPT-2 base, so many rewards for each worker that all of them are at work at once.
REWARDS_PER_WORKER = 24
PRECISIONS = ["fp32", "int8"]


def prepare(names: list[str], quick: bool) -> dict[str, float]:
    """Makes the prepared models that are not there yet; seconds of those that were made, start included."""
    seconds = {}
    for name in names:
        for precision in PRECISIONS if name != "tiny" else ["fp32"]:
            log(f"preparing {name} {precision}")
            known = {path.name for path in (WORK / "cache" / "prepared").glob("*")}
            flags = ["-q", "--precision", precision]
            made = measure(["node", PROGRAM, "model", "prepare", *flags, str(models.model(name, quick))])
            if Path(made.output.decode().strip()).name not in known:
                seconds[f"{name} {precision}"] = made.seconds
    return seconds


def starts(repeats: int, quick: bool) -> dict[str, float]:
    """Median seconds of `node -e 0`, of `--help`, and of one row with a prepared model, in rounds."""
    base = str(models.model("base", quick))
    with tempfile.TemporaryDirectory() as scratch:
        row = Path(scratch) / "row.jsonl"
        row.write_text(json.dumps({"prompt": "User: hi\nBot:", "response": " hello"}) + "\n")
        commands = {"node -e 0": NOTHING, "reward-score --help": [PROGRAM, "--help"]}
        for precision in PRECISIONS:
            commands[f"one row, {precision}"] = [PROGRAM, "-q", "-m", base, "--precision", precision, str(row)]
        return medians(commands, repeats)


def medians(commands: dict[str, list[str]], repeats: int) -> dict[str, float]:
    """Seconds from start to end, the first round not counted."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats + 1):
        for name, arguments in commands.items():
            # No watcher of memory here: it would end up to its own interval late.
            taken[name].append(seconds_of(["node", *arguments]))
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}


def seconds_of(command: list[str]) -> float:
    """From start to end."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def memory(dialogues: list[list[Turn]], tokenizer: Tokenizer, quick: bool) -> list[MemoryPeak]:
    """Peak memory in MB: by workers, of the large model, and by rows. `tokenizer` is the tiny model's."""
    found = []
    for workers in WORKERS[::3] if quick else WORKERS:
        count = 3 if quick else REWARDS_PER_WORKER
        workload = workloads.independent("memory", "", dialogues, count * workers)
        found += [
            peak(f"base {precision}, {workers} workers", workload, workers, precision, quick)
            for precision in PRECISIONS
        ]
    large = workloads.best_of("memory", "", dialogues, 2, 4, "large")
    found += [peak(f"large {precision}, 2 workers", large, 2, precision, quick) for precision in PRECISIONS]
    for rows in [1_000, 5_000] if quick else [50_000, 1_000_000]:
        workload = workloads.short_rows("memory", rows, 0, tokenizer)
        found.append(peak(f"tiny, {rows:,} rows", workload, 2, "fp32", quick))
    return found


def peak(name: str, workload: Workload, workers: int, precision: str, quick: bool) -> MemoryPeak:
    """Of the program; `workers` are as many as asked, whatever the machine has."""
    log(f"memory: {name}")
    finished = score(workload, workers, precision, quick)
    rows = len(workload.rows)
    return MemoryPeak(name, workload.model, precision, workers, rows, finished.private, finished.peak)


def score(workload: Workload, workers: int, precision: str, quick: bool) -> Finished:
    """Runs the program on the workload, and throws its rewards away."""
    with tempfile.TemporaryDirectory() as scratch:
        rows, scored = Path(scratch) / "rows.jsonl", Path(scratch) / "scored.jsonl"
        rows.write_text(workload.jsonl(), encoding="utf-8")
        flags = ["-q", "-j", str(workers), "--precision", precision, "--max-length", str(workload.max_length)]
        model = str(models.model(workload.model, quick))
        return measure(["node", PROGRAM, "-m", model, *flags, "-o", str(scored), str(rows)], every=0.02)
