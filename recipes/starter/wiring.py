"""
What the network is before its first step: not noise, but a reader of lines `NAME: CONTENT` that compares a reply with what was said.

A small network that learns from a few hundred thousand dialogues finds the words of a reply that nobody gave, and not that a
reply has to do with its context: the product of two sums of words, each over the right tokens, is found too seldom by chance.
So its heads begin with that task, in three layers, and learn all the rest:

  layer 0   each token finds the colon of its turn and the token before itself; a colon means the words of its context
  layer 1   each token means the words of its own turn; and sees whether it and the token before it stood together earlier
  layer 2   what ends a turn compares its words with the context at the turn's colon; and counts the copied tokens

A token's 256 numbers are parted for this; the parts and nothing else is what the layers agree on. The comparison is the weight of
one attention: the colon's against that of position 0, which holds nothing and is always there (a sink: Xiao et al. 2024).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .network import HEAD, POSITIONS, WIDTH, Network

WORD = slice(0, 96)  # what a token means, or, in time, its context or its turn
IS_COLON, IS_LINE_END = 96, 97
SPELLING = slice(98, 130)  # a random code: which token this is
ONE, MINUS_ONE = (
    130,
    255,
)  # the same everywhere: much of each token's length, so that layer norms divide all by about the same
PLACE = 131  # the position
FIRST = 132  # position 0, so strongly that its layer norm leaves nothing else of it
PLACE_CODE = slice(
    133, 163
)  # the position, as waves; after layer 1, how far that is from the places which the token is like
TURN_CODE = slice(163, 193)  # the position of its turn's colon, as waves
BEFORE = slice(193, 225)  # the spelling of the token before
COPIED, COPIES = 225, 227  # whether a token is a copy, and how many of its turn are
MATCH = slice(228, 231)  # how well a turn's words go with its context, in three ways
FREE = slice(231, 249)
STEP_CODE = slice(249, 255)  # the position, as short waves

#: The numbers that the stage `matching` leaves as they are.
FIXED = torch.tensor([*range(96, 231), *range(249, 256)])
#: Of these, what says where a token is.
WHERE = torch.tensor([*range(130, 193), *range(225, 231), *range(249, 256)])

WAVES, PERIOD, NEAR = 15, 170.0, 4.0
BALLAST, FLAG, CODE, WORDS, SINK = 8.5, 2.5, 2.5, 3.0, 100.0
#: A compared head keeps 32 of its numbers for where to look and 32 for what it compares.
COMPARED = slice(32, 64)
MATCHING_HEADS = 3
#: Units of layer 1 that recognise a copy.
COPY_UNITS = 4 * WAVES


def bell() -> tuple[Tensor, Tensor]:
    """Frequencies and amplitudes [waves] such that codes of places multiply to a bell of 4 tokens, 1 in its middle."""
    frequency = 2 * math.pi * torch.arange(1, WAVES + 1) / PERIOD
    amplitude = torch.exp(-((frequency * NEAR) ** 2) / 4)
    return frequency, amplitude / amplitude.pow(2).sum().sqrt()


def steps() -> tuple[Tensor, Tensor]:
    """The same for codes that differ from token to token; and again, with other neighbours, further off."""
    frequency = 2 * math.pi / torch.tensor([3.3, 5.1, 9.7])
    return frequency, torch.full((3,), 3**-0.5)


def codes(frequency: Tensor, amplitude: Tensor) -> Tensor:
    """[positions, 2 waves]"""
    angle = torch.arange(POSITIONS)[:, None] * frequency
    return torch.cat([amplitude * torch.cos(angle), amplitude * torch.sin(angle)], 1)


def one_back(frequency: Tensor) -> Tensor:
    """[2 waves, 2 waves]: turns the code of a place into that of the place before."""
    cosine, sine = torch.diag(torch.cos(frequency)), torch.diag(torch.sin(frequency))
    return torch.cat([torch.cat([cosine, sine], 1), torch.cat([-sine, cosine], 1)])


class Head:
    """Rows of one head's queries, keys and values, and its columns of the output."""

    def __init__(self, network: Network, layer: int, head: int) -> None:
        self._block, self._at = network.blocks[layer], head * HEAD

    def rows(self, part: str, start: int = 0, stop: int = HEAD) -> slice:
        at = "qkv".index(part) * WIDTH + self._at
        return slice(at + start, at + stop)

    def clear(self, parts: str, start: int = 0, stop: int = HEAD) -> None:
        for part in parts:
            self._block.qkv.weight[self.rows(part, start, stop)] = 0

    def set(self, part: str, numbers: int | slice, source: int | slice, value: float | Tensor) -> None:
        """These numbers of the query, key or value read that part of a token."""
        numbers = span(numbers)
        self._block.qkv.weight[self.rows(part, numbers.start, numbers.stop), source] = value

    def carry(self, source: int | slice, to: int | slice, read: float, write: float = 1.0) -> None:
        """The values are that part of a token, and nothing else; they go to that part of the token which looks."""
        source, to = span(source), span(to)
        size = source.stop - source.start
        columns = slice(self._at, self._at + HEAD)
        self.clear("v")
        self.set("v", slice(0, size), source, read * torch.eye(size))
        self._block.out.weight[:, columns] = 0
        self._block.out.weight[to, columns] = write * torch.eye(size, HEAD)


