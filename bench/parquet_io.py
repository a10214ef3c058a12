"""Rows a second of reading and writing alone, and the memory that it takes: Parquet and JSON lines by this program, beside
`datasets`, which maps a constant over the same rows. Rows have a conversation and a text of one token, which alone is
scored, by the tiny model.

    test/parquet/.venv/bin/python bench/parquet_io.py [--rows 100000 1000000] [--repeats 3] [--workers 2]

Any Python with the packages of test/parquet/requirements.txt will do. The contenders of a round follow each other, so that what
the machine does meanwhile is the same for all; of a contender's rounds the median counts. Memory that grew with the rows would
show between two numbers of rows.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from environment import ROOT
from log import log
from processes import PROGRAM, Finished, measure

SEED = 20261130
GROUP_ROWS = 100_000
WORDS = "the model says that a reward is a number and no more than that while people ask for reasons".split()
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("text", pa.string()),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("source", pa.dictionary(pa.int32(), pa.string())),
        ("quality", pa.float64()),
    ]
)

MAP = """
import sys, datasets
source, target, cache, batched = sys.argv[1:]
datasets.disable_progress_bars()
rows = datasets.load_dataset("parquet", data_files=source, split="train", cache_dir=cache)
if batched == "batched":
    scored = rows.map(lambda batch: {"reward": [0.5] * len(batch["id"])}, batched=True)
else:
    scored = rows.map(lambda row: {"reward": 0.5})
scored.to_parquet(target)
"""


def write_rows(folder: Path, count: int) -> tuple[Path, Path]:
    """The same rows as Parquet and as JSON lines, a row group at a time."""
    numbers = random.Random(SEED)
    parquet, lines = folder / f"{count}.parquet", folder / f"{count}.jsonl"
    with pq.ParquetWriter(parquet, SCHEMA, compression="zstd") as writer, lines.open("w", encoding="utf-8") as out:
        for first in range(0, count, GROUP_ROWS):
            rows = [
                {
                    "id": number,
                    "text": numbers.choice(WORDS),
                    "messages": [
                        {"role": role, "content": " ".join(numbers.choices(WORDS, k=numbers.randint(5, 40)))}
                        for role in ("user", "assistant")
                    ],
                    "source": numbers.choice(["forum", "books", "chat"]),
                    "quality": numbers.random(),
                }
                for number in range(first, min(first + GROUP_ROWS, count))
            ]
            writer.write_table(pa.Table.from_pylist(rows, SCHEMA), row_group_size=GROUP_ROWS)
            out.writelines(json.dumps(row) + "\n" for row in rows)
    return parquet, lines


def commands(parquet: Path, lines: Path, scratch: Path, workers: int) -> dict[str, list[str]]:
    """Each contender's command; what it writes is written over in the next round."""
    score = ["node", PROGRAM, "-q", "-m", str(ROOT / "fixtures/tiny-gpt2"), "-j", str(workers), "--text", "text"]
    mapped = [sys.executable, "-c", MAP, str(parquet), str(scratch / "mapped.parquet"), str(scratch / "cache")]
    return {
        "Parquet to Parquet": [*score, str(parquet), "-o", str(scratch / "out.parquet")],
        "Parquet to Parquet, half kept": [
            *score,
            str(parquet),
            "-o",
            str(scratch / "half.parquet"),
            "--top-percent",
            "50",
        ],
        "Parquet to JSON lines": [*score, str(parquet), "-o", str(scratch / "from-parquet.jsonl")],
        "JSON lines to JSON lines": [*score, str(lines), "-o", str(scratch / "out.jsonl")],
        "datasets, map of rows": [*mapped, "rows"],
        "datasets, map of batches": [*mapped, "batched"],
    }


def run(count: int, repeats: int, workers: int) -> None:
    """Prints a line for each contender."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        log(f"writing {count:,} rows")
        parquet, lines = write_rows(scratch, count)
        rounds: dict[str, list[Finished]] = {}
        for number in range(repeats):
            for contender, command in commands(parquet, lines, scratch, workers).items():
                log(f"round {number + 1}: {contender}")
                # datasets takes from its cache what it has mapped once.
                cache = scratch / "cache"
                if cache.exists():
                    cache.rename(scratch / f"used-{number}-{contender.replace(' ', '-').replace(',', '')}")
                rounds.setdefault(contender, []).append(measure(command))
        sizes = f"{parquet.stat().st_size / 1e6:,.0f} MB of Parquet, {lines.stat().st_size / 1e6:,.0f} MB of JSON lines"
        print(f"{count:,} rows, {sizes}, {repeats} rounds")
        print(f"{'':32}{'seconds':>10}{'rows/s':>12}{'peak MB':>10}")
        for contender, finished in rounds.items():
            seconds = statistics.median(one.seconds for one in finished)
            peak = max(one.peak for one in finished)
            print(f"{contender:32}{seconds:10.1f}{count / seconds:12,.0f}{peak:10,.0f}", flush=True)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    for count in asked.rows:
        run(count, asked.repeats, asked.workers)


if __name__ == "__main__":
    main()
