"""
The second stage learns which reply belongs to which context, of all that are in a batch.

Layers 0 and 1 make a vector of each context (at the colon where a reply begins) and of each reply (where it ends), and neither
depends on the other: so one pass over 32 dialogues compares some 350 contexts with 350 replies, a hundred thousand pairs, where
rows of their own would be a hundred thousand passes. The loss is InfoNCE (van den Oord et al. 2018). The third stage begins with
a network that knows what replies are about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle

from .augmentation import names, spelling
from .corpus import Dialogue
from .network import HEAD, POSITIONS, Network, packed_places
from .schedule import Course, History, cosine
from .vocabulary import id_of
from .wiring import COMPARED, COPY_UNITS, FIRST, FIXED, MATCH, MATCHING_HEADS, WHERE, Head

BATCH, RATE, WORDS_RATE = 32, 8e-4, 1.6e-3
#: What the other turns of the same dialogue count beside those of others.
SAME_DIALOGUE = 0.1
#: Squared lengths of contexts and replies are kept about here: layer norms divide by them, and the wiring counts on it.
LENGTH = 190.0


@dataclass
class Batch:
    """Dialogues in a row, without padding: tokens [tokens], as contexts and as replies. Each dialogue has its replies [replies], the first turn aside."""

    ids: Tensor
    places: Tensor
    #: As replies the turns stand anywhere, so that a place cannot give away which context is theirs; and all begin with one name.
    reply_ids: Tensor
    reply_places: Tensor
    #: Which token [n, n] of each dialogue may see which: all before it as a context, its own turn as a reply, in layers 0 and 1.
    masks: list[Tensor]
    reply_masks: list[tuple[Tensor, Tensor]]
    #: Tokens of each dialogue at which its replies begin and end.
    opens: list[Tensor]
    closes: list[Tensor]


@dataclass
class Window:
    """The part of a dialogue that a batch shows: each token's id, turn, and place as a reply; where each turn begins (the colon) and ends."""

    ids: list[int] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    reply_places: list[int] = field(default_factory=list)
    opens: list[int] = field(default_factory=list)
    closes: list[int] = field(default_factory=list)


def reply_masks(window: Window) -> tuple[Tensor, Tensor]:
    turn, index = torch.tensor(window.turns), torch.arange(len(window.ids))
    own = (turn[:, None] == turn[None]) & (index[None] <= index[:, None])
    # The colon holds the context from layer 1 on.
    colon = torch.zeros(len(index), dtype=torch.bool)
    colon[window.opens[1:]] = True
    return own | (index == 0)[None], (own & ~colon[None]) | torch.eye(len(index)).bool()


class Dialogues:
    """Batches of dialogues, each with speakers' names of its own, in the order of a shuffle for each pass."""

    def __init__(self, dialogues: list[Dialogue], tokenizer: Tokenizer, seed: int) -> None:
        self._random, self._tokenizer = Random(f"matching {seed}"), tokenizer
        self._colon, self._name = id_of(tokenizer, ":"), tokenizer.encode("User").ids[0]
        self._encoded: list[list[list[int]]] = []
        for dialogue in dialogues:
            spell = spelling(self._random)
            self._encoded.append(
                [line.ids for line in tokenizer.encode_batch([f" {spell(turn.text)}\n" for turn in dialogue.turns])]
            )
        self._names: dict[str, list[int]] = {}
        self._left: list[int] = []

    def batch(self) -> Batch:
        windows: list[Window] = []
        while len(windows) < BATCH:
            if not self._left:
                self._left = list(range(len(self._encoded)))
                self._random.shuffle(self._left)
            windows.append(self._window(self._encoded[self._left.pop()]))
        return Batch(
            torch.tensor([token for it in windows for token in it.ids]),
            torch.tensor([place for it in windows for place in range(len(it.ids))]),
            torch.tensor([token for it in windows for token in (self._name, *it.ids[1:])]),
            torch.tensor([place for it in windows for place in (0, *it.reply_places[1:])]),
            [torch.ones(len(it.ids), len(it.ids)).tril().bool() for it in windows],
            [reply_masks(it) for it in windows],
            [torch.tensor(it.opens[1:], dtype=torch.long) for it in windows],
            [torch.tensor(it.closes[1:], dtype=torch.long) for it in windows],
        )

    def _window(self, lines: list[list[int]]) -> Window:
        random, window = self._random, Window()
        start = 0 if random.random() < 0.5 else random.randrange(max(1, len(lines) - 5))
        called = [self._called(name) for name in names(random)]
        for k in range(start, len(lines)):
            name, line = called[k % 2], lines[k]
            if len(window.ids) + len(name) + 1 + len(line) > POSITIONS:
                break
            colon_place = random.randrange(1, POSITIONS - len(line))
            # A name is read before its colon is: it still counts to the turn before.
            window.turns += [len(window.opens)] * len(name) + [len(window.opens) + 1] * (1 + len(line))
            window.reply_places += [0] * len(name) + list(range(colon_place, colon_place + 1 + len(line)))
            window.ids += [*name, self._colon, *line]
            window.opens.append(len(window.ids) - 1 - len(line))
            window.closes.append(len(window.ids) - 1)
        return window

    def _called(self, name: str) -> list[int]:
        if name not in self._names:
            self._names[name] = self._tokenizer.encode(name).ids
        return self._names[name]


