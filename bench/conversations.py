"""Conversations to score: real ones from a folder, or made-up ones of like lengths."""

import gzip
import json
import random
from pathlib import Path

from environment import ROOT

Turn = dict[str, str]


def real(data: Path) -> list[list[Turn]]:
    """Turns of every dialogue in `dialogue_*.jsonl.gz`, in the order of the files."""
    dialogues = []
    for path in sorted(data.glob("dialogue_*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            dialogues += [json.loads(line)["turns"] for line in lines]
    if not dialogues:
        raise SystemExit(f"{data}: expected dialogue_*.jsonl.gz, found none")
    return dialogues


def made_up(count: int, rng: random.Random) -> list[list[Turn]]:
    """Dialogues of words in no order: speed depends on how many tokens there are and which are shared, not on sense."""
    words = sorted(set((ROOT / "fixtures" / "tiny-corpus.txt").read_text(encoding="utf-8").split()))
    rng.shuffle(words)
    weights = [1 / (rank + 3) for rank in range(len(words))]  # about as words are distributed

    def sentence() -> str:
        length = max(1, round(rng.lognormvariate(2.0, 0.7)))  # median 7 words, a long tail, as in the real ones
        return " ".join(rng.choices(words, weights, k=min(length, 80)))

    def dialogue() -> list[Turn]:
        return [{"speaker": f"user{i % 2 + 1}", "text": sentence()} for i in range(rng.randrange(10, 36))]

    return [dialogue() for _ in range(count)]


def as_text(turns: list[Turn]) -> str:
    """The template `chai`."""
    return "".join(f"{turn['speaker']}: {turn['text']}\n" for turn in turns)