def span(part: int | slice) -> slice:
    return slice(part, part + 1) if isinstance(part, int) else part


@torch.no_grad()
def wire(  # noqa: PLR0915 - the wiring is one list of settings, in the order of the layers
    network: Network, words: Tensor, colon: int, line_end: int, seed: int
) -> None:
    """`words` [vocabulary, 96] are the vectors of the first stage."""
    _embeddings(network, words, colon, line_end, torch.Generator().manual_seed(seed))
    # By what the layer norms of the first, and of later layers, multiply.
    first = math.sqrt(WIDTH / (2 * BALLAST**2 + WORDS**2 + 3 * CODE**2 + 1.3))
    later = math.sqrt(WIDTH / (2 * BALLAST**2 + 35 + 3 * CODE**2 + 1.3))
    root = math.sqrt(HEAD)
    for block in network.blocks:
        block.qkv.weight[: 2 * WIDTH] *= 0.5
        # The rest knows no places, and leaves the wiring's parts to it.
        block.qkv.weight[:, WHERE] = 0
        block.up.weight[:, WHERE] = 0
        block.out.weight[FIXED] = 0
        block.down.weight[FIXED] = 0

    def logit(value: float, scale: float, asking: float, asked: float, normed: bool = False) -> float:
        """The key's weight that makes a logit of `value` of two numbers of that size."""
        return value * root / (scale * asking * (asked if normed else scale * asked))

    def near(head: Head, source: slice, value: float, scale: float) -> None:
        """Looks where the code is like its own."""
        weight = math.sqrt(value * root) / (scale * CODE) * torch.eye(2 * WAVES)
        head.set("q", slice(0, 30), source, weight)
        head.set("k", slice(0, 30), source, weight)

    def last_colon(head: Head, flag: int, place: int) -> None:
        """Keys of the last colon so far; never position 0, whose numbers are small beside its layer norm."""
        head.set("k", flag, IS_COLON, logit(40, first, BALLAST, FLAG))
        head.set("k", place, PLACE, logit(0.5 * 64, first, BALLAST, 1))
        head.set("k", flag, FIRST, logit(-75, first, BALLAST, math.sqrt(WIDTH), normed=True))

    # Layer 0: the last colon; the token before; and, for colons, the words so far, slowly and quickly forgotten.
    head = Head(network, 0, 0)
    head.clear("qk")
    head.set("q", slice(0, 2), ONE, 1.0)
    last_colon(head, 0, 1)
    head.carry(PLACE_CODE, TURN_CODE, 1 / first)

    head = Head(network, 0, 1)
    head.clear("qk")
    for numbers, part, (frequency, _) in ((slice(0, 30), PLACE_CODE, bell()), (slice(30, 36), STEP_CODE, steps())):
        weight = math.sqrt(15 * root) / (first * CODE)
        head.set("q", numbers, part, weight * one_back(frequency))
        head.set("k", numbers, part, weight * torch.eye(len(frequency) * 2))
    head.carry(SPELLING, BEFORE, 1 / first)

    for index, forgets, part in ((2, 0.01, slice(0, 64)), (3, 0.05, slice(32, 96))):
        head = Head(network, 0, index)
        head.clear("qk", 0, 32)
        head.set("q", 30, IS_COLON, 1.0)
        head.set("k", 30, PLACE, logit(forgets * 64, first, FLAG, 1))
        head.set("k", 30, FIRST, logit(-20, first, FLAG, math.sqrt(WIDTH), normed=True))
        # Who is no colon looks at its own, which means nothing.
        head.set("q", 31, ONE, 1.0)
        head.set("q", 31, IS_COLON, -BALLAST / FLAG)
        last_colon(head, 31, 31)
        head.carry(part, part, 1 / first)

    # Layer 1: where this token and the one before it stand together, itself always among them; and the words of its turn.
    head = Head(network, 1, 0)
    head.clear("qk")
    alike = math.sqrt(8 * root) / (later * CODE) * torch.eye(32)
    for side in "qk":
        head.set(side, slice(0, 32), SPELLING, alike)
        head.set(side, slice(32, 64), BEFORE, alike)
    head.carry(PLACE_CODE, PLACE_CODE, 1 / later, -1.0)
    _copied(network, later)

    for index, carried in ((1, slice(0, 64)), (2, slice(32, 96)), (3, None)):
        head = Head(network, 1, index)
        head.clear("qk", 0, 32)
        near(head, TURN_CODE, 15, later)
        # Never its colon, which holds the context: unless it is that colon.
        head.set("q", 30, ONE, 1.0)
        head.set("q", 30, IS_COLON, -BALLAST / FLAG)
        head.set("k", 30, IS_COLON, logit(-15, later, BALLAST, FLAG))
        if carried is not None:
            head.carry(carried, carried, 1 / later, 1.5)

    # Layer 2: a third of the words each, against the context at the own colon, or nothing; and the copies of the turn.
    for index in range(MATCHING_HEADS):
        head, part = Head(network, 2, index), slice(index * 32, index * 32 + 32)
        head.clear("qk")
        near(head, TURN_CODE, 12, later)
        head.set("q", slice(30, 32), ONE, 1.0)
        head.set("k", 30, IS_COLON, logit(12, later, BALLAST, FLAG))
        head.set("k", 30, FIRST, logit(25, later, BALLAST, math.sqrt(WIDTH), normed=True))
        for side in "qk":
            head.set(side, COMPARED, part, 1.6 * torch.eye(32))
        head.carry(IS_COLON, MATCH.start + index, 1 / (later * FLAG))
    head = Head(network, 2, 3)
    head.clear("qk", 0, 32)
    near(head, TURN_CODE, 15, later)
    head.set("v", 0, slice(0, WIDTH), 0.0)
    head.set("v", 0, COPIED, 1 / later)
    network.blocks[2].out.weight[:, 3 * HEAD] = 0
    network.blocks[2].out.weight[COPIES, 3 * HEAD] = 1.0
    network.score.weight.zero_()


