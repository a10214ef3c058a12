"""Every contender on every workload, in rounds: A B A B, so that a machine that grows slower is so for all of them."""

import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import agreement
import contenders
import models
import reference
import workloads
from contenders import SNIPPET, Contender, Scored
from log import log
from results_file import ContenderResult, WorkloadResult
from workloads import Workload


def compete(workload: Workload, repeats: int, quick: bool, earlier: Path | None = None) -> WorkloadResult:
    """The rounds of one workload; seconds are of scoring, or of the whole program."""
    described = describe(workload)
    if workload.reserve and not contenders.has_reserve():
        return replace(described, skipped="this build has no --reserve")
    model = models.model(workload.model, quick)
    tokenizer = workloads.tokenizer(model)
    inputs = workloads.visible(workload, tokenizer)
    seen = [len(row["input_ids"]) for row in inputs]
    lengths = workloads.lengths(workload, tokenizer)
    expected = reference.rewards(model, inputs)
    entries: dict[str, ContenderResult] = {}
    for round_number in range(repeats):
        for contender in contenders.taking_part(workload, earlier):
            log(f"{workload.name} round {round_number + 1}/{repeats}: {contender.label}")
            entry = entries.get(contender.key, ContenderResult([]))
            if entry.failed is None:
                entry = with_run(
                    entry, contender, workload, expected, lambda one: contenders.run(one, workload, quick, earlier)
                )
            entries[contender.key] = entry
    result = replace(
        described,
        tokens=sum(seen),
        truncated=sum(length > visible for length, visible in zip(lengths, seen, strict=True)),
        reward_deviation=statistics.pstdev(expected),
        contenders=entries,
    )
    # What the program counts is of all rows, where the peers' are fewer.
    counted = [entry.summary for entry in entries.values() if entry.summary is not None]
    return (
        replace(result, tokens=counted[-1].tokens, computed_tokens=counted[-1].computed_tokens) if counted else result
    )


def describe(workload: Workload) -> WorkloadResult:
    """What was scored."""
    return WorkloadResult(
        name=workload.name,
        title=workload.title,
        model=workload.model,
        rows=len(workload.rows),
        rewards=len(workload.texts),
        compared_rewards=len(workload.compared_texts),
        checksum=workload.checksum(),
    )


def with_run(
    entry: ContenderResult,
    contender: Contender,
    workload: Workload,
    expected: list[float],
    run: Callable[[Contender], Scored],
) -> ContenderResult:
    """The entry with one run more, or with why there are none: a time of wrong rewards is not one."""
    try:
        scored = run(contender)
    except RuntimeError as error:
        return replace(entry, failed=f"failed: {error}")
    # Cut another way, the snippet's rewards are other ones: W1 has checked it.
    if not (workload.reserve and contender.key == SNIPPET):
        agreed = agreement.check(scored.rewards, expected, workload.group, contender.tolerance(workload.model))
        entry = replace(entry, agreement=agreed)
        if not agreed.agrees:
            return replace(entry, failed=f"disagrees: {agreed.note}")
    return replace(entry, runs=[*entry.runs, scored.run], summary=scored.summary or entry.summary)
