"""Every contender on every workload, in rounds: A B A B, so that a machine that grows slower is so for all of them."""

import statistics

import agreement
import contenders
import models
import reference
import workloads
from contenders import SNIPPET, Contender
from log import log
from workloads import Workload


def compete(workload: Workload, repeats: int, quick: bool) -> dict:
    """The rounds of one workload, as the report reads them; seconds are of scoring, or of the whole program."""
    if workload.reserve and not contenders.has_reserve():
        return describe(workload) | {"skipped": "this build has no --reserve"}
    model = models.model(workload.model, quick)
    tokenizer = workloads.tokenizer(model)
    ids = workloads.visible_ids(workload, tokenizer)
    lengths = map(len, tokenizer(workload.compared_texts)["input_ids"])
    expected = reference.rewards(model, ids)
    result = describe(workload) | {
        "tokens": sum(map(len, ids)),
        "truncated": sum(length > len(visible) for length, visible in zip(lengths, ids, strict=True)),
        "rewardDeviation": statistics.pstdev(expected),
        "contenders": {},
    }
    for round_number in range(repeats):
        for contender in contenders.taking_part(workload):
            log(f"{workload.name} round {round_number + 1}/{repeats}: {contender.label}")
            entry = result["contenders"].setdefault(contender.key, {"runs": []})
            if "failed" not in entry:
                add_run(entry, contender, workload, expected, quick)
            if "summary" in entry:
                result |= entry["summary"]
    return result


def describe(workload: Workload) -> dict:
    """What was scored."""
    return {
        "name": workload.name,
        "title": workload.title,
        "model": workload.model,
        "rows": len(workload.rows),
        "rewards": len(workload.texts),
        "comparedRewards": len(workload.compared_texts),
        "checksum": workload.checksum(),
    }


def add_run(entry: dict, contender: Contender, workload: Workload, expected: list[float], quick: bool) -> None:
    """Its figures, or why there are none: a time of wrong rewards is not one."""
    try:
        run = contenders.run(contender, workload, quick)
    except RuntimeError as error:
        entry["failed"] = f"failed: {error}"
        return
    rewards = run.pop("rewards")
    # Cut another way, the snippet's rewards are other ones: W1 has checked it.
    if not (workload.reserve and contender.key == SNIPPET):
        agreed = agreement.check(rewards, expected, workload.group, contender.tolerance(workload.model))
        entry["agreement"] = agreed
        if not agreed["agrees"]:
            entry["failed"] = f"disagrees: {agreed['note']}"
            return
    scored = len(rewards)
    summary = run.pop("summary", None)
    if summary is not None:
        # Of all rows, where the peers' are fewer.
        entry["summary"] = {"computedTokens": summary["computedTokens"], "tokens": summary["tokens"]}
    entry["runs"].append(run | {"rewardsPerSecond": scored / run["seconds"]})