class Matcher(nn.Module):
    """Each of the three comparing heads says from 0 to 1 how well a reply goes with a context; `weight` and `bias` [3]."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.weight, self.bias = (
            nn.Parameter(torch.full((MATCHING_HEADS,), 5.0)),
            nn.Parameter(torch.zeros(MATCHING_HEADS)),
        )

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Scores [contexts, replies], and how far the lengths of both are from where they should be."""
        replies, contexts = self._replies(batch), self._contexts(batch)
        last = self.network.blocks[2]
        asking = last.heads(replies)[0][:, :MATCHING_HEADS, COMPARED]
        asked = last.heads(contexts)[1][:, :MATCHING_HEADS, COMPARED]
        likeness = torch.einsum("chn,rhn->crh", asked, asking) / math.sqrt(HEAD) - self.bias
        lengths = sum(((x.pow(2).sum(-1) / LENGTH - 1).pow(2).mean() for x in (replies, contexts)), torch.zeros(()))
        return (torch.sigmoid(likeness) * self.weight).sum(-1), lengths

    def _replies(self, batch: Batch) -> Tensor:
        first, second = self.network.blocks[:2]
        x = first.packed(
            self.network.embed(batch.reply_ids, batch.reply_places),
            [mask for mask, _ in batch.reply_masks],
            slice(None),
        )
        asked = [mask[closes] for (_, mask), closes in zip(batch.reply_masks, batch.closes, strict=True)]
        return second.packed(x, asked, packed_places(batch.closes, batch.masks))

    def _contexts(self, batch: Batch) -> Tensor:
        """What the colons see. In layer 1 a colon looks at itself."""
        first, second = self.network.blocks[:2]
        asked = [mask[opens] for mask, opens in zip(batch.masks, batch.opens, strict=True)]
        colons = first.packed(
            self.network.embed(batch.ids, batch.places), asked, packed_places(batch.opens, batch.masks)
        )
        return second.attended(colons, second.heads(colons)[2])


def loss_of(scores: Tensor, dialogue: Tensor) -> Tensor:
    """Of all replies of other dialogues, and, with less weight, of the same one: which is this context's?"""
    same, own = dialogue[:, None] == dialogue[None], torch.arange(len(dialogue))
    others = scores.masked_fill(same & ~torch.eye(len(own)).bool(), -1e4)
    return (F.cross_entropy(others, own) + F.cross_entropy(others.T, own)) / 2 + SAME_DIALOGUE * F.cross_entropy(
        scores.masked_fill(~same, -1e4), own
    )


