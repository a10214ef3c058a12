"""Rewards for the rows of a Spark DataFrame, by one `reward-score --stream` for each Python worker of an executor.

A worker serves one task at a time, and lives on to serve the next: the model is loaded once for each task that an
executor runs side by side. Give a task as many cores as the co-process shall have workers: spark.task.cpus.
"""

import atexit
import json
import subprocess
import threading
from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame
from pyspark.sql.functions import struct, to_json
from pyspark.sql.pandas.types import to_arrow_type
from pyspark.sql.types import StructType

ERROR = "reward_error struct<code: string, message: string>"
ROW = "__row"


def with_rewards(rows: DataFrame, flags: Sequence[str], rewards: str = "reward double") -> DataFrame:
    """The rows, in the order and partitions they have, with a column for each reward and one for what is wrong.

    A row is what `reward-score` reads: columns text, prompt and response, messages ...; others are kept as they are.
    The reward of one that cannot be scored is null, and reward_error says why.

    flags: of reward-score, as ["-m", "/models/gpt2-reward-model"]
    rewards: the columns to add: "reward array<double>" for rows with candidates, "reward_chosen double,
      reward_rejected double" for pairs
    """
    added = StructType.fromDDL(f"{rewards}, {ERROR}")
    taken = {name.lower() for name in added.names} & {name.lower() for name in rows.columns}
    if taken:
        raise ValueError(f"expected rows without the columns {sorted(taken)}, which are to be added: rename or drop them")
    schema = StructType(rows.schema.fields + added.fields)
    command = ["reward-score", "--stream", "--quiet", *flags]

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            answers = scorer(command).answers_to(batch.column(ROW).to_pylist())
            columns = [pa.array([answer.get(field.name) for answer in answers], to_arrow_type(field.dataType)) for field in added]
            kept = batch.drop_columns([ROW])
            yield pa.RecordBatch.from_arrays(kept.columns + columns, kept.schema.names + added.names)

    return rows.withColumn(ROW, to_json(struct("*"))).mapInArrow(score, schema)


class Scorer:
    """A co-process: a line in, a line out, in order."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command
        # What it says goes to the executor's log.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def answers_to(self, lines: list[str]) -> list[dict]:
        """Raises an error where the co-process has died: the task fails, and Spark tries it again."""
        # Beside the reading: both pipes may be full.
        writer = threading.Thread(target=self.write, args=(lines,), daemon=True)
        writer.start()
        answers = [self.process.stdout.readline() for _ in lines]
        writer.join()
        if answers and not answers[-1].endswith("\n"):
            self.end()
            raise RuntimeError(f"{' '.join(self.command)}: ended with {self.process.returncode} in the middle of its rows")
        return [json.loads(answer) for answer in answers]

    def write(self, lines: list[str]) -> None:
        try:
            self.process.stdin.writelines(f"{line}\n" for line in lines)
            self.process.stdin.flush()
        except OSError:
            pass  # it has died, which its reader learns

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


_scorer: Scorer | None = None


def scorer(command: Sequence[str]) -> Scorer:
    """This worker's co-process: a new one if there is none yet, if it died, or if other flags were asked for."""
    global _scorer
    if _scorer is None or _scorer.process.poll() is not None or _scorer.command != command:
        if _scorer is not None:
            _scorer.end()
        _scorer = Scorer(command)
    return _scorer
