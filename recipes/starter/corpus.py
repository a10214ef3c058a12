"""Conversations to learn from: read, cleaned, and split by dialogue so that no test dialogue is ever seen in training."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What a dialogue's source is worth in training: the name of its file, `dialogue_*.jsonl.gz`.
SOURCES = ("self", "synthetic_persona", "topical_chat")

#: Topical-Chat's partners rated each turn; the rating of a real turn is its soft target, an unrated one is 1.
TARGET_OF_RATING = {"Excellent": 1.0, "Good": 0.9, "Passable": 0.65, "Not Good": 0.4, "Poor": 0.2}

#: Shares of the dialogues; the rest is for training. `valid` fits the temperature, `test` gives the figures.
VALID_SHARE = 0.03
TEST_SHARE = 0.07

MIN_TURNS = 4


#: An object of JSON.
Json = dict[str, Any]


@dataclass(frozen=True)
class Turn:
    speaker: str
    text: str
    #: The probability of acceptance that this turn stands for where it really was said.
    target: float = 1.0


@dataclass(frozen=True)
class Dialogue:
    id: str
    #: `self`, `synthetic_persona` or `topical_chat`.
    source: str
    #: What it is about, where that is known: the topic of a self-dialogue.
    topic: str
    turns: tuple[Turn, ...]


def read_jsonl(path: Path) -> Iterator[Json]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def read_dialogues(data: Path) -> list[Dialogue]:
    """All usable dialogues under `data`, each once, without those whose contexts the evaluation uses."""
    judged = contexts_of(read_jsonl(data / "cand_unieval_usr_topical.jsonl.gz"))
    dialogues, seen = [], set()
    for source in SOURCES:
        for row in read_jsonl(data / f"dialogue_{source}.jsonl.gz"):
            turns = usable_turns(row["turns"])
            key = tuple(normal(turn.text) for turn in turns)
            if len(turns) < MIN_TURNS or key in seen or not judged.isdisjoint(long_turns(key)):
                continue
            seen.add(key)
            dialogues.append(Dialogue(row["id"], source, row["source"], turns))
    return dialogues


def usable_turns(turns: Iterable[Json]) -> tuple[Turn, ...]:
    """The turns up to the first that holds nothing: what follows a gap does not answer what is before it."""
    kept = []
    for turn in turns:
        text = re.sub(r"\s+", " ", turn["text"]).strip()
        if not normal(text):
            break
        kept.append(Turn(turn["speaker"], text, TARGET_OF_RATING.get(turn.get("rating", ""), 1.0)))
    return tuple(kept)


def contexts_of(rows: Iterable[Json]) -> set[str]:
    """The long turns of contexts, in a spelling that survives tokenising and lower case."""
    return {key for row in rows for key in long_turns(normal(turn["text"]) for turn in row["context"])}


def long_turns(keys: Iterable[str]) -> set[str]:
    """Short turns ("hello") are everybody's: 25 letters identify a dialogue."""
    return {key for key in keys if len(key) >= 25}


def normal(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def split(dialogues: Iterable[Dialogue]) -> dict[str, list[Dialogue]]:
    """`train`, `valid` and `test`, by a hash of the dialogue's id: the same on every machine and in any order."""
    parts: dict[str, list[Dialogue]] = {"train": [], "valid": [], "test": []}
    for dialogue in dialogues:
        share = int.from_bytes(hashlib.sha256(dialogue.id.encode()).digest()[:6], "big") / 2**48
        parts["test" if share < TEST_SHARE else "valid" if share < TEST_SHARE + VALID_SHARE else "train"].append(
            dialogue
        )
    return parts
