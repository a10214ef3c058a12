"""Rewards for a Ray data set: a pool of actors, each with a `reward-score --stream` of its own that keeps its model loaded."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import ray

from reward_score import ProcessError, RewardModel
from reward_score.columns import NAMES, Kind, reward_columns

ATTEMPTS = 3
"""So often a batch is given to a co-process, each a new one, while the one before was killed."""
ERROR = pa.struct([("code", pa.string()), ("message", pa.string())])


def with_rewards(
    rows: ray.data.Dataset,
    flags: Mapping[str, Any],
    kind: Kind = "reward",
    actors: int | tuple[int, int] = 1,
    cpus: int = 1,
    batch_size: int = 1000,
) -> ray.data.Dataset:
    """The rows with their rewards, and with reward_error, which is null or says why a row has none.

    A row is what `reward-score` reads: columns text, prompt and response, messages ...; others are kept as they are.

    flags: of reward-score with underscores, as {"model": "/models/gpt2-reward-model"}
    kind: "candidates" for a list of rewards, "pair" for reward_chosen and reward_rejected
    actors: how many co-processes; two numbers are the fewest and the most, between which Ray chooses
    cpus: of the cluster, for each; the co-process has as many workers
    """
    return rows.map_batches(
        Scorer,
        fn_constructor_args=({"workers": cpus, **flags}, kind),
        compute=ray.data.ActorPoolStrategy(size=actors)
        if isinstance(actors, int)
        else ray.data.ActorPoolStrategy(min_size=actors[0], max_size=actors[1]),
        num_cpus=cpus,
        batch_size=batch_size,
        batch_format="pyarrow",
        zero_copy_batch=True,
    )


class Scorer:
    """An actor. Ray starts another one, and gives it the batch again, where it dies."""

    def __init__(self, flags: Mapping[str, Any], kind: Kind) -> None:
        self.flags, self.kind = flags, kind
        self.model = RewardModel(**flags)

    def __call__(self, batch: pa.Table) -> pa.Table:
        number = pa.list_(pa.float64()) if self.kind == "candidates" else pa.float64()
        if taken := {*NAMES[self.kind], "reward_error"} & {*batch.column_names}:
            raise ValueError(
                f"expected rows without the columns {sorted(taken)}, which are to be added: rename or drop them"
            )
        for name, values in self.columns_of(batch.to_pylist()).items():
            batch = batch.append_column(name, pa.array(values, ERROR if name == "reward_error" else number))
        return batch

    def columns_of(self, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
        """A co-process that was killed (memory, a preempted container) is replaced; one that gave up says why, and raises."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return reward_columns(self.model, rows, self.kind)
            except ProcessError as error:
                killed = error.exit_code is not None and (error.exit_code < 0 or error.exit_code > 128)
                if not killed or attempt == ATTEMPTS:
                    raise
                print(f"{error}: the batch is scored again (attempt {attempt + 1} of {ATTEMPTS})", file=sys.stderr)
                self.model.close()
                self.model = RewardModel(**self.flags)
        raise AssertionError("the last attempt returns or raises")
