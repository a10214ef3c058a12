"""Writes parquet/, small files of Parquet by several writers, codecs, encodings and layouts, and parquet.json: the JSON
lines that their rows are, made of the values from which they were written and not by reading them."""

from __future__ import annotations

import base64
import datetime
import decimal
import importlib.metadata
import json
import math
import platform
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import fastparquet
import numpy as np
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
FILES = HERE / "parquet"
ROWS_FILE = HERE / "parquet.json"
PACKAGES = ("pyarrow", "duckdb", "polars", "fastparquet", "pandas", "numpy")
SEED = 20261130
ROWS = 20
CODECS = ("none", "snappy", "gzip", "brotli", "lz4", "zstd")
UTC = datetime.UTC

Row = dict[str, Any]
Value = Any

random_numbers = random.Random(SEED)
# Decimals of 38 digits are not to be rounded to 28.
decimal.getcontext().prec = 60


def words(at_most: int) -> str:
    letters = ["a", "ü", "漢", "🙂", " ", "\n", '"', "\\", "z"]
    return "".join(random_numbers.choice(letters) for _ in range(random_numbers.randint(0, at_most)))


def maybe(value: Value) -> Value:
    return None if random_numbers.random() < 0.2 else value


def conversation() -> list[Row]:
    count = random_numbers.randint(0, 3)
    return [{"role": random_numbers.choice(["user", "assistant"]), "content": maybe(words(12))} for _ in range(count)]


def basic_rows(count: int) -> list[Row]:
    return [
        {
            "id": 2**62 + i,
            "text": words(20) + str(i),
            "score": maybe(i / 8 + 0.5),
            "flag": maybe(i % 3 == 0),
            "tags": maybe([maybe(words(4)) for _ in range(i % 4)]),
            "messages": maybe(conversation()),
        }
        for i in range(count)
    ]


BASIC = pa.schema(
    [
        ("id", pa.int64()),
        ("text", pa.string()),
        ("score", pa.float64()),
        ("flag", pa.bool_()),
        ("tags", pa.list_(pa.string())),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
    ]
)


def scalar_rows(count: int) -> list[Row]:
    start = datetime.datetime(1969, 12, 31, 23, 59, 58)
    return [
        {
            "text": maybe(random_numbers.choice(["low", "high", words(6)])),
            "i8": maybe(i - 12),
            "u8": maybe(250 - i),
            "u32": maybe(2**32 - 1 - i),
            "u64": maybe(2**64 - 1 - i),
            "i32": -(2**31) + i,
            "f32": maybe([0.1, -2.5, math.nan, math.inf][i % 4]),
            "f64": maybe([0.1, -2.5, math.nan, 1e300][i % 4]),
            "f16": maybe([0.5, -2.5][i % 2]),
            "dictionary": maybe(f"c{i % 3}"),
            "large": maybe(words(5)),
            "binary": maybe(bytes([i, 255])),
            "fixed": bytes([i, 1, 2]),
            "decimal": maybe(decimal.Decimal(i * 7 - 50).scaleb(-2)),
            "wide": maybe(decimal.Decimal(-(10**30) + i).scaleb(-5)),
            "date": maybe(datetime.date(1969, 12, 20) + datetime.timedelta(days=i)),
            "time": maybe(datetime.time(i % 24, 59, 1, 123)),
            "ms": maybe(start + datetime.timedelta(milliseconds=125 * i)),
            "us": maybe((start + datetime.timedelta(microseconds=125_001 * i)).replace(tzinfo=UTC)),
            "nothing": None,
        }
        for i in range(count)
    ]


SCALARS = pa.schema(
    [
        ("text", pa.string()),
        ("i8", pa.int8()),
        ("u8", pa.uint8()),
        ("u32", pa.uint32()),
        ("u64", pa.uint64()),
        pa.field("i32", pa.int32(), nullable=False),
        ("f32", pa.float32()),
        ("f64", pa.float64()),
        ("f16", pa.float16()),
        ("dictionary", pa.dictionary(pa.int32(), pa.string())),
        ("large", pa.large_string()),
        ("binary", pa.binary()),
        ("fixed", pa.binary(3)),
        ("decimal", pa.decimal128(9, 2)),
        ("wide", pa.decimal128(38, 5)),
        ("date", pa.date32()),
        ("time", pa.time64("us")),
        ("ms", pa.timestamp("ms")),
        ("us", pa.timestamp("us", tz="UTC")),
        ("nothing", pa.null()),
    ]
)