def _embeddings(network: Network, words: Tensor, colon: int, line_end: int, chance: torch.Generator) -> None:
    tokens, places = network.wte.weight, network.wpe.weight
    size = len(tokens)
    tokens.zero_()
    tokens[:, WORD] = words / words.norm(dim=1).mean() * WORDS
    tokens[colon, WORD] = 0
    tokens[colon, IS_COLON] = tokens[line_end, IS_LINE_END] = FLAG
    code = torch.randn(size, 32, generator=chance)
    tokens[:, SPELLING] = code / code.norm(dim=1, keepdim=True) * CODE
    tokens[:, FREE] = torch.randn(size, FREE.stop - FREE.start, generator=chance) * 0.05
    places.zero_()
    places[:, ONE], places[:, MINUS_ONE] = BALLAST, -BALLAST
    places[:, PLACE] = (torch.arange(POSITIONS) - POSITIONS // 2) / 64
    places[0, FIRST] = SINK
    places[:, PLACE_CODE] = codes(*bell()) * CODE
    places[:, STEP_CODE] = codes(*steps()) * CODE


def _copied(network: Network, scale: float) -> None:
    """
    What looked at itself alone has nothing left of its place's code; a copy has half of it, and half of another's. The sum of what
    is left without signs, each as GELU(x) + GELU(-x). No small difference of large numbers: float32 would show it in the rewards.
    """
    block, size = network.blocks[1], 2 * WAVES
    block.up.weight[:COPY_UNITS] = 0
    block.up.weight[:size, PLACE_CODE] = torch.eye(size) * 3 / scale
    block.up.weight[size:COPY_UNITS, PLACE_CODE] = torch.eye(size) * -3 / scale
    block.down.weight[:, :COPY_UNITS] = 0
    block.down.weight[COPIED, :COPY_UNITS] = 0.1
