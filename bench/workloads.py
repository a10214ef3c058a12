"""What is scored: rows for the tool, the texts that they mean for its peers, from a seed."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

import models
from conversations import Turn, as_text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase as Tokenizer

SEED = 2
# Turns before the reply: with real conversations about 175 tokens a row, one row in six cut.
TURNS = (8, 18)
MAX_LENGTH = 256
RESERVE = 64
TINY_TOKENS = 8
# What all rows of one persona begin with.
PERSONA_TOKENS = 177
# Of an encoder, with the tokens that its tokenizer adds.
ENCODER_MAX_LENGTH = 512
SHORT_TOKENS = 16
QUERY_TOKENS = (6, 20)
DOCUMENT_TOKENS = (16, 256)

#: What one reward is of, for the peers: a text, or for an encoder a pair of them.
Text = str | tuple[str, str]
#: What a network reads of one text, without padding: `input_ids`, and of an encoder `token_type_ids`.
Inputs = dict[str, list[int]]


@dataclass(frozen=True)
class Workload:
    """`rows` as the tool reads them; `texts`, one for each reward; `prompts`, what stands before a text's response.

    Peers score the first `peer_texts` of the texts, where all would take them too long.
    """

    name: str
    title: str
    model: str
    rows: list[dict[str, Any]]
    texts: Sequence[Text]
    prompts: list[str] = field(default_factory=list)
    group: int = 1
    reserve: int = 0
    max_length: int = MAX_LENGTH
    peer_texts: int | None = None

    @property
    def compared_texts(self) -> Sequence[Text]:
        """Those that every contender scores."""
        return self.texts[: self.peer_texts]

    @property
    def encoder(self) -> bool:
        """Whether the model is one: its peers' batches and cuts are then other ones."""
        return self.model == models.ENCODER

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
    encoded: int = 2_000
    encoded_short: int = 500
    encoded_long: int = 100
    queries: int = 50
    documents: int = 10
    personal: int = 300
    personal_peers: int = 60


QUICK = Sizes(3, 4, 12, 6, 5_000, 400, 1, 4, 48, 48, 6, 4, 5, 12, 6)


def makers(
    dialogues: list[list[Turn]], sizes: Sizes, tokenizer_of: Callable[[str], Tokenizer]
) -> dict[str, Callable[[], Workload]]:
    """All of them, by name and in order. `tokenizer_of` gives a model's, by its name."""

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
        "W3": lambda: longer_than_window(dialogues, sizes.long, tokenizer_of("base")),
        "W4": lambda: short_rows("W4", sizes.tiny, sizes.tiny_peers, tokenizer_of("tiny")),
        "W5": large,
        "W6": lambda: mixed_texts(dialogues, sizes.encoded, tokenizer_of(models.ENCODER)),
        "W6s": lambda: short_texts(dialogues, sizes.encoded_short, tokenizer_of(models.ENCODER)),
        "W6l": lambda: long_texts(dialogues, sizes.encoded_long, tokenizer_of(models.ENCODER)),
        "W6p": lambda: pairs(dialogues, sizes.queries, sizes.documents, tokenizer_of(models.ENCODER)),
        "W7": lambda: one_persona(dialogues, sizes.personal, sizes.personal_peers, tokenizer_of("base")),
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


def one_persona(dialogues: list[list[Turn]], count: int, peer_texts: int, tokenizer: Tokenizer) -> Workload:
    """Rows that all begin with the same description, each with a short conversation of its own; none is cut."""
    rng = random.Random(SEED)
    persona = beginning(dialogues, PERSONA_TOKENS, tokenizer, rng)
    spoken = [turns for turns in dialogues if turns]
    texts: dict[str, None] = {}
    while len(texts) < count:
        turns = rng.choice(spoken)
        start = rng.randrange(len(turns))
        text = f"{persona}\n{as_text(turns[start : start + rng.randrange(1, 6)])}"
        if len(tokenizer(text)["input_ids"]) <= MAX_LENGTH:
            texts[text] = None
    title = f"one persona of {PERSONA_TOKENS} tokens in {count:,} rows"
    return Workload("W7", title, "base", [{"text": text} for text in texts], list(texts), peer_texts=peer_texts)


def beginning(dialogues: list[list[Turn]], tokens: int, tokenizer: Tokenizer, rng: random.Random) -> str:
    """Of a dialogue that is longer, so many tokens."""
    while True:
        text = as_text(rng.choice(dialogues))
        ends = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        if len(ends) > tokens:
            return text[: ends[tokens - 1][1]].rstrip()


def mixed_texts(dialogues: list[list[Turn]], count: int, tokenizer: Tokenizer) -> Workload:
    """Of all lengths that an encoder takes, as many from 16 to 32 tokens as from 256 to 512."""
    bounds = (SHORT_TOKENS, ENCODER_MAX_LENGTH)
    return encoded("W6", f"encoder, {count:,} texts of mixed length", dialogues, count, bounds, tokenizer)


