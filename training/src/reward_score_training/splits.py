"""Which split a conversation is in, and which texts stand in more than one."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")


def hash64(text: str, key: str = "") -> int:
    """64 bits of BLAKE2b: among 12 million texts, one chance in 250,000 that any two share them."""
    digest = hashlib.blake2b(text.encode("utf-8"), digest_size=8, key=key.encode("utf-8"))
    return int.from_bytes(digest.digest(), "little")


@dataclass(frozen=True)
class Shares:
    validation: float
    test: float
    seed: int

    def split_of(self, conversation: str) -> str:
        """The same for the same conversation and seed, whatever else the logs hold."""
        position = hash64(conversation, key=f"seed {self.seed}") / 2**64
        if position < self.test:
            return TEST
        return VALIDATION if position < self.test + self.validation else TRAIN


@dataclass
class Counts:
    """What a split holds in the end."""

    rows: int = 0
    conversations: int = 0
    accepted: float = 0.0
    # Rows left out, as their text stands in an earlier split.
    dropped: int = 0
    # Rows that say what an earlier one of the same split says; kept.
    repeated: int = 0

    @property
    def base_rate(self) -> float | None:
        return self.accepted / self.rows if self.rows else None


class SplitFiles:
    """
    The files of the splits. Lines are written as they come; of each, 20 bytes stay in memory (the hashes of its text
    and its conversation, and its target), until `finish` leaves out what stands in an earlier split too.
    """

    def __init__(self, directory: Path) -> None:
        self._paths = {name: directory / f"{name}.jsonl" for name in SPLITS}
        self._stack = ExitStack()
        self._files: dict[str, BinaryIO] = {
            name: self._stack.enter_context(self._rough(name).open("wb")) for name in SPLITS
        }
        self._texts = {name: array("Q") for name in SPLITS}
        self._conversations = {name: array("Q") for name in SPLITS}
        self._targets = {name: array("f") for name in SPLITS}

    def __enter__(self) -> SplitFiles:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        for name in SPLITS:
            self._rough(name).unlink(missing_ok=True)

    def add(self, split: str, line: bytes, text: str, conversation: str, target: float) -> None:
        self._files[split].write(line)
        self._texts[split].append(hash64(text))
        self._conversations[split].append(hash64(conversation))
        self._targets[split].append(target)

    def finish(self) -> dict[str, Counts]:
        """Held-out rows are texts that were never trained on: a text stays in the first of train, validation and test."""
        self._stack.close()
        counts = {}
        earlier: list[NDArray[np.uint64]] = []
        for name in SPLITS:
            texts = np.frombuffer(self._texts.pop(name), dtype=np.uint64)
            kept = np.ones(len(texts), dtype=bool)
            for others in earlier:
                kept &= ~_stand_in(texts, others)
            if kept.all():
                self._rough(name).replace(self._paths[name])
            else:
                with self._rough(name).open("rb") as source, self._paths[name].open("wb") as file:
                    file.writelines(_chosen(source, kept))
                texts = texts[kept]
            distinct = _distinct(texts)
            counts[name] = self._counts(name, kept, len(distinct))
            earlier.append(distinct)
        return counts

    def _counts(self, name: str, kept: NDArray[np.bool_], distinct: int) -> Counts:
        conversations = np.frombuffer(self._conversations.pop(name), dtype=np.uint64)
        targets = np.frombuffer(self._targets.pop(name), dtype=np.float32)
        rows = int(kept.sum())
        return Counts(
            rows=rows,
            conversations=len(_distinct(conversations if rows == len(kept) else conversations[kept])),
            accepted=float(targets.sum(where=kept, dtype=np.float64)),
            dropped=len(kept) - rows,
            repeated=rows - distinct,
        )

    def _rough(self, name: str) -> Path:
        return self._paths[name].with_suffix(".jsonl.partial")


def _distinct(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """In order. numpy's unique takes several times the memory."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _stand_in(values: NDArray[np.uint64], ordered: NDArray[np.uint64]) -> NDArray[np.bool_]:
    if len(ordered) == 0:
        return np.zeros(len(values), dtype=bool)
    found: NDArray[np.bool_] = ordered[np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)] == values
    return found


def _chosen(lines: BinaryIO, kept: NDArray[np.bool_]) -> Iterator[bytes]:
    return (line for line, keep in zip(lines, kept, strict=True) if keep)
