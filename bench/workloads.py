"""What is scored: rows for the tool, the texts that they mean for its peers, from a seed."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from conversations import Turn, as_text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase as Tokenizer

SEED = 2
# Turns before the reply: with real conversations about 175 tokens a row, one row in six cut.
TURNS = (8, 18)
MAX_LENGTH = 256
RESERVE = 64
TINY_TOKENS = 8


@dataclass(frozen=True)
class Workload:
    """`rows` as the tool reads them; `texts`, one for each reward; `prompts`, what stands before a text's response.

    Peers score the first `peer_texts` of the texts, where all would take them too long.
    """

    name: str
    title: str
    model: str
    rows: list[dict[str, Any]]
    texts: list[str]
    prompts: list[str] = field(default_factory=list)
    group: int = 1
    reserve: int = 0
    max_length: int = MAX_LENGTH
    peer_texts: int | None = None

    @property
    def compared_texts(self) -> list[str]:
        """Those that every contender scores."""
        return self.texts[: self.peer_texts]

    def jsonl(self) -> str:
        """The tool's input."""
        return "".join(f"{json.dumps(row)}\n" for row in self.rows)

    def checksum(self) -> str:
        """Of the tool's input: equal where the same rows were scored."""
        return hashlib.sha256(self.jsonl().encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Sizes:
    """How much of each workload."""

    conversations: int = 25
    candidates: int = 8
    independent: int = 200
    long: int = 64
    tiny: int = 200_000
    tiny_peers: int = 4_000
    large_conversations: int = 2
    large_candidates: int = 4


QUICK = Sizes(3, 4, 12, 6, 5_000, 400, 1, 4)


def makers(
    dialogues: list[list[Turn]], sizes: Sizes, tokenizers: dict[str, Tokenizer]
) -> dict[str, Callable[[], Workload]]:
    """All of them, by name and in order. `tokenizers`: of GPT-2 (`gpt2`) and of the tiny model (`tiny`)."""

    def first() -> Workload:
        return best_of("W1", "best of N", dialogues, sizes.conversations, sizes.candidates)

    def reserved() -> Workload:
        return replace(first(), name="W1r", title=f"W1 with --reserve {RESERVE}", reserve=RESERVE)

    def large() -> Workload:
        return best_of("W5", "GPT-2 large", dialogues, sizes.large_conversations, sizes.large_candidates, "large")

    return {
        "W1": first,
        "W1r": reserved,
        "W2": lambda: independent("W2", "independent rows of mixed length", dialogues, sizes.independent),
        "W3": lambda: longer_than_window(dialogues, sizes.long, tokenizers["gpt2"]),
        "W4": lambda: short_rows("W4", sizes.tiny, sizes.tiny_peers, tokenizers["tiny"]),
        "W5": large,
    }


def best_of(
    name: str, title: str, dialogues: list[list[Turn]], conversations: int, candidates: int, model: str = "base"
) -> Workload:
    """Conversations, each with candidates that are turns of other dialogues."""
    rng = random.Random(SEED)
    rows, texts, prompts = [], [], []
    for _ in range(conversations):
        turns = pick(dialogues, rng)
        end = rng.randrange(TURNS[0], min(len(turns), TURNS[1]))
        context, speaker = turns[:end], turns[end]["speaker"]
        replies = [rng.choice(rng.choice(dialogues))["text"] for _ in range(candidates)]
        messages = [{"role": turn["speaker"], "content": turn["text"]} for turn in context]
        rows.append({"messages": messages, "candidates": replies, "bot_name": speaker})
        prompt = f"{as_text(context)}{speaker}: "
        texts += [f"{prompt}{reply}\n" for reply in replies]
        prompts += [prompt] * candidates
    title = f"{title}: {conversations} conversations x {candidates} candidates"
    return Workload(name, title, model, rows, texts, prompts, group=candidates)


def independent(name: str, title: str, dialogues: list[list[Turn]], count: int) -> Workload:
    """Beginnings of as many different dialogues."""
    rng = random.Random(SEED)
    chosen = rng.sample([turns for turns in dialogues if len(turns) >= 4], count)
    texts = [as_text(turns[: rng.randrange(3, min(len(turns), 22) + 1)]) for turns in chosen]
    return Workload(name, title, "base", [{"text": text} for text in texts], texts)


def longer_than_window(dialogues: list[list[Turn]], count: int, tokenizer: Tokenizer) -> Workload:
    """Whole dialogues that lose their beginning."""
    rng = random.Random(SEED)
    texts: list[str] = []
    while len(texts) < count:
        text = as_text(pick(dialogues, rng) + pick(dialogues, rng))
        if len(tokenizer(text)["input_ids"]) > MAX_LENGTH:
            texts.append(text)
    title = f"all rows longer than {MAX_LENGTH} tokens"
    return Workload("W3", title, "base", [{"text": text} for text in texts], texts)


def short_rows(name: str, count: int, peer_texts: int, tokenizer: Tokenizer) -> Workload:
    """Different texts of a few tokens."""
    rng = random.Random(SEED)
    parts = [f"{a}{b}" for a in ("ha", "ye", "no", "so", "we", "go") for b in ("", "s", "t", "n", "p")]
    texts: dict[str, None] = {}
    while len(texts) < count:
        made = [f"{rng.choice(parts)} {''.join(rng.choices(ascii_lowercase, k=4))}" for _ in range(count)]
        lengths = (len(ids) for ids in tokenizer(made)["input_ids"])
        texts |= {text: None for text, length in zip(made, lengths, strict=True) if length <= TINY_TOKENS}
    chosen = list(texts)[:count]
    title = f"tiny model, rows of at most {TINY_TOKENS} tokens"
    return Workload(name, title, "tiny", [{"text": text} for text in chosen], chosen, peer_texts=peer_texts)


def pick(dialogues: list[list[Turn]], rng: random.Random) -> list[Turn]:
    """One that is long enough for a reply after its beginning."""
    while True:
        turns: list[Turn] = rng.choice(dialogues)
        if len(turns) > TURNS[0]:
            return turns


def visible_ids(workload: Workload, tokenizer: Tokenizer) -> list[list[int]]:
    """What a model sees of each compared text: its last tokens, by the default rule or by that of `--reserve`."""
    texts = workload.compared_texts
    rows = tokenizer(texts)["input_ids"]
    most = workload.max_length
    if workload.reserve == 0:
        return [ids[-most:] for ids in rows]
    prompts = [len(ids) for ids in tokenizer(workload.prompts[: len(texts)])["input_ids"]]
    drops = (max(0, length - (most - workload.reserve)) for length in prompts)
    return [ids[drop:][-most:] for ids, drop in zip(rows, drops, strict=True)]


@cache
def tokenizer(directory: Path) -> Tokenizer:
    """A checkpoint's, without truncation."""
    from transformers import AutoTokenizer

    made: Tokenizer = AutoTokenizer.from_pretrained(directory)
    made.model_max_length = 10**9  # no warning of long texts
    return made