def learn_to_match(network: Network, dialogues: list[Dialogue], tokenizer: Tokenizer, seed: int, steps: int) -> History:
    """The network is changed in place."""
    torch.manual_seed(seed)
    source, matcher = Dialogues(dialogues, tokenizer, seed), Matcher(network)
    held = hold(network)
    words = network.wte.weight
    others = [parameter for parameter in matcher.parameters() if parameter is not words]
    optimizer = torch.optim.Adam(
        [{"params": [words], "rate": WORDS_RATE}, {"params": others, "rate": RATE}], betas=(0.9, 0.98)
    )
    course = Course("matching", steps)
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * cosine(step, steps)
        batch = source.batch()
        scores, lengths = matcher(batch)
        loss = loss_of(
            scores, torch.arange(BATCH).repeat_interleave(torch.tensor([len(opens) for opens in batch.opens]))
        )
        optimizer.zero_grad()
        (loss + 0.5 * lengths).backward()
        nn.utils.clip_grad_norm_(matcher.parameters(), 1.0)
        optimizer.step()
        course.add(step, loss.item())
    for handle in held:
        handle.remove()
    level(network, matcher, source)
    return course.history


def hold(network: Network) -> list[RemovableHandle]:
    """This stage moves meanings, not the wiring: the masks stand in for it, so that it could only be worn down. Removing the handles frees it."""
    still: dict[Tensor, Tensor] = {}

    def fix(parameter: Tensor, *index: slice | Tensor) -> None:
        still.setdefault(parameter, torch.ones_like(parameter))[index] = 0

    every = slice(None)
    fix(network.wte.weight, every, FIXED)
    fix(network.wpe.weight, every)
    for layer, block in enumerate(network.blocks):
        for norm in (block.ln_1, block.ln_2):
            fix(norm.weight, every)
            fix(norm.bias, every)
        fix(block.qkv.weight, every, WHERE)
        for linear in (block.out, block.down):
            fix(linear.weight, FIXED)
            fix(linear.bias, FIXED)
        if layer < 2:
            fix(block.up.weight, every, WHERE)
    copying = network.blocks[1]
    fix(copying.up.weight, slice(0, COPY_UNITS))
    fix(copying.up.bias, slice(0, COPY_UNITS))
    fix(copying.down.weight, every, slice(0, COPY_UNITS))
    for layer, head, start, stop in (
        (0, 0, 0, 64),
        (0, 1, 0, 64),
        (0, 2, 31, 32),
        (0, 3, 31, 32),
        (1, 0, 0, 64),
        (1, 1, 0, 31),
        (1, 2, 0, 31),
        (1, 3, 0, 31),
        (2, 0, 0, 32),
        (2, 1, 0, 32),
        (2, 2, 0, 32),
    ):
        for part in "qkv" if (start, stop) == (0, 64) else "qk":
            rows = Head(network, layer, head).rows(part, start, stop)
            fix(network.blocks[layer].qkv.weight, rows)
            fix(network.blocks[layer].qkv.bias, rows)
        if (start, stop) == (0, 64):
            fix(network.blocks[layer].out.weight, every, slice(head * HEAD, head * HEAD + HEAD))
    return [parameter.register_hook(mask.mul) for parameter, mask in still.items()]


@torch.no_grad()
def level(network: Network, matcher: Matcher, source: Dialogues) -> None:
    """Position 0 stands for "goes with nothing" in the real attention: it gets the stage's bias, over what the wiring adds to a colon."""
    found = []
    for _ in range(4):
        batch = source.batch()
        x = network.embed(batch.ids, batch.places)
        for block in network.blocks[:2]:
            x = block.packed(x, batch.masks, slice(None))
        queries, keys, _ = network.blocks[2].heads(x)
        opens, closes = packed_places(batch.opens, batch.masks), packed_places(batch.closes, batch.masks)
        begins = packed_places([torch.zeros_like(opens) for opens in batch.opens], batch.masks)
        asking, asked, nothing = queries[closes], keys[opens], keys[begins]
        look = slice(0, 31)
        wired = (asking[..., look] * asked[..., look]).sum(-1)
        sink = (asking[..., look] * nothing[..., look]).sum(-1)
        rest = (asking[..., 31:] * nothing[..., 31:]).sum(-1)
        found.append(torch.stack([wired, sink, rest], -1)[:, :MATCHING_HEADS] / math.sqrt(HEAD))
    wired, sink, rest = torch.cat(found).mean(0).unbind(-1)
    for index in range(MATCHING_HEADS):
        row = Head(network, 2, index).rows("k", 30, 31)
        network.blocks[2].qkv.weight[row, FIRST] *= (wired + matcher.bias - rest)[index] / sink[index]
    network.score.weight[0, MATCH] = matcher.weight / 8