def short_texts(dialogues: list[list[Turn]], count: int, tokenizer: Tokenizer) -> Workload:
    """A few words each."""
    title = f"encoder, {count:,} texts of at most {SHORT_TOKENS} tokens"
    return encoded("W6s", title, dialogues, count, (SHORT_TOKENS // 2, SHORT_TOKENS), tokenizer)


def long_texts(dialogues: list[list[Turn]], count: int, tokenizer: Tokenizer) -> Workload:
    """As long as an encoder takes them."""
    bounds = (ENCODER_MAX_LENGTH, ENCODER_MAX_LENGTH)
    title = f"encoder, {count:,} texts of {ENCODER_MAX_LENGTH} tokens"
    return encoded("W6l", title, dialogues, count, bounds, tokenizer)


def encoded(
    name: str, title: str, dialogues: list[list[Turn]], count: int, bounds: tuple[int, int], tokenizer: Tokenizer
) -> Workload:
    """Different texts for an encoder, of lengths within `bounds`."""
    texts = passages(dialogues, count, bounds, tokenizer, random.Random(SEED))
    rows = [{"text": text} for text in texts]
    return Workload(name, title, models.ENCODER, rows, texts, max_length=ENCODER_MAX_LENGTH)


def pairs(dialogues: list[list[Turn]], queries: int, documents: int, tokenizer: Tokenizer) -> Workload:
    """Queries with the documents that are to be ranked for them, a row for each."""
    rng = random.Random(SEED)
    asked = passages(dialogues, queries, QUERY_TOKENS, tokenizer, rng)
    found = passages(dialogues, queries * documents, DOCUMENT_TOKENS, tokenizer, rng)
    texts = [(asked[i // documents], document) for i, document in enumerate(found)]
    rows = [{"query": query, "document": document} for query, document in texts]
    title = f"encoder, {queries} queries x {documents} documents"
    return Workload("W6p", title, models.ENCODER, rows, texts, group=documents, max_length=ENCODER_MAX_LENGTH)


def passages(
    dialogues: list[list[Turn]], count: int, bounds: tuple[int, int], tokenizer: Tokenizer, rng: random.Random
) -> list[str]:
    """Different ones, of lengths in tokens that are spread evenly over their logarithm. Raises SystemExit if there are too few."""
    least, most = map(math.log, bounds)
    spoken = [turns for turns in dialogues if turns]
    found: dict[str, None] = {}
    for _ in range(20 * count):
        found[passage(spoken, round(math.exp(rng.uniform(least, most))), tokenizer, rng)] = None
        if len(found) == count:
            return list(found)
    raise SystemExit(
        f"the conversations give {len(found)} different texts of {bounds[0]} to {bounds[1]} tokens, not {count}"
    )


def passage(dialogues: list[list[Turn]], tokens: int, tokenizer: Tokenizer, rng: random.Random) -> str:
    """What was said from some turn on, in one dialogue after another, cut to so many tokens with [CLS] and [SEP]."""
    text = ""
    ends: list[tuple[int, int]] = []
    while len(ends) < tokens - 2:
        turns = rng.choice(dialogues)
        said = [turn["text"] for turn in turns[rng.randrange(len(turns)) :]]
        text = " ".join([text, *said]).strip()
        ends = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    # Pieces of a word are found from its beginning, so those that stay are the same without the rest.
    return text[: ends[tokens - 3][1]]


def pick(dialogues: list[list[Turn]], rng: random.Random) -> list[Turn]:
    """One that is long enough for a reply after its beginning."""
    while True:
        turns: list[Turn] = rng.choice(dialogues)
        if len(turns) > TURNS[0]:
            return turns


def lengths(workload: Workload, tokenizer: Tokenizer) -> list[int]:
    """In tokens, of each compared text before it is cut."""
    return [len(ids) for ids in tokenizer(*columns(workload.compared_texts))["input_ids"]]


def visible(workload: Workload, tokenizer: Tokenizer) -> list[Inputs]:
    """What a model sees of each compared text.

    Of an encoder's what its tokenizer leaves; of others the last tokens, by the default rule or by that of `--reserve`.
    """
    texts = workload.compared_texts
    most = workload.max_length
    if workload.encoder:
        made = tokenizer(*columns(texts), truncation=True, max_length=most)
        return [
            {"input_ids": ids, "token_type_ids": types}
            for ids, types in zip(made["input_ids"], made["token_type_ids"], strict=True)
        ]
    rows = tokenizer(*columns(texts))["input_ids"]
    if workload.reserve == 0:
        return [{"input_ids": ids[-most:]} for ids in rows]
    prompts = [len(ids) for ids in tokenizer(workload.prompts[: len(texts)])["input_ids"]]
    drops = (max(0, length - (most - workload.reserve)) for length in prompts)
    return [{"input_ids": ids[drop:][-most:]} for ids, drop in zip(rows, drops, strict=True)]


def columns(texts: Sequence[Text]) -> list[list[str]]:
    """As a tokenizer takes them: the texts, or the first ones of pairs and the second ones."""
    rows = [(text,) if isinstance(text, str) else text for text in texts]
    return [list(column) for column in zip(*rows, strict=True)]


@cache
def tokenizer(directory: Path) -> Tokenizer:
    """A checkpoint's, without truncation."""
    from transformers import AutoTokenizer

    made: Tokenizer = AutoTokenizer.from_pretrained(directory)
    made.model_max_length = 10**9  # no warning of long texts
    return made
