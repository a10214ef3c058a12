"""The page of results, made from their JSON."""

import figures
import sweep
import targets
from contenders import BY_KEY, CROSS_ENCODER, SNIPPET
from results_file import (
    CandidatesPoint,
    CostModel,
    Environment,
    LengthPoint,
    Measurements,
    MemoryPeak,
    ReserveEffect,
    Results,
    Roofline,
    Sweep,
    WorkloadResult,
)


def page(results: Results, picture: str) -> str:
    """All sections that were measured, in Markdown."""
    found = results.measurements
    parts = [head(results.environment, picture), ratios(found), aims(found)]
    parts += [workload(one) for one in found.workloads if one.skipped is None]
    parts.append(slower(found))
    if found.roofline is not None:
        parts.append(roofline(found.roofline))
    if found.reserve is not None:
        parts.append(reserve(found.reserve))
    if found.starts is not None:
        parts.append(starts(found.starts))
    if found.memory is not None:
        parts.append(memory(found.memory))
    if found.cost_model is not None:
        parts.append(cost_model(found.cost_model))
    if found.sweep is not None:
        parts.append(sweep_section(found.sweep, workers(results)))
    return "\n".join(parts)


def table(header: list[str], rows: list[list[str]]) -> str:
    """In Markdown; all columns but the first are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def number(value: float | None, digits: int = 2, unit: str = "") -> str:
    """A dash where there is none."""
    return "-" if value is None else f"{value:,.{digits}f}{unit}"


def head(environment: Environment, picture: str) -> str:
    """Machine, versions, command."""
    machine, settings = environment.machine, environment.settings
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    memory_text = f", {machine.memory_mb / 1024:.0f} GB" if machine.memory_mb else ""
    before = f" The build before is of commit {environment.before}." if environment.before else ""
    warning = "\n**A quick run, of few rows and of GPT-2 with two layers: it shows that the bench works, and nothing else.**\n"
    return f"""# {environment.date}, {machine.cpu}

`{environment.command}` on {machine.cores} cores of {machine.cpu} ({" ".join(machine.flags)}){memory_text},
{machine.system}. Conversations: {settings.data}. Rounds: {settings.repeats}.{before}
What is measured, and how to read it: [bench/README.md](../README.md).

