"""
The second lesson: which reply belongs to which context, of all that are in a batch.

Layers 0 and 1 make a vector of each context (at the colon where a reply begins) and of each reply (where it ends), and neither
depends on the other: so one pass over 32 dialogues compares some 350 contexts with 350 replies, a hundred thousand pairs, where
rows of their own would be a hundred thousand passes. The loss is InfoNCE (van den Oord et al. 2018). The third lesson begins with
a network that knows what replies are about.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle

from .corpus import Dialogue
from .network import HEAD, POSITIONS, WIDTH, Network
from .schedule import Course, History, cosine
from .voices import names, spelling
from .wiring import COMPARED, COPY_UNITS, FIRST, FIXED, MATCH, MATCHING_HEADS, WHERE, Head

BATCH, RATE, WORDS_RATE = 32, 8e-4, 1.6e-3
#: What the other turns of the same dialogue count beside those of others.
SAME_DIALOGUE = 0.1
#: Squared lengths of contexts and replies are kept about here: layer norms divide by them, and the wiring counts on it.
LENGTH = 190.0


@dataclass
class Batch:
    """Rows of tokens, as contexts and as replies; `opens` and `closes` [pairs, 2] say where each reply begins and ends."""

    ids: Tensor
    #: As replies the turns stand anywhere, so that a place cannot give away which context is theirs; and all begin with one name.
    reply_ids: Tensor
    reply_places: Tensor
    #: Whom a token of a reply may see in layers 0 and 1: its own turn.
    masks: tuple[Tensor, Tensor]
    opens: Tensor
    closes: Tensor
    dialogue: Tensor


class Dialogues:
    """Each told by names of its own, in order of a shuffle for each pass."""

    def __init__(self, dialogues: list[Dialogue], tokenizer: Tokenizer, seed: int):
        self._random, self._encode = Random(f"matching {seed}"), lambda text: tokenizer.encode(text).ids
        self._colon, self._name = tokenizer.token_to_id(":"), self._encode("User")[0]
        self._told: list[list[list[int]]] = []
        for dialogue in dialogues:
            spell = spelling(self._random)
            self._told.append([line.ids for line in tokenizer.encode_batch([f" {spell(turn.text)}\n" for turn in dialogue.turns])])
        self._names: dict[str, list[int]] = {}
        self._left: list[int] = []

    def batch(self) -> Batch:
        rows, turns, places, opens, closes, dialogue = [], [], [], [], [], []
        while len(rows) < BATCH:
            if not self._left:
                self._left = list(range(len(self._told)))
                self._random.shuffle(self._left)
            ids, turn, place, begun = self._window(self._told[self._left.pop()])
            for open_, close in begun[1:]:
                opens.append((len(rows), open_))
                closes.append((len(rows), close))
                dialogue.append(len(rows))
            rows.append(ids)
            turns.append(turn)
            places.append(place)
        longest = -(-max(map(len, rows)) // 32) * 32

        def padded(lists: list[list[int]], fill: int) -> Tensor:
            return torch.tensor([it + [fill] * (longest - len(it)) for it in lists])

        ids, turn, place = padded(rows, 0), padded(turns, -1), padded(places, 0)
        reply_ids = ids.clone()
        reply_ids[:, 0] = self._name
        place[:, 0] = 0
        colons = torch.zeros_like(ids, dtype=torch.bool)
        for row, _ in enumerate(rows):
            colons[row, [at for it, at in opens if it == row]] = True
        earlier = torch.ones(longest, longest).tril().bool()[None]
        own = earlier & (turn[:, :, None] == turn[:, None, :])
        begin = (torch.arange(longest) == 0)[None, None]
        itself = torch.eye(longest).bool()[None]
        # The colon holds the context from layer 1 on.
        masks = ((own | (begin & earlier))[:, None], ((own & ~colons[:, None, :]) | itself)[:, None])
        return Batch(ids, reply_ids, place, masks, torch.tensor(opens), torch.tensor(closes), torch.tensor(dialogue))

    def _window(self, told: list[list[int]]) -> tuple[list[int], list[int], list[int], list[tuple[int, int]]]:
        """Tokens, their turns, their places as replies; and where turns begin (the colon) and end."""
        random = self._random
        start = 0 if random.random() < 0.5 else random.randrange(max(1, len(told) - 5))
        called = [self._called(name) for name in names(random)]
        ids: list[int] = []
        turns: list[int] = []
        places: list[int] = []
        begun: list[tuple[int, int]] = []
        for k in range(start, len(told)):
            name, line = called[k % 2], told[k]
            if len(ids) + len(name) + 1 + len(line) > POSITIONS:
                break
            colon_place = random.randrange(1, POSITIONS - len(line))
            # A name is read before its colon is: it still counts to the turn before.
            turns += [len(begun)] * len(name) + [len(begun) + 1] * (1 + len(line))
            places += [0] * len(name) + list(range(colon_place, colon_place + 1 + len(line)))
            ids += [*name, self._colon]
            begun.append((len(ids) - 1, len(ids) - 1 + len(line)))
            ids += line
        return ids, turns, places, begun

    def _called(self, name: str) -> list[int]:
        if name not in self._names:
            self._names[name] = self._encode(name)
        return self._names[name]


class Matcher(nn.Module):
    """Each of the three comparing heads says from 0 to 1 how well a reply goes with a context; `weight` and `bias` [3]."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network
        self.weight, self.bias = nn.Parameter(torch.full((MATCHING_HEADS,), 5.0)), nn.Parameter(torch.zeros(MATCHING_HEADS))

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Scores [contexts, replies], and how far the lengths of both are from where they should be."""
        with torch.autocast("cpu", torch.bfloat16):
            replies, contexts = self._replies(batch), self._contexts(batch)
        replies, contexts = replies.float(), contexts.float()
        last = self.network.blocks[2]
        asking = last.heads(replies)[0][:, :MATCHING_HEADS, COMPARED]
        asked = last.heads(contexts)[1][:, :MATCHING_HEADS, COMPARED]
        likeness = torch.einsum("chn,rhn->crh", asked, asking) / math.sqrt(HEAD) - self.bias
        lengths = sum((x.pow(2).sum(-1) / LENGTH - 1).pow(2).mean() for x in (replies, contexts))
        return (torch.sigmoid(likeness) * self.weight).sum(-1), lengths

    def _replies(self, batch: Batch) -> Tensor:
        x = self.network.embed(batch.reply_ids, batch.reply_places)
        for block, mask in zip(self.network.blocks, batch.masks, strict=False):
            x = block(x, mask)
        return x[batch.closes[:, 0], batch.closes[:, 1]]

    def _contexts(self, batch: Batch) -> Tensor:
        """What the colons see: only they are computed. In layer 1 a colon looks at itself."""
        first, second = self.network.blocks[:2]
        x = self.network.embed(batch.ids, torch.arange(batch.ids.shape[1])[None])
        queries, keys, values = (part.transpose(1, 2) for part in first.heads(x))
        row, at = batch.opens.T
        slot = torch.arange(len(row)) - torch.searchsorted(row.contiguous(), row.contiguous())
        places = torch.zeros(len(x), int(slot.max()) + 1, dtype=torch.long)
        places[row, slot] = at
        asking = queries.gather(2, places[:, None, :, None].expand(-1, queries.shape[1], -1, HEAD))
        earlier = torch.arange(x.shape[1])[None, None, None] <= places[:, None, :, None]
        found = F.scaled_dot_product_attention(asking, keys, values, attn_mask=earlier).transpose(1, 2)
        colons = first.attended(x.gather(1, places[:, :, None].expand(-1, -1, WIDTH)), found)[row, slot]
        return second.attended(colons, second.heads(colons)[2])


def loss_of(scores: Tensor, dialogue: Tensor) -> Tensor:
    """Of all replies of other dialogues, and, with less weight, of the same one: which is this context's?"""
    same, own = dialogue[:, None] == dialogue[None], torch.arange(len(dialogue))
    others = scores.masked_fill(same & ~torch.eye(len(own)).bool(), -1e4)
    return (F.cross_entropy(others, own) + F.cross_entropy(others.T, own)) / 2 + SAME_DIALOGUE * F.cross_entropy(scores.masked_fill(~same, -1e4), own)


