"""How cost grows: with rows, with candidates per prompt, with length, with workers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import contenders
import footprint
import models
import workloads
from contenders import BY_KEY, SNIPPET
from conversations import Turn
from log import log
from results_file import CandidatesPoint, LengthPoint, RowsPoint, Sweep
from workloads import Workload

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase as Tokenizer

SEED = 13
TINY_ROWS = [100, 1_000, 10_000, 100_000, 1_000_000]
BASE_ROWS = [25, 100, 400]
CANDIDATES = [1, 2, 4, 8, 16, 32, 64]
LENGTHS = [16, 32, 64, 128, 256, 512, 1024]
REWARDS = 64  # of each point of candidates
TOKENS = 4096  # of each point of length
PAPER_WORKERS = [1, 2, 4, 8, 16, 32, 64]
COPIED_MB = 256


def measure(dialogues: list[list[Turn]], tokenizer_of: Callable[[str], Tokenizer], quick: bool) -> Sweep:
    """Every part."""
    return Sweep(
        rows=by_rows(dialogues, tokenizer_of("tiny"), quick),
        candidates=by_candidates(dialogues, quick),
        length=by_length(tokenizer_of("base"), quick),
        bandwidth=bandwidth(),
    )


def by_rows(dialogues: list[list[Turn]], tokenizer: Tokenizer, quick: bool) -> list[RowsPoint]:
    """The whole program: seconds from start to end, peak memory in MB."""
    tiny, base = (TINY_ROWS[:3], [5, 10]) if quick else (TINY_ROWS, BASE_ROWS)
    points = [workloads.short_rows("rows", count, 0, tokenizer) for count in tiny]
    points += [workloads.independent("rows", "", dialogues, count) for count in base]
    found = []
    for workload in points:
        count = len(workload.rows)
        log(f"sweep: {count:,} rows, {workload.model}")
        finished = footprint.score(workload, 2, "fp32", quick)
        found.append(RowsPoint(workload.model, count, finished.seconds, finished.peak))
    return found


def by_candidates(dialogues: list[list[Turn]], quick: bool) -> list[CandidatesPoint]:
    """As many rewards at every point, from fewer and fewer conversations."""
    found = []
    rewards = 8 if quick else REWARDS
    for candidates in [count for count in CANDIDATES if count <= rewards]:
        workload = workloads.best_of("candidates", "", dialogues, rewards // candidates, candidates)
        found.append(CandidatesPoint(candidates, rewards, *pair(workload, quick)))
    return found


def by_length(tokenizer: Tokenizer, quick: bool) -> list[LengthPoint]:
    """Rows that share nothing, all of one length in tokens."""
    rng = random.Random(SEED)
    # Words of one token each, so that a text is as long as it should be.
    words = [" time", " year", " people", " way", " day", " man", " thing", " woman", " life", " child", " world"]
    found = []
    for length in LENGTHS[:4] if quick else LENGTHS:
        count = max(4, (256 if quick else TOKENS) // length)
        texts = ["".join(rng.choices(words, k=length)) for _ in range(count)]
        assert all(len(ids) == length for ids in tokenizer(texts)["input_ids"])
        rows = [{"text": text} for text in texts]
        workload = Workload("length", "", "base", rows, texts, max_length=max(length, workloads.MAX_LENGTH))
        found.append(LengthPoint(length, count, *pair(workload, quick)))
    return found


def pair(workload: Workload, quick: bool) -> tuple[float, float]:
    """Seconds of scoring: the tool's and the snippet's."""
    log(f"sweep: {len(workload.rows)} rows, {len(workload.texts)} rewards, base")
    ours = contenders.run(BY_KEY["ours-fp32-2"], workload, quick)
    return ours.run.seconds, contenders.run(BY_KEY[SNIPPET], workload, quick).run.seconds


def bandwidth() -> float:
    """Bytes per second that one thread reads: half of what copying moves."""
    import numpy

    source = numpy.ones(COPIED_MB * 2**20, dtype=numpy.uint8)
    target = numpy.empty_like(source)
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        numpy.copyto(target, source)
        best = min(best, time.perf_counter() - started)
    return source.nbytes / best


@dataclass(frozen=True)
class PaperPoint:
    """Of so many workers, computed."""

    workers: int
    seconds: float
    speed_up: float


def on_paper(
    one_worker: float, computed_tokens: int, start: float, bytes_per_second: float, quick: bool
) -> list[PaperPoint]:
    """What more workers would give, not measured: seconds and speed-up of the whole program.

    Start is paid once; the work is divided; at the end a worker waits for half a window of the others; and every pack
    of some 400 nodes reads the layers' weights from memory that all workers share (which no cache is thought to hold).
    """
    shape = models.shape_of("base", quick)
    weights = 4 * 12 * shape["n_layer"] * shape["n_embd"] ** 2
    least = computed_tokens / 400 * weights / bytes_per_second
    window = one_worker * min(1.0, 1_800 / computed_tokens)  # 8 KiB of text
    found = []
    for workers in PAPER_WORKERS:
        work = max(one_worker / workers, least) + window / 2 * (1 - 1 / workers)
        found.append((workers, start + work))
    alone = found[0][1]
    return [PaperPoint(workers, seconds, alone / seconds) for workers, seconds in found]