def nested_rows(count: int) -> list[Row]:
    return [
        {
            "prompt": words(8),
            "response": words(8) or "x",
            "lists": maybe([maybe([maybe(k) for k in range(i % 3)]) for _ in range(i % 4)]),
            "struct": maybe({"x": maybe(i), "inner": maybe({"y": maybe(words(3)), "z": [i, None]})}),
            "map": maybe({f"k{k}": maybe(k) for k in range(i % 3)}),
            "roles": {"role": ["user"] * (i % 3), "content": [words(3) for _ in range(i % 3)]},
            "parts": [{"content": [{"type": "text", "text": words(5)}] * (i % 2)}] * (i % 3),
            "chosen": conversation(),
        }
        for i in range(count)
    ]


MESSAGES = BASIC.field("messages").type
NESTED = pa.schema(
    [
        pa.field("prompt", pa.string(), nullable=False),
        ("response", pa.string()),
        ("lists", pa.list_(pa.list_(pa.int32()))),
        (
            "struct",
            pa.struct([("x", pa.int16()), ("inner", pa.struct([("y", pa.string()), ("z", pa.list_(pa.int64()))]))]),
        ),
        ("map", pa.map_(pa.string(), pa.int32())),
        ("roles", pa.struct([("role", pa.list_(pa.string())), ("content", pa.list_(pa.string()))])),
        (
            "parts",
            pa.list_(pa.struct([("content", pa.list_(pa.struct([("type", pa.string()), ("text", pa.string())])))])),
        ),
        ("chosen", MESSAGES),
    ]
)


def plain_rows(count: int) -> list[Row]:
    """Values that every writer stores alike."""
    return [
        {"text": words(9) + str(i), "number": i * 1001, "half": i / 2 + 0.25, "even": i % 2 == 0} for i in range(count)
    ]


