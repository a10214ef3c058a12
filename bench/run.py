"""The benchmark: models and workloads from a seed, every contender in rounds, a page of results.

npm run bench -- [--data DIR] [--quick] [--only W1,W2] [--repeats N] [--sweep]
"""

import argparse
import json
import random
import sys
from datetime import date
from pathlib import Path

import environment
from log import log


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
    parser.add_argument("--results", type=Path, default=environment.BENCH / "results", help="where the page is written")
    parsed = parser.parse_args()
    parsed.only = {name for name in parsed.only.split(",") if name}
    parsed.repeats = parsed.repeats or (1 if parsed.quick else 3)
    return parsed


def measure(args: argparse.Namespace) -> dict:
    """Everything that was asked for, as it is written to the results' JSON."""
    import contest
    import conversations
    import footprint
    import machine
    import models
    import processes
    import reserve
    import roofline
    import sweep
    import workloads

    quick = args.quick

    def wanted(name: str) -> bool:
        return not args.only or name in args.only

    data = conversations.real(args.data) if args.data else conversations.made_up(1000, random.Random(workloads.SEED))
    tokenizers = {
        "gpt2": workloads.tokenizer(models.model("base", quick)),
        "tiny": workloads.tokenizer(models.model("tiny", quick)),
    }
    names = ["tiny", "base", *(["large"] if wanted("W5") or wanted("footprint") else [])]
    result: dict = {
        "date": date.today().isoformat(),
        "command": " ".join(["npm run bench", *(["--", *shown(sys.argv[1:])] if sys.argv[1:] else [])]),
        "machine": machine.describe(),
        "versions": machine.versions(),
        "settings": {"repeats": args.repeats, "quick": quick, "data": "real" if args.data else "made up"},
        "prepareSeconds": footprint.prepare(names, quick),
        "workloads": [],
    }
    if wanted("roofline"):
        log("the GEMM ceiling")
        result["roofline"] = roofline.measure(0.3 if quick else 4.0)
    sizes = workloads.QUICK if quick else workloads.Sizes()
    for name, make in workloads.makers(data, sizes, tokenizers).items():
        if wanted(name):
            result["workloads"].append(contest.compete(make(), args.repeats, quick))
    if "roofline" in result:
        shares = (roofline.share(one, result["roofline"]["ceiling"], quick) for one in result["workloads"])
        result["roofline"]["shares"] = [share for share in shares if share]
    if wanted("footprint"):
        log("start-up")
        result["starts"] = footprint.starts(2 if quick else 15, quick)
        result["memory"] = footprint.memory(data, tokenizers, quick)
    if wanted("reserve"):
        log("how far --reserve moves rewards")
        result["reserve"] = reserve.measure(data, quick)
    if wanted("cost"):
        log("the cost model")
        model = models.model("base", quick)
        result["costModel"] = json.loads(processes.node([str(environment.BENCH / "cost-model.mjs"), str(model)]))
    if args.sweep:
        result["sweep"] = sweep.measure(data, tokenizers, quick)
    return result


def shown(given: list[str]) -> list[str]:
    """The command's arguments, without where the data lies on this machine."""
    return ["DIR" if i > 0 and given[i - 1] in ("--data", "--results") else one for i, one in enumerate(given)]


def joined(earlier: dict, later: dict) -> dict:
    """One day's parts as one result: what was measured again takes the place of what was there.

    Ratios and shares of the ceiling were taken within each part, so they stay what they are.
    """
    workloads = {one["name"]: one for one in [*earlier["workloads"], *later["workloads"]]}
    shares = {one["name"]: one for part in (earlier, later) for one in part.get("roofline", {}).get("shares", [])}
    result = earlier | later | {"workloads": [workloads[name] for name in sorted(workloads)]}
    if "roofline" in result:
        result["roofline"] = result["roofline"] | {"shares": [shares[name] for name in sorted(shares)]}
    fewest = min(earlier["settings"]["repeats"], later["settings"]["repeats"])
    result["settings"] = result["settings"] | {"repeats": fewest}
    commands = [*earlier["command"].split("`, `"), later["command"]]
    result["versions"] = {
        name: ", ".join(dict.fromkeys([*earlier["versions"].get(name, version).split(", "), version]))
        for name, version in later["versions"].items()
    }
    return result | {"command": "`, `".join(dict.fromkeys(commands))}


def main() -> None:
    args = arguments()
    environment.enter()
    import machine
    import plot
    import report

    result = measure(args)
    name = f"{result['date']}-{machine.slug(result['machine'])}{'-quick' if args.quick else ''}"
    args.results.mkdir(parents=True, exist_ok=True)
    page = args.results / f"{name}.md"
    if args.only and page.with_suffix(".json").exists():
        earlier = json.loads(page.with_suffix(".json").read_text())
        if earlier["settings"] | {"repeats": 0} == result["settings"] | {"repeats": 0}:
            result = joined(earlier, result)
    page.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    page.write_text(report.page(result, f"{name}.svg"))
    plot.draw(result, page.with_suffix(".svg"))
    print(page)


if __name__ == "__main__":
    main()
