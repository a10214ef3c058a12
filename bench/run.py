"""The benchmark: models and workloads from a seed, every contender in rounds, a page of results.

npm run bench -- [--data DIR] [--quick] [--only W1,W2] [--repeats N] [--sweep] [--before DIR] [--join FILE.json]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import environment
import results_file
from log import log
from results_file import CostModel, Environment, Measurements, Results, Settings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Who scores with which model: only those are made and prepared.
USES = {
    "tiny": {"W4", "footprint", "sweep"},
    "base": {"W1", "W1r", "W2", "W3", "W7", "footprint", "reserve", "cost", "sweep"},
    "large": {"W5", "footprint"},
    "minilm": {"W6", "W6s", "W6l", "W6p"},
}


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of dialogue_*.jsonl.gz; without it conversations are made up")
    parser.add_argument("--quick", action="store_true", help="all at its smallest, to see whether the bench works")
    parser.add_argument(
        "--only", default="", help="names of workloads, with commas; also roofline, footprint, reserve, cost"
    )
    parser.add_argument("--repeats", type=int, help="rounds (default: 3; quick: 1)")
    parser.add_argument("--sweep", action="store_true", help="also cost by rows, candidates, length and workers")
    parser.add_argument(
        "--before", type=Path, help="a checkout of another commit, built: it takes part beside this one"
    )
    parser.add_argument(
        "--join", type=Path, help="results of the same day and settings, of which this run measures the rest"
    )
    parser.add_argument("--results", type=Path, default=environment.BENCH / "results", help="where the page is written")
    parsed = parser.parse_args()
    parsed.only = {name for name in parsed.only.split(",") if name}
    parsed.repeats = parsed.repeats or (1 if parsed.quick else 3)
    return parsed


def measure(args: argparse.Namespace) -> Results:
    """Everything that was asked for."""
    import contenders
    import contest
    import conversations
    import footprint
    import machine
    import models
    import processes
    import records
    import reserve
    import roofline
    import sweep
    import workloads

    quick = args.quick

    def wanted(name: str) -> bool:
        return not args.only or name in args.only

    data = conversations.real(args.data) if args.data else conversations.made_up(1000, random.Random(workloads.SEED))

    def tokenizer_of(name: str) -> PreTrainedTokenizerBase:
        return workloads.tokenizer(models.model(name, quick))

    asked = {user for users in USES.values() for user in users - {"sweep"} if wanted(user)}
    if args.sweep:
        asked.add("sweep")
    names = [name for name, users in USES.items() if users & asked]
    taken = Environment(
        date=date.today().isoformat(),
        command=" ".join(["npm run bench", *(["--", *shown(sys.argv[1:])] if sys.argv[1:] else [])]),
        machine=machine.describe(),
        versions=machine.versions(),
        settings=Settings(args.repeats, quick, "real" if args.data else "made up"),
        before=contenders.commit_of(args.before) if args.before else None,
    )
    found = Measurements(footprint.prepare(names, quick), [])
    ceiling = None
    if wanted("roofline"):
        log("the GEMM ceiling")
        ceiling = roofline.measure(0.3 if quick else 4.0)
    sizes = workloads.QUICK if quick else workloads.Sizes()
    made = [make for name, make in workloads.makers(data, sizes, tokenizer_of).items() if wanted(name)]
    found = replace(found, workloads=[contest.compete(make(), args.repeats, quick, args.before) for make in made])
    if ceiling is not None:
        shares = (roofline.share(one, ceiling.ceiling, quick) for one in found.workloads)
        found = replace(found, roofline=replace(ceiling, shares=[share for share in shares if share]))
    if wanted("footprint"):
        log("start-up")
        starts = footprint.starts(2 if quick else 15, quick)
        found = replace(found, starts=starts, memory=footprint.memory(data, tokenizer_of("tiny"), quick))
    if wanted("reserve"):
        log("how far --reserve moves rewards")
        found = replace(found, reserve=reserve.measure(data, quick))
    if wanted("cost"):
        log("the cost model")
        model = models.model("base", quick)
        printed = processes.node([str(environment.BENCH / "cost-model.mjs"), str(model)])
        found = replace(found, cost_model=records.decode(CostModel, json.loads(printed), "cost-model.mjs"))
    if args.sweep:
        found = replace(found, sweep=sweep.measure(data, tokenizer_of, quick))
    return Results(taken, found)


def shown(given: list[str]) -> list[str]:
    """The command's arguments, without where the data lies on this machine."""
    return [
        "DIR" if i > 0 and given[i - 1] in ("--data", "--results", "--before", "--join") else one
        for i, one in enumerate(given)
    ]


def joined(earlier: Results, later: Results) -> Results:
    """One day's parts as one result: what was measured again takes the place of what was there.

    Ratios and shares of the ceiling were taken within each part, so they stay what they are.
    """
    return Results(
        joined_environments(earlier.environment, later.environment),
        joined_measurements(earlier.measurements, later.measurements),
    )


def joined_environments(earlier: Environment, later: Environment) -> Environment:
    """Every command and every version; the fewest of the rounds."""
    commands = [*earlier.command.split("`, `"), later.command]
    versions = {
        name: ", ".join(dict.fromkeys([*earlier.versions.get(name, version).split(", "), version]))
        for name, version in later.versions.items()
    }
    fewest = min(earlier.settings.repeats, later.settings.repeats)
    return replace(
        later,
        command="`, `".join(dict.fromkeys(commands)),
        versions=versions,
        settings=replace(later.settings, repeats=fewest),
        before=later.before or earlier.before,
    )


def joined_measurements(earlier: Measurements, later: Measurements) -> Measurements:
    """Workloads and shares of the ceiling by name, the other sections whole."""
    workloads = {one.name: one for one in [*earlier.workloads, *later.workloads]}
    ceiling = later.roofline or earlier.roofline
    if ceiling is not None:
        parts = (part.roofline for part in (earlier, later) if part.roofline is not None)
        shares = {one.name: one for part in parts for one in part.shares}
        ceiling = replace(ceiling, shares=[shares[name] for name in sorted(shares)])
    return Measurements(
        prepare_seconds=later.prepare_seconds,
        workloads=[workloads[name] for name in sorted(workloads)],
        roofline=ceiling,
        starts=later.starts or earlier.starts,
        memory=later.memory or earlier.memory,
        reserve=later.reserve or earlier.reserve,
        cost_model=later.cost_model or earlier.cost_model,
        sweep=later.sweep or earlier.sweep,
    )


def main() -> None:
    args = arguments()
    environment.enter()
    import machine
    import plot
    import report

    results = measure(args)
    taken = results.environment
    name = f"{taken.date}-{machine.slug(taken.machine)}{'-quick' if args.quick else ''}"
    args.results.mkdir(parents=True, exist_ok=True)
    if args.join:
        results = joined(results_file.read(args.join), results)
    page = results_file.write_new(results, args.results, name).with_suffix(".md")
    page.write_text(report.page(results, f"{page.stem}.svg"))
    plot.draw(results, page.with_suffix(".svg"))
    print(page)


if __name__ == "__main__":
    main()
