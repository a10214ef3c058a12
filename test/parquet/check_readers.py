"""Scores files of test/oracle/parquet into Parquet, and has pyarrow, DuckDB, pandas, polars and datasets read what was written:
every column as it was, with its type, and the same rewards for all. Of filtered files, every row that is kept is as it was."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
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
FILES = [ROOT / "test/oracle/parquet", ROOT / "test/oracle/spark"]
PAGE = ROOT / "docs/parquet.md"
WRITTEN = ["reward", "reward_error"]
TEXTS = ("text", "prompt")


def score(sources: list[Path], folder: Path, text: str, *flags: str) -> None:
    """Scores each file into a folder, under its own name."""
    model = str(ROOT / "fixtures/tiny-gpt2")
    command = ["node", str(ROOT / "bin/reward-score.js"), "-q", "-m", model, "--exit-zero", "--text", text]
    subprocess.run([*command, *flags, *map(str, sources), "--output-dir", str(folder)], check=True)


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


def check_filtered(source: Path, whole: Path, target: Path, bound: float) -> None:
    """Row groups that lost rows are encoded anew: their columns have the same types, and their rows the same values."""
    scored = pq.read_table(whole)
    rewards: list[float | None] = scored["reward"].to_pylist()
    expected = scored.filter(pa.array([reward is not None and reward >= bound for reward in rewards], pa.bool_()))
    kept = pq.read_table(target)
    assert kept.schema.equals(scored.schema), (kept.schema, scored.schema)
    assert kept.equals(expected) or comparable(kept) == comparable(expected)
    columns = pq.read_metadata(target), pq.read_metadata(source)
    if columns[0].num_row_groups > 0:
        codecs = [[one.row_group(0).column(i).compression for i in range(one.num_columns)] for one in columns]
        assert codecs[0][: len(codecs[1])] == codecs[1], codecs
    assert polars.read_parquet(target).equals(
        polars.read_parquet(whole).filter(polars.col("reward") >= bound), null_equal=True
    )
    names = ", ".join(f'"{name}"' for name in scored.column_names)
    by_duckdb = [
        str(duckdb.sql(query).fetchall())
        for query in (
            f"SELECT {names} FROM '{target}'",
            f"SELECT {names} FROM '{whole}' WHERE reward >= {bound!r}",
        )
    ]
    assert by_duckdb[0] == by_duckdb[1]


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


def check_new(folder: Path) -> None:
    """Rows of JSON lines have the types that pyarrow would give them, and their values."""
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None}]
    rows: list[dict[str, Any]] = [
        {
            "id": 2**62 + i,
            "text": f"row {i} 漢" * (i % 300),
            "half": i / 2,
            "even": None if i % 3 == 0 else i % 2 == 0,
            "messages": messages * (i % 3),
            "lists": [[i], [], None][: i % 4],
            "meta": None if i % 5 == 0 else {"a": i, "b": [{"c": str(i)}]},
        }
        for i in range(5000)
    ]
    lines, target = folder / "new.jsonl", folder / "new/new.parquet"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    score([lines], target.parent, "text", "--to", "parquet")
    written = pq.read_table(target)
    expected = pa.Table.from_pylist(rows)
    kept = written.select(expected.column_names)
    assert kept.schema.equals(expected.schema), (kept.schema, expected.schema)
    assert kept.equals(expected)
    assert written.column_names[-2:] == WRITTEN
    assert duckdb.sql(f"SELECT count(*), sum(len(lists)) FROM '{target}'").fetchall() == [
        (5000, sum(len(row["lists"]) for row in rows))
    ]
    assert polars.read_parquet(target)["id"].to_list() == [row["id"] for row in rows]


def check_recipes(folder: Path) -> None:
    """The recipes of docs/parquet.md, as they stand there, on a file of the name that they have."""
    score([FILES[0] / "groups-of-7.parquet"], folder / "scored", "text")
    scored = pq.read_table(folder / "scored/groups-of-7.parquet")
    pq.write_table(scored, folder / "scored.parquet")
    recipes = re.findall(r"^```(sql|python)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert [language for language, _ in recipes] == ["sql", "python"], recipes
    rewards = sorted(scored["reward"].drop_null().to_pylist())
    with contextlib.chdir(folder):
        duckdb.sql(recipes[0][1])
        best = pq.read_table("best.parquet")
        assert best.column_names == scored.column_names
        assert sorted(best["reward"].to_pylist()) == rewards[-best.num_rows :]
        assert 1 <= best.num_rows <= 3
        names: dict[str, Any] = {}
        exec(recipes[1][1], names)
        assert sorted(names["good"]["reward"]) == [reward for reward in rewards if reward > 0]


def check_all(folder: Path) -> int:
    checked = 0
    for files, text in itertools.product(FILES, TEXTS):
        columns = {source: pq.read_schema(source).names for source in sorted(files.glob("*.parquet"))}
        group = [source for source, names in columns.items() if next(one for one in TEXTS if one in names) == text]
        if not group:
            continue
        scored, filtered = folder / files.name / text / "scored", folder / files.name / text / "filtered"
        score(group, scored, text)
        rewards: list[float] = []
        for source in group:
            check(source, scored / source.name)
            rewards += pq.read_table(scored / source.name)["reward"].drop_null().to_pylist()
        bound = sorted(rewards)[len(rewards) // 2]
        score(group, filtered, text, "--min-reward", str(bound))
        for source in group:
            check_filtered(source, scored / source.name, filtered / source.name, bound)
        checked += len(group)
    return checked


def main() -> None:
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as name:
        checked = check_all(Path(name))
        check_features(Path(name))
        check_new(Path(name))
        check_recipes(Path(name))
    print(f"{checked} files were read by pyarrow, DuckDB, pandas and polars, whole and filtered, and one by datasets;")
    print("the recipes of docs/parquet.md do what they say")


if __name__ == "__main__":
    sys.exit(main())
