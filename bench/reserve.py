"""How far `--reserve` moves rewards and rankings on conversations that are longer than the window."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from scipy.stats import spearmanr

import agreement
import contenders
import models
import workloads
from conversations import Turn
from results_file import ReserveEffect

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase as Tokenizer

CONVERSATIONS, QUICK_CONVERSATIONS = 40, 2
CANDIDATES = 8
Value = TypeVar("Value")


def measure(data: list[list[Turn]], quick: bool) -> ReserveEffect:
    """Against the default, both by the tool in float32: of conversations of which each candidate's text is cut.

    `changed` is the mean absolute difference, in standard deviations; `within` the mean rank correlation in a conversation.
    """
    tokenizer = workloads.tokenizer(models.model("base", quick))
    wanted = QUICK_CONVERSATIONS if quick else CONVERSATIONS
    cut = longest(workloads.best_of("R", "long conversations", data, 8 * wanted, CANDIDATES), tokenizer, wanted)
    ours = contenders.BY_KEY["ours-fp32-2"]
    usual, reserved = (
        contenders.run(ours, replace(cut, reserve=reserve), quick).rewards for reserve in (0, workloads.RESERVE)
    )
    deviation = statistics.pstdev(usual)
    groups = [slice(start, start + CANDIDATES) for start in range(0, len(usual), CANDIDATES)]
    return ReserveEffect(
        reserve=workloads.RESERVE,
        conversations=len(groups),
        rewards=len(usual),
        spearman=float(spearmanr(usual, reserved).statistic),
        within=statistics.mean(float(spearmanr(usual[one], reserved[one]).statistic) for one in groups),
        same_winner=agreement.same_winners(reserved, usual, CANDIDATES),
        changed=statistics.mean(abs(a - b) for a, b in zip(usual, reserved, strict=True)) / deviation,
        of_groups=statistics.mean(statistics.pstdev(usual[one]) for one in groups) / deviation,
    )


def longest(workload: workloads.Workload, tokenizer: Tokenizer, wanted: int) -> workloads.Workload:
    """The first conversations of a workload that are longer than the window with each of their candidates."""
    lengths = [len(ids) for ids in tokenizer(workload.texts)["input_ids"]]
    chosen = [
        i
        for i in range(len(workload.rows))
        if min(lengths[i * CANDIDATES : (i + 1) * CANDIDATES]) > workload.max_length
    ][:wanted]

    def of(values: Sequence[Value]) -> list[Value]:
        return [value for i in chosen for value in values[i * CANDIDATES : (i + 1) * CANDIDATES]]

    rows = [workload.rows[i] for i in chosen]
    return replace(workload, rows=rows, texts=of(workload.texts), prompts=of(workload.prompts))