def number_as_json(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    # JavaScript writes whole numbers without a point.
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def moment_as_json(value: datetime.datetime) -> str:
    digits = "milliseconds" if value.tzinfo is None else "microseconds"
    return value.replace(tzinfo=None).isoformat(timespec=digits) + ("" if value.tzinfo is None else "Z")


# A moment is a date too, so that it comes first.
AS_JSON: tuple[tuple[type, Callable[[Any], Value]], ...] = (
    (float, number_as_json),
    (decimal.Decimal, lambda value: format(value, "f")),
    (bytes, lambda value: base64.b64encode(value).decode()),
    (datetime.datetime, moment_as_json),
    (datetime.time, lambda value: value.isoformat(timespec="microseconds")),
    (datetime.date, lambda value: value.isoformat()),
    (dict, lambda value: {key: as_json(one) for key, one in value.items()}),
    (list, lambda value: [as_json(one) for one in value]),
)


def as_json(value: Value) -> Value:
    """A value as it is written in JSON lines."""
    return next((convert(value) for kind, convert in AS_JSON if isinstance(value, kind)), value)


def line_of(row: Row) -> str:
    return json.dumps(as_json(row), ensure_ascii=False, separators=(",", ":"))


TABLES: dict[str, tuple[list[Row], pa.Schema | None]] = {
    "basic": (basic_rows(ROWS), BASIC),
    "scalars": (scalar_rows(ROWS), SCALARS),
    "nested": (nested_rows(ROWS), NESTED),
    "none": ([], BASIC),
    "one": (basic_rows(1), BASIC),
    "plain": (plain_rows(ROWS), None),
    "long": ([{"text": f"{i % 7} " * (i % 400)} for i in range(300)], pa.schema([("text", pa.string())])),
}


def arrow(name: str) -> pa.Table:
    rows, schema = TABLES[name]
    columns = [pa.array([pairs_of(row[field.name], field.type) for row in rows], field.type) for field in schema]
    return pa.table(columns, schema=schema)


def pairs_of(value: Value, kind: pa.DataType) -> Value:
    if pa.types.is_map(kind) and value is not None:
        return list(value.items())
    return np.float16(value) if pa.types.is_float16(kind) and value is not None else value


def by_pyarrow() -> Iterator[tuple[str, str, Row]]:
    """Names of files, of the tables in them, and how they are written."""
    for version in ("1.0", "2.0"):
        for codec in CODECS:
            for table in ("basic", "nested"):
                yield f"{table}-{codec}-v{version[0]}", table, {"compression": codec, "data_page_version": version}
        small = {"data_page_size": 64, "write_batch_size": 3, "data_page_version": version, "compression": "zstd"}
        yield f"pages-basic-v{version[0]}", "basic", small
        yield f"pages-nested-v{version[0]}", "nested", small
        yield f"pages-long-v{version[0]}", "long", small
        plain = {"use_dictionary": False, "data_page_version": version}
        yield f"encoding-plain-v{version[0]}", "scalars", plain
        yield f"encoding-dictionary-v{version[0]}", "scalars", {"data_page_version": version}
        yield f"encoding-split-v{version[0]}", "basic", {**plain, "column_encoding": {"score": "BYTE_STREAM_SPLIT"}}
        for text in ("DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"):
            delta = {"id": "DELTA_BINARY_PACKED", "text": text, "tags.list.element": text}
            yield f"encoding-{text.lower()}-v{version[0]}", "basic", {**plain, "column_encoding": delta}
    for rows in (1, 5, 7):
        yield f"groups-of-{rows}", "basic", {"row_group_size": rows}
    yield "groups-of-9-nested", "nested", {"row_group_size": 9, "compression": "lz4"}
    yield "rows-0", "none", {}
    yield "rows-1", "one", {}
    yield "checksums", "nested", {"write_page_checksum": True}
    yield "page-index", "basic", {"write_page_index": True, "row_group_size": 10}
    yield "no-statistics", "basic", {"write_statistics": False}
    yield "no-arrow-schema", "nested", {"store_schema": False}
    yield "legacy-lists", "basic", {"use_compliant_nested_type": False}
    yield "format-1.0", "basic", {"version": "1.0"}


def write_all() -> dict[str, str]:
    tables: dict[str, str] = {}
    for name, table, options in by_pyarrow():
        pq.write_table(arrow(table), FILES / f"{name}.parquet", **options)
        tables[name] = table
    connection = duckdb.connect()
    for table in ("basic", "nested"):
        connection.register(table, arrow(table))
        for codec in ("uncompressed", "snappy", "zstd", "gzip", "lz4_raw"):
            name = f"duckdb-{table}-{codec}"
            connection.execute(f"COPY {table} TO '{FILES / name}.parquet' (FORMAT parquet, COMPRESSION {codec})")
            tables[name] = table
    connection.execute(f"COPY basic TO '{FILES / 'duckdb-v2'}.parquet' (FORMAT parquet, PARQUET_VERSION v2)")
    tables["duckdb-v2"] = "basic"
    for codec in ("uncompressed", "snappy", "zstd", "gzip", "lz4", "brotli"):
        name = f"polars-basic-{codec}"
        frame = polars.from_arrow(arrow("basic"))
        assert isinstance(frame, polars.DataFrame)
        frame.write_parquet(FILES / f"{name}.parquet", compression=codec)
        tables[name] = "basic"
    plain = pandas.DataFrame(TABLES["plain"][0])
    for codec in ("UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"):
        name = f"fastparquet-plain-{codec.lower()}"
        fastparquet.write(str(FILES / f"{name}.parquet"), plain, compression=codec, row_group_offsets=[0, 11])
        tables[name] = "plain"
    return tables


def main() -> None:
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir()
    tables = write_all()
    content = {
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in PACKAGES},
        },
        "seed": SEED,
        "tables": {name: [line_of(row) for row in rows] for name, (rows, _) in TABLES.items()},
        "files": tables,
    }
    ROWS_FILE.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    print(f"{len(tables)} files")


if __name__ == "__main__":
    main()
