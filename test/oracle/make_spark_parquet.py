"""Writes spark/, small files of Parquet as Spark (parquet-java) writes them, and spark.json: the JSON lines that their rows are,
made of the values from which they were written and not by reading them. It takes Java and pyspark."""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import platform
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pyspark
from pyspark.sql import SparkSession
from pyspark.sql import types as t

HERE = Path(__file__).resolve().parent
FILES = HERE / "spark"
SEED = 20261130
ROWS = 20
CODECS = ("uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "lz4")
UTC = datetime.UTC

random_numbers = random.Random(SEED)


def words(at_most: int) -> str:
    letters = ["a", "ü", "漢", "🙂", " ", "\n", '"', "\\", "z"]
    return "".join(random_numbers.choice(letters) for _ in range(random_numbers.randint(0, at_most)))


def maybe(value: Any) -> Any:
    return None if random_numbers.random() < 0.2 else value


MESSAGE = t.StructType([t.StructField("role", t.StringType()), t.StructField("content", t.StringType())])
SCHEMA = t.StructType(
    [
        t.StructField("id", t.LongType(), nullable=False),
        t.StructField("text", t.StringType()),
        t.StructField("small", t.ShortType()),
        t.StructField("score", t.DoubleType()),
        t.StructField("flag", t.BooleanType()),
        t.StructField("price", t.DecimalType(9, 2)),
        t.StructField("wide", t.DecimalType(38, 5)),
        t.StructField("bytes", t.BinaryType()),
        t.StructField("day", t.DateType()),
        t.StructField("moment", t.TimestampType()),
        t.StructField("tags", t.ArrayType(t.StringType())),
        t.StructField("counts", t.MapType(t.StringType(), t.IntegerType())),
        t.StructField("messages", t.ArrayType(MESSAGE)),
    ]
)


def rows() -> list[dict[str, Any]]:
    start = datetime.datetime(1969, 12, 31, 23, 59, 58, tzinfo=UTC)
    return [
        {
            "id": 2**62 + i,
            "text": words(20) + str(i),
            "small": maybe(i - 10),
            "score": maybe(i / 8 + 0.5),
            "flag": maybe(i % 3 == 0),
            "price": maybe(decimal.Decimal(i * 7 - 50).scaleb(-2)),
            "wide": maybe(decimal.Decimal(-(10**30) + i).scaleb(-5, decimal.Context(prec=60))),
            "bytes": maybe(bytes([i, 255])),
            "day": maybe(datetime.date(1969, 12, 20) + datetime.timedelta(days=i)),
            "moment": maybe(start + datetime.timedelta(microseconds=125_001 * i)),
            "tags": maybe([maybe(words(4)) for _ in range(i % 4)]),
            "counts": maybe({f"k{k}": maybe(k) for k in range(i % 3)}),
            "messages": maybe(
                [{"role": role, "content": maybe(words(12))} for role in ["user", "assistant", "user"][: i % 4]]
            ),
        }
        for i in range(ROWS)
    ]


def as_json(value: Any, digits: int) -> Any:
    """A value as it is written in JSON lines; `digits`: those of the seconds' fraction."""
    match value:
        case float():
            return int(value) if value.is_integer() else value
        case decimal.Decimal():
            return format(value, "f")
        case bytes():
            return base64.b64encode(value).decode()
        case datetime.datetime():
            whole = value.replace(tzinfo=None, microsecond=0).isoformat()
            zone = "" if digits == 9 else "Z"  # INT96 says nothing of one
            return f"{whole}.{value.microsecond:06}{'0' * (digits - 6)}{zone}"
        case datetime.date():
            return value.isoformat()
        case dict():
            return {key: as_json(one, digits) for key, one in value.items()}
        case list():
            return [as_json(one, digits) for one in value]
    return value


def main() -> None:
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    table = rows()
    frame = spark.createDataFrame([tuple(row.values()) for row in table], SCHEMA).coalesce(1)
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir()
    files: dict[str, str] = {}
    variants = [(f"spark-{codec}", {"compression": codec}, {}) for codec in CODECS]
    variants += [
        ("spark-int96", {}, {"spark.sql.parquet.outputTimestampType": "INT96"}),
        ("spark-legacy", {}, {"spark.sql.parquet.writeLegacyFormat": "true"}),
        ("spark-v2", {"parquet.writer.version": "v2", "parquet.page.row.count.limit": "3"}, {}),
    ]
    for name, options, settings in variants:
        defaults = {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS", "spark.sql.parquet.writeLegacyFormat": "false"}
        for key, value in (defaults | settings).items():
            spark.conf.set(key, value)
        with tempfile.TemporaryDirectory() as folder:
            frame.write.mode("overwrite").options(**options).parquet(f"{folder}/out")
            (part,) = Path(folder, "out").glob("part-*.parquet")
            shutil.copyfile(part, FILES / f"{name}.parquet")
        files[name] = "nanoseconds" if name == "spark-int96" else "microseconds"
    lines = {
        unit: [json.dumps(as_json(row, digits), ensure_ascii=False, separators=(",", ":")) for row in table]
        for unit, digits in (("microseconds", 6), ("nanoseconds", 9))
    }
    content = {
        "versions": {"python": platform.python_version(), "pyspark": pyspark.__version__},
        "seed": SEED,
        "tables": lines,
        "files": files,
    }
    (HERE / "spark.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    print(f"{len(files)} files")


if __name__ == "__main__":
    main()
