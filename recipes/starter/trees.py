"""A dialogue and the replies that nobody gave, as one tree of tokens.

The trunk is the dialogue itself: its turns are the positives, each judged where it ends. A branch is a negative that
leaves the trunk before the turn whose place it takes. All share the trunk's computation, as candidates share their
prompt's in reward-score, so one pass over some 500 tokens judges some 40 replies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

import torch
from tokenizers import Tokenizer
from torch import Tensor

from .augmentation import names, spelling
from .corpus import Dialogue
from .negatives import Negatives

TRUNK = 0
#: The kind of a turn that was really said.
REAL = "real"


@dataclass(frozen=True)
class Judged:
    #: Index of the token, the turn of the dialogue whose place the reply takes, and its kind.
    token: int
    turn: int
    kind: str
    target: float
    weight: float


@dataclass
class Tree:
    ids: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    #: 0 for the trunk, else the number of its branch.
    branch: list[int] = field(default_factory=list)
    #: How many tokens of the trunk a token may look at, at most.
    visible: list[int] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)

    @property
    def trunk(self) -> list[int]:
        return [token for token, branch in zip(self.ids, self.branch, strict=True) if branch == TRUNK]


class Trees:
    """One tree for each window of each dialogue, drawn anew in each pass from (seed, index) alone."""

    def __init__(
        self,
        dialogues: list[Dialogue],
        negatives: Negatives,
        tokenizer: Tokenizer,
        seed: int,
        passes: float = 1,
        trunk_tokens: int = 256,
        branch_tokens: int = 256,
    ) -> None:
        self.dialogues, self.negatives, self.tokenizer = dialogues, negatives, tokenizer
        self.seed, self.trunk_tokens, self.branch_tokens = seed, trunk_tokens, branch_tokens
        self._order = list(range(len(dialogues))) * math.ceil(passes)
        Random(seed).shuffle(self._order)
        self._order = self._order[: int(len(dialogues) * passes)]

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: int) -> Tree:
        random = Random(f"{self.seed} {index}")
        return self.grow(self.dialogues[self._order[index]], random)

    def grow(self, dialogue: Dialogue, random: Random) -> Tree:
        tree, speakers, spell = Tree(), names(random), spelling(random)
        first_speaker = dialogue.turns[0].speaker

        def line(k: int, text: str) -> list[int]:
            name = speakers[0] if dialogue.turns[k].speaker == first_speaker else speakers[1]
            return self.tokenizer.encode(f"{name}: {spell(text)}\n").ids

        # A conversation as users have it seldom shows its beginning.
        start = 0 if random.random() < 0.5 else random.randrange(max(1, len(dialogue.turns) - 6))
        begins: dict[int, int] = {}
        for k in range(start, len(dialogue.turns)):
            ids = line(k, dialogue.turns[k].text)
            if k == start and random.random() < 0.15:
                ids = ids[random.randrange(len(ids)) :]  # left truncation cuts within a line
            if len(tree.ids) + len(ids) > self.trunk_tokens:
                break
            begins[k] = len(tree.ids)
            append(tree, ids, TRUNK, len(tree.ids), self.trunk_tokens)
            if k > start:
                judge(tree, k, REAL, dialogue.turns[k].target)
        places = [k for k in begins if k > start]
        room, number = self.branch_tokens, 0
        for _ in range(6 * len(places)):
            k = random.choice(places)
            negative = self.negatives.draw_any(dialogue, k, random)
            if negative is None:
                continue
            ids = line(k, negative[1])
            if len(ids) > room or begins[k] + len(ids) > self.trunk_tokens:
                if room < 12:
                    break
                continue
            number += 1
            room -= len(ids)
            append(tree, ids, number, begins[k], begins[k])
            judge(tree, k, negative[0], 0.0)
        return tree


def append(tree: Tree, ids: list[int], branch: int, position: int, visible: int) -> None:
    tree.ids += ids
    tree.positions += range(position, position + len(ids))
    tree.branch += [branch] * len(ids)
    tree.visible += [visible] * len(ids)


def judge(tree: Tree, turn: int, kind: str, target: float) -> None:
    """Where the line ends, and, with less weight, a token before: a row may come without its last newline."""
    tree.judged.append(Judged(len(tree.ids) - 1, turn, kind, target, 1.0))
    tree.judged.append(Judged(len(tree.ids) - 2, turn, kind, target, 0.25))


@dataclass
class Batch:
    """Trees in a row, without padding: tokens [tokens]; a mask [n, n] and the judged tokens of each tree."""

    ids: Tensor
    positions: Tensor
    masks: list[Tensor]
    judged: list[Tensor]
    #: Of all judged tokens [n]: target and weight; `real`, where the real reply of its place is judged in this list.
    targets: Tensor
    weights: Tensor
    real: Tensor
    kinds: list[str]


def collate(trees: list[Tree]) -> Batch:
    judged = [(number, it) for number, tree in enumerate(trees) for it in tree.judged]
    real = {(number, it.turn, it.weight): index for index, (number, it) in enumerate(judged) if it.kind == REAL}
    return Batch(
        torch.tensor([token for tree in trees for token in tree.ids]),
        torch.tensor([place for tree in trees for place in tree.positions]),
        [mask_of(tree) for tree in trees],
        [torch.tensor([it.token for it in tree.judged]) for tree in trees],
        torch.tensor([it.target for _, it in judged]),
        torch.tensor([it.weight for _, it in judged]),
        torch.tensor([real[number, it.turn, it.weight] for number, it in judged]),
        [it.kind for _, it in judged],
    )


def mask_of(tree: Tree) -> Tensor:
    """Which token [n, n] may look at which: the trunk as far as the branch's place, and its own branch."""
    branch, visible, index = torch.tensor(tree.branch), torch.tensor(tree.visible), torch.arange(len(tree.ids))
    same = branch[:, None] == branch[None]
    trunk = (branch == TRUNK)[None] & (index[None] < visible[:, None])
    return (same | trunk) & (index[None] <= index[:, None])
