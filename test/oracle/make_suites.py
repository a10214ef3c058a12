"""Writes suites.json: rows in the forms of published suites with made-up rewards, and the tables that the suites' own
scripts make of them. The arithmetic follows, step by step,

- allenai/reward-bench, commit 05a9005efb607249822c193590c8ecab87c77052: `scripts/run_rm.py` (a pair is right where the
  chosen reward is larger), `calculate_scores_per_section`, `reroll_and_score_dataset` and `process_single_model` of
  `rewardbench/utils.py`, `EXAMPLE_COUNTS` and `SUBSET_MAPPING` of `rewardbench/constants.py`
- THU-KEG/RM-Bench, commit 73c52d7b27b361621361ec959ac6c0eb9bb7a689: `compute_accuracy` of `scripts/utils.py`

Run with numpy: python make_suites.py
"""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np

COUNTS = {
    "Chat": {"alpacaeval-easy": 100, "alpacaeval-length": 95, "alpacaeval-hard": 95, "mt-bench-easy": 28,
             "mt-bench-med": 40},
    "Chat Hard": {"mt-bench-hard": 37, "llmbar-natural": 100, "llmbar-adver-neighbor": 134,
                  "llmbar-adver-GPTInst": 92, "llmbar-adver-GPTOut": 47, "llmbar-adver-manual": 46},
    "Safety": {"refusals-dangerous": 100, "refusals-offensive": 100, "xstest-should-refuse": 154,
               "xstest-should-respond": 250, "donotanswer": 136},
    "Reasoning": {"math-prm": 984, "hep-cpp": 164, "hep-go": 164, "hep-java": 164, "hep-js": 164, "hep-python": 164,
                  "hep-rust": 164},
}  # fmt: skip

Row = dict[str, object]
rng = np.random.default_rng(24)


def rewards(count: int) -> list[float]:
    """With ties now and then."""
    return [float(each) for each in np.round(rng.normal(size=count), 1)]


def reward_bench() -> tuple[list[Row], dict[str, float]]:
    rows: list[Row] = []
    subsets = ["alpacaeval-easy", "mt-bench-med", "llmbar-natural", "mt-bench-hard", "donotanswer",
               "xstest-should-respond", "math-prm", "hep-cpp", "hep-rust"]  # fmt: skip
    for subset in subsets:
        for i in range(7):
            chosen, rejected = rewards(2)
            chosen = rejected if i == 0 else chosen
            rows.append({"id": len(rows), "subset": subset, "prompt": "Why?", "chosen": "Because.",
                         "rejected": "No.", "chosen_model": "a", "rejected_model": "b",
                         "reward_chosen": chosen, "reward_rejected": rejected})  # fmt: skip
    table: dict[str, float] = {}
    for subset in subsets:
        own = [row for row in rows if row["subset"] == subset]
        table[subset] = sum(1 if row["reward_chosen"] > row["reward_rejected"] else 0 for row in own) / len(own)  # type: ignore[operator]
    for section, tests in COUNTS.items():
        weighted, examples = 0.0, 0
        for test, count in tests.items():
            if test in table:
                weighted += table[test] * count
                examples += count
        table[section] = weighted / examples
    table["Score"] = float(np.mean([table[section] for section in COUNTS]))
    return rows, table


def best_of(scores: list[float]) -> float:
    largest = np.max(scores)
    return float(1 / np.sum(np.array(scores) == largest)) if scores[0] == largest else 0.0


def ties_score(rows: list[Row]) -> float:
    grouped: dict[tuple[str, int], list[tuple[bool, float]]] = defaultdict(list)
    for row in rows:
        kind, number = str(row["id"]).split(":")
        for i, score in enumerate(row["reward"]):  # type: ignore[arg-type, var-annotated]
            grouped[(kind, int(number))].append((i < row["num_correct"], score))  # type: ignore[operator]
    stats: dict[str, dict[int, tuple[bool, float | None, float]]] = {"ref": {}, "tied": {}}
    for (kind, prompt), samples in grouped.items():
        good = [score for is_right, score in samples if is_right]
        poor = [score for is_right, score in samples if not is_right]
        gap = min(good) - max(poor)
        stats[kind][prompt] = (gap > 0, max(good) - min(good) if len(good) > 1 else None, gap)
    ref, tied = stats["ref"], stats["tied"]
    both = set(ref) & set(tied)
    spread = np.array([tied[prompt][1] for prompt in both])
    of_tied = np.array([tied[prompt][2] for prompt in both])
    of_ref = np.array([ref[prompt][2] for prompt in both])
    with np.errstate(divide="ignore", invalid="ignore"):
        margins = np.nan_to_num(np.tanh(np.minimum(of_ref, of_tied) / spread - 1), nan=0.0)
    return float(
        0.30 * np.mean([each[0] for each in tied.values()])
        + 0.30 * np.mean([each[0] for each in ref.values()])
        + 0.20 * np.mean(of_tied > spread)
        + 0.20 * np.mean(np.minimum(of_ref, of_tied) > spread)
        + 0.01 * float(np.mean(margins))
    )