Versions: {versions}.
{warning if settings.quick else ""}
![Rewards per second against the model card's snippet]({picture})
"""


def ratios(result: Measurements) -> str:
    """The main table: contenders down, workloads across."""
    shown = [one for one in result.workloads if one.entries]
    keys = [key for key in BY_KEY if any(key in one.entries for one in shown)]
    rows = []
    for key in keys:
        cells = [BY_KEY[key].label]
        for one in shown:
            against = figures.ratio(one, key)
            cells.append(f"{against.median:.2f} ({against.least:.2f}-{against.most:.2f})" if against else "-")
        rows.append(cells)
    others = [one.name for one in shown if figures.base(one) != SNIPPET]
    base = f"In {', '.join(others)} {BY_KEY[CROSS_ENCODER].label} is 1.\n" if others else ""
    skipped = [f"- {one.name} was not run: {one.skipped}\n" for one in result.workloads if one.skipped is not None]
    return f"""## Ratios

Rewards per second, the model card's snippet = 1, within each round: median (least-most). Loading is not counted, but
where it says "start included". Higher is better.
{base}
{table(["", *[one.name for one in shown]], rows)}
{"".join(skipped)}"""


def aims(result: Measurements) -> str:
    """What was set out to be reached, and what was."""
    rows = [[aim.name, aim.wanted, aim.shown, "yes" if aim.reached else "**no**"] for aim in targets.aims(result)]
    if not rows:
        return ""
    return f"## What was set out to be reached\n\n{table(['', 'wanted', 'got', 'reached'], rows)}"


def workload(one: WorkloadResult) -> str:
    """Seconds, memory and agreement of everyone."""
    rows = []
    for contender in figures.present(one):
        agreed = one.entries[contender.key].agreement
        if contender.precision == "int8" and agreed:
            winner = "" if agreed.same_winner is None else f", same winner {agreed.same_winner:.1%}"
            nearness = f"Spearman {agreed.spearman:.4f}, worst {agreed.worst:.3f} sd{winner}"
        else:
            nearness = f"{agreed.largest:.1e}" if agreed else "-"
        rows.append(
            [
                contender.label,
                number(figures.median(one, contender.key, lambda run: run.seconds)),
                number(figures.median(one, contender.key, lambda run: run.rewards_per_second), 1),
                number(figures.median(one, contender.key, lambda run: run.load_seconds)),
                number(figures.median(one, contender.key, lambda run: run.private_mb), 0),
                number(figures.median(one, contender.key, lambda run: run.peak_mb), 0),
                nearness,
            ]
        )
    notes = [
        f"- {BY_KEY[key].label}: {note}\n"
        for key, entry in one.entries.items()
        if (note := entry.failed or (entry.agreement.note if entry.agreement else ""))
    ]
    cut = f" ({one.truncated:,} texts cut)" if one.truncated else ""
    compared = "" if one.compared_rewards == one.rewards else f" (peers: the first {one.compared_rewards:,})"
    work = f"{one.rows:,} rows, {one.rewards:,} rewards{compared}, {one.tokens:,} tokens after truncation{cut}"
    if one.computed_tokens is not None:
        work += f", of which the tool computed {one.computed_tokens:,}"
    scaling = [
        f"- two workers against one, {precision}: {against.median:.2f} x ({against.least:.2f}-{against.most:.2f})\n"
        for precision in ("fp32", "int8")
        if (against := figures.ratio(one, f"ours-{precision}-2", f"ours-{precision}-1"))
    ]
    return f"""## {one.name}: {one.title}

{work}. Standard deviation of the rewards {one.reward_deviation:.2f}. Rows {one.checksum}.

{table(["", "s", "rewards/s", "load, s", "private MB", "peak MB", "off by"], rows)}
{"".join(notes)}{"".join(scaling)}"""


def slower(result: Measurements) -> str:
    """From the figures, by name."""
    sentences = figures.no_faster(result.workloads)
    text = "".join(f"- {sentence}\n" for sentence in sentences) or "Nowhere in this run.\n"
    preparing = "".join(f"- {name}: {seconds:.1f} s\n" for name, seconds in result.prepare_seconds.items())
    if preparing:
        text += f"\nThe first run with a model also prepares it, once:\n\n{preparing}"
    return f"## Where it is slower, or no faster\n\n{text}"


def roofline(found: Roofline) -> str:
    """FLOP/s of the model's matrices, and how near scoring comes."""
    heights = sorted({height for rates in found.rates.values() for height in rates}, key=int)
    rows = [[shape, *[number(rates[height] / 1e9, 0) for height in heights]] for shape, rates in found.rates.items()]
    shares = [[one.name, number(one.rate / 1e9, 0), f"{one.share:.1%}"] for one in found.shares]
    text = f"""## Roofline

Matrix multiplication alone, fp32, onnxruntime-node, two threads with a session each, GFLOP/s at best, by K x N and
rows M:

{table(["K x N", *[f"M {height}" for height in heights]], rows)}
A layer's matrices one after the other: {found.ceiling / 1e9:.0f} GFLOP/s, the ceiling.
"""
    if shares:
        header = ["two workers, fp32", "GFLOP/s", "of the ceiling"]
        text += f"\nFLOPs of the linear layers alone, over all of the scoring time:\n\n{table(header, shares)}"
    return text


def reserve(found: ReserveEffect) -> str:
    """What the other rule of truncation changes."""
    rows = [
        ["rank correlation (Spearman) of all rewards", number(found.spearman, 3)],
        ["the same within a conversation, mean", number(found.within, 3)],
        ["same winner of the candidates", f"{found.same_winner:.0%}"],
        ["mean difference of a reward, in standard deviations of all", number(found.changed, 3)],
        ["for comparison: standard deviation within a conversation, likewise", number(found.of_groups, 3)],
    ]
    return f"""## How far `--reserve {found.reserve}` moves rewards

{found.conversations} conversations, {found.rewards} rewards, all of texts longer than the window, against the
usual rule. Weights are random here: trained ones may look less, or more, at what stands far back.

{table(["", ""], rows)}"""


def starts(found: dict[str, float]) -> str:
    """Seconds from start to end."""
    nothing = found["node -e 0"]
    rows = [
        [name, number(seconds, 3), number(seconds - nothing, 3), number(seconds / nothing)]
        for name, seconds in found.items()
    ]
    header = ["", "s", "beyond `node -e 0`, s", "times `node -e 0`"]
    return (
        f"## Start-up\n\nGPT-2 base, prepared, its file in the page cache; from start to end.\n\n{table(header, rows)}"
    )


def memory(found: list[MemoryPeak]) -> str:
    """MB; private memory is what each further process or worker costs."""
    rows = [[one.name, number(one.private_mb, 0), number(one.peak_mb, 0)] for one in found]
    return f"""## Memory

Of the whole program, at its peak: private is what no file backs (RssAnon); the peak also counts the mapped weights,
once for each worker, though all workers and all processes on the machine share them.

{table(["", "private MB", "peak MB"], rows)}"""


def cost_model(found: CostModel) -> str:
    """The constants of src/model/layout/trie.ts."""
    rows = [[length, number(taken, 1)] for length, taken in found.measured.items()]
    return f"""## Cost model

One thread, hidden size {found.hidden_size}: {found.run_ms:.1f} ms a run, {found.node_ms:.2f} ms a node,
{found.pair_us:.2f} µs a pair of nodes; so `fixed` {found.constants.fixed:.1f} and
`attention` {found.constants.attention_times_hidden:.2f} / hidden size.

{table(["nodes", "ms"], rows)}"""


def sweep_section(found: Sweep, by_workers: str) -> str:
    """Four sweeps."""
    by_rows = [
        [
            f"{one.model}, {one.rows:,}",
            number(one.seconds),
            number(one.rows / one.seconds, 0),
            number(one.peak_mb, 0),
        ]
        for one in found.rows
    ]
    by_candidates = [[str(one.candidates), *costs(one, one.rewards)] for one in found.candidates]
    by_length = [[str(one.length), *costs(one, one.rows)] for one in found.length]
    costs_header = ["ms a reward", "the snippet's", "ratio"]
    return f"""## Sweeps

One run of each point. By rows, the whole program, start included, 2 workers:

{table(["model, rows", "s", "rows/s", "peak MB"], by_rows)}
By candidates of a conversation, as many rewards at every point, GPT-2 base, loading not counted:

{table(["candidates", *costs_header], by_candidates)}
By length in tokens, rows that share nothing, GPT-2 base, loading not counted:

{table(["tokens", *costs_header], by_length)}
{by_workers}"""


def costs(point: CandidatesPoint | LengthPoint, rewards: int) -> list[str]:
    """Of a reward, ours and the snippet's."""
    ours, theirs = (seconds / rewards * 1000 for seconds in (point.seconds, point.snippet_seconds))
    return [number(ours, 1), number(theirs, 1), number(theirs / ours)]


def workers(results: Results) -> str:
    """One and two as measured; more on paper."""
    found = results.measurements
    one = next((each for each in found.workloads if each.name == "W2" and each.entries), None)
    if one is None or found.starts is None or found.sweep is None or one.computed_tokens is None:
        return ""
    alone, both = (figures.median(one, key, lambda run: run.seconds) for key in ("ours-fp32-1", "ours-fp32-2"))
    if alone is None or both is None:
        return ""
    start, bandwidth = found.starts["one row, fp32"], found.sweep.bandwidth
    points = sweep.on_paper(alone, one.computed_tokens, start, bandwidth, results.environment.settings.quick)
    rows = [[str(each.workers), number(each.seconds), number(each.speed_up)] for each in points]
    return f"""By workers, W2: measured, 1 worker {alone:.2f} s, 2 workers {both:.2f} s of scoring ({alone / both:.2f} x).
More are **on paper**: the whole program from a start of {start:.2f} s, half a window of waiting at the end, and
{bandwidth / 1e9:.1f} GB/s of memory that all share:

{table(["workers", "s", "speed-up"], rows)}"""