def learn_to_match(network: Network, dialogues: list[Dialogue], tokenizer: Tokenizer, seed: int, steps: int) -> History:
    """The network is changed in place."""
    torch.manual_seed(seed)
    told, matcher = Dialogues(dialogues, tokenizer, seed), Matcher(network)
    held = hold(network)
    words = network.wte.weight
    others = [parameter for parameter in matcher.parameters() if parameter is not words]
    optimizer = torch.optim.Adam([{"params": [words], "rate": WORDS_RATE}, {"params": others, "rate": RATE}], betas=(0.9, 0.98))
    course = Course("matching", steps)
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * cosine(step, steps)
        batch = told.batch()
        scores, lengths = matcher(batch)
        loss = loss_of(scores, batch.dialogue)
        optimizer.zero_grad()
        (loss + 0.5 * lengths).backward()
        nn.utils.clip_grad_norm_(matcher.parameters(), 1.0)
        optimizer.step()
        course.add(step, loss.item())
    for handle in held:
        handle.remove()
    level(network, matcher, told)
    return course.history


def hold(network: Network) -> list[RemovableHandle]:
    """This lesson moves meanings, not the wiring: the masks stand in for it, so that it could only be worn down. Removing the handles frees it."""
    still: dict[nn.Parameter, Tensor] = {}

    def fix(parameter: nn.Parameter, *index: object) -> None:
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
        (0, 0, 0, 64), (0, 1, 0, 64), (0, 2, 31, 32), (0, 3, 31, 32), (1, 0, 0, 64),
        (1, 1, 0, 31), (1, 2, 0, 31), (1, 3, 0, 31), (2, 0, 0, 32), (2, 1, 0, 32), (2, 2, 0, 32),
    ):  # fmt: skip
        for part in "qkv" if (start, stop) == (0, 64) else "qk":
            rows = Head(network, layer, head).rows(part, start, stop)
            fix(network.blocks[layer].qkv.weight, rows)
            fix(network.blocks[layer].qkv.bias, rows)
        if (start, stop) == (0, 64):
            fix(network.blocks[layer].out.weight, every, slice(head * HEAD, head * HEAD + HEAD))
    return [parameter.register_hook(lambda gradient, mask=mask: gradient * mask) for parameter, mask in still.items()]


@torch.no_grad()
def level(network: Network, matcher: Matcher, told: Dialogues) -> None:
    """Position 0 stands for "goes with nothing" in the real attention: it gets the lesson's bias, over what the wiring adds to a colon."""
    found = []
    for _ in range(4):
        batch = told.batch()
        x = network.embed(batch.ids, torch.arange(batch.ids.shape[1])[None])
        mask = torch.ones(x.shape[1], x.shape[1]).tril().bool()[None, None]
        for block in network.blocks[:2]:
            x = block(x, mask)
        queries, keys, _ = network.blocks[2].heads(x)
        row, close = batch.closes.T
        asking, asked, nothing = queries[row, close], keys[row, batch.opens[:, 1]], keys[row, 0]
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