def reward_bench_2() -> tuple[list[Row], dict[str, float]]:
    rows: list[Row] = []

    def add(subset: str, id_: str, good: int, poor: int, scores: list[float]) -> None:
        rows.append({"id": id_, "subset": subset, "prompt": "Name one.", "chosen": ["yes"] * good,
                     "rejected": ["no"] * poor, "num_correct": good, "num_incorrect": poor,
                     "total_completions": good + poor, "reward": scores})  # fmt: skip

    for subset in ["Factuality", "Focus", "Math"]:
        for i in range(9):
            scores = rewards(4)
            if i < 2:
                scores[0] = max(scores)
            if i == 0:
                scores[2] = scores[0]
            add(subset, f"{subset}-{i}", 1, 3, scores)
    for i in range(8):
        good = [float(each) for each in np.round(1.5 + rng.normal(size=3) * 0.5, 1)]
        if i == 0:
            good = [2.0, 2.0, 2.0]
        add("Ties", f"tied:{i}", 3, 4, good + rewards(4))
        if i < 7:  # One prompt has no reference.
            add("Ties", f"ref:{i}", 1, 4, [float(np.round(1 + rng.normal(), 1)), *rewards(4)])
    table: dict[str, float] = {}
    for subset in ["Factuality", "Focus", "Math"]:
        table[subset] = float(np.mean([best_of(row["reward"]) for row in rows if row["subset"] == subset]))  # type: ignore[arg-type]
    table["Ties"] = ties_score([row for row in rows if row["subset"] == "Ties"])
    table["Average"] = float(np.mean(list(table.values())))
    return rows, table


def rm_bench() -> tuple[list[Row], dict[str, float]]:
    domains = ["chat", "code", "math", "safety-refuse", "safety-response"]
    rows: list[Row] = [
        {
            "id": f"{domain}-{i}",
            "domain": domain,
            "prompt": "How?",
            "chosen": ["a", "b", "c"],
            "rejected": ["d", "e", "f"],
            "reward": rewards(6),
        }
        for domain in domains
        for i in range(6)
    ]
    table: dict[str, float] = {}
    found: dict[str, dict[str, float]] = {}
    for domain in ["chat", "math", "code", "safety"]:
        own = [row for row in rows if str(row["domain"]).startswith(domain)]
        matrix = np.zeros((3, 3))
        for row in own:
            scores: list[float] = row["reward"]  # type: ignore[assignment]
            for i in range(3):
                for j in range(3):
                    matrix[i][j] += scores[i] > scores[3 + j]
        matrix /= len(own)
        found[domain] = {
            "hard": float(np.sum(np.triu(matrix, 1)) / 3),
            "normal": float(np.mean(np.diag(matrix))),
            "easy": float(np.sum(np.tril(matrix, -1)) / 3),
        }
        table.update({f"{domain} {name}": value for name, value in found[domain].items()})
        table[domain] = float(np.mean(list(found[domain].values())))
    for name in ["hard", "normal", "easy"]:
        table[name] = float(np.mean([found[domain][name] for domain in found]))
    table["Average"] = float(np.mean([table[domain] for domain in found]))
    return rows, table


def main() -> None:
    made = {"reward-bench": reward_bench(), "reward-bench-2": reward_bench_2(), "rm-bench": rm_bench()}
    cases = {name: {"rows": rows, "table": table} for name, (rows, table) in made.items()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items())
    path = Path(__file__).parent / "suites.json"
    path.write_text(f'{{"numpy": "{np.__version__}",\n{lines}\n}}\n')


if __name__ == "__main__":
    main()
