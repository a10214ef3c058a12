"""Scores files of test/oracle/parquet into Parquet, and has pyarrow, DuckDB, pandas, polars and datasets read what was written:
every column as it was, with its type, and the same rewards for all."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import datasets
import duckdb
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "test/oracle/parquet"
WRITTEN = ["reward", "reward_error"]
TEXTS = ("text", "prompt")


def score(source: Path, target: Path, text: str) -> None:
    model = str(ROOT / "fixtures/tiny-gpt2")
    command = ["node", str(ROOT / "bin/reward-score.js"), "-q", "-m", model, "--exit-zero", "--text", text, str(source)]
    subprocess.run([*command, "-o", str(target)], check=True)


def comparable(table: pa.Table) -> str:
    """NaN is unequal to itself, but not its text."""
    return str(table.to_pylist())


def check(source: Path, target: Path) -> int:
    before, after = pq.read_table(source), pq.read_table(target)
    assert after.column_names == [*before.column_names, *WRITTEN], after.column_names
    kept = after.drop_columns(WRITTEN)
    assert kept.schema.equals(before.schema), (kept.schema, before.schema)
    assert kept.equals(before) or comparable(kept) == comparable(before)
    rewards: list[float | None] = after["reward"].to_pylist()
    by_duckdb: list[Any] = duckdb.sql(f"SELECT reward FROM '{target}'").fetchall()
    assert [reward for (reward,) in by_duckdb] == rewards
    # A filter looks at the statistics of row groups.
    positive = sum(reward is not None and reward > 0 for reward in rewards)
    assert duckdb.sql(f"SELECT count(*) FROM '{target}' WHERE reward > 0").fetchall() == [(positive,)]
    assert pandas.read_parquet(target)["reward"].astype(object).where(lambda x: x.notna(), None).tolist() == rewards
    assert polars.read_parquet(target)["reward"].to_list() == rewards
    return len(rewards)


def check_features(folder: Path) -> None:
    """The library's own features stay, and have the new columns beside them."""
    rows = {"prompt": ["a", "b"], "candidates": [["x", "y"], ["z"]], "label": [0, 1]}
    features = datasets.Features(
        {
            "prompt": datasets.Value("string"),
            "candidates": datasets.List(datasets.Value("string")),
            "label": datasets.ClassLabel(names=["bad", "good"]),
        }
    )
    source, target = folder / "features.parquet", folder / "features.scored.parquet"
    datasets.Dataset.from_dict(rows, features=features).to_parquet(source)
    model = str(ROOT / "fixtures/tiny-gpt2")
    command = ["node", str(ROOT / "bin/reward-score.js"), "-q", "-m", model, str(source), "-o", str(target)]
    subprocess.run(command, check=True)
    read = datasets.load_dataset("parquet", data_files=str(target), split="train", cache_dir=str(folder))
    expected = {
        **features,
        "reward": datasets.List(datasets.Value("float64")),
        "reward_error": datasets.Value("string"),
    }
    assert dict(read.features) == expected, read.features
    assert {name: read[name][:] for name in rows} == rows
    assert [len(rewards) for rewards in read["reward"]] == [2, 1]
    kept = json.loads(pq.read_metadata(target).metadata[b"huggingface"])
    assert kept["info"]["features"]["reward"]["feature"] == {"dtype": "float64", "_type": "Value"}, kept


def main() -> None:
    datasets.disable_progress_bars()
    checked = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in sorted(FILES.glob("*.parquet")):
            columns = pq.read_schema(source).names
            target = folder / source.name
            score(source, target, next(text for text in TEXTS if text in columns))
            check(source, target)
            checked += 1
        check_features(folder)
    print(f"{checked} files were read by pyarrow, DuckDB, pandas and polars, and one by datasets")


if __name__ == "__main__":
    sys.exit(main())
