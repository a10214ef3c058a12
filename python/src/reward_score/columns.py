"""Rewards as columns, of a data set (`datasets`), a pandas DataFrame or a polars DataFrame.

A row is made of all columns, or of those that `read` names. What is added stands in columns as the command line names
fields: `reward`, or for pairs `reward_chosen` and `reward_rejected`, and `reward_error`, which is null or
{"code": …, "message": …}. A bad row has no reward, and its error says why: no row raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from reward_score.errors import RowError
from reward_score.model import WRITTEN, RewardModel

if TYPE_CHECKING:
    import datasets
    import pandas as pd
    import polars as pl

Kind = Literal["reward", "candidates", "pair"]
"""What a row has: one reward, one for each candidate (a list), or one of `chosen` and one of `rejected`."""

NAMES: Mapping[Kind, tuple[str, ...]] = {
    "reward": ("reward",),
    "candidates": ("reward",),
    "pair": ("reward_chosen", "reward_rejected"),
}


def reward_columns(reward_model: RewardModel, rows: Iterable[Any], kind: Kind = "reward") -> dict[str, list[Any]]:
    """The columns to add to these rows: a value for each row, in order.

    Raises ValueError where a row's reward is not of that kind.
    """
    if kind not in NAMES:
        raise ValueError(f'expected kind to be "reward", "candidates" or "pair", got {kind!r}')
    names = NAMES[kind]
    columns: dict[str, list[Any]] = {name: [] for name in (*names, "reward_error")}
    for index, answer in enumerate(reward_model.score(rows, on_error="return")):
        bad = isinstance(answer, RowError)
        reward = answer.reward if bad else answer
        if isinstance(reward, dict):
            raise ValueError(
                f"rows[{index}]: expected one reward for a text, got one for each label: name one with logit="
            )
        came: Kind = "pair" if isinstance(reward, tuple) else "candidates" if isinstance(reward, list) else "reward"
        if came != kind and reward is not None:
            raise ValueError(f'rows[{index}]: expected kind "{kind}", got "{came}": say kind="{came}"')
        values = (reward,) if kind != "pair" else (reward if reward is not None else (None, None))
        for name, value in zip(names, values, strict=True):
            columns[name].append(value)
        columns["reward_error"].append({"code": answer.code, "message": answer.message} if bad else None)
    return columns


def score_dataset(
    reward_model: RewardModel,
    dataset: datasets.Dataset | datasets.IterableDataset,
    kind: Kind = "reward",
    read: Sequence[str] | None = None,
    batch_size: int = 1000,
    **options: Any,
) -> Any:
    """The data set with its rewards. options are those of its `map`, such as num_proc: each process then has its own co-process.

    An IterableDataset that does not know its features is asked for its first rows. A Dataset is scored anew, although
    `map` may have the answer in a cache: that goes by the name of a model, and not by its weights
    (load_from_cache_file=True takes it all the same).
    """
    from datasets import Dataset, List, Value

    if isinstance(dataset, Mapping):
        raise TypeError(f"expected one data set, got splits: score each of {sorted(dataset)}")
    number = Value("float64")
    features = dataset.features if dataset.features is not None else dataset._resolve_features().features
    added: dict[str, Any] = {name: List(number) if kind == "candidates" else number for name in NAMES[kind]}
    added["reward_error"] = {"code": Value("string"), "message": Value("string")}
    refuse_taken(added, features)
    read = readable(read, features)

    def add(batch: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        rows = [dict(zip(read, values, strict=True)) for values in zip(*(batch[name] for name in read), strict=True)]
        return reward_columns(reward_model, rows, kind)

    if isinstance(dataset, Dataset):
        options.setdefault("load_from_cache_file", False)
    whole = type(features)({**features, **added})
    if isinstance(dataset, Dataset) and len(dataset) == 0:
        # Its map would leave the features as they are.
        return Dataset.from_dict({name: [] for name in whole}, features=whole, split=dataset.split)
    return dataset.map(add, batched=True, batch_size=batch_size, features=whole, **options)


def score_pandas(
    reward_model: RewardModel, frame: pd.DataFrame, kind: Kind = "reward", read: Sequence[str] | None = None
) -> pd.DataFrame:
    """A new DataFrame with the same index and the rewards; bad rows have NaN, or None among lists. Missing values are nulls."""
    import pandas as pd

    refuse_other(frame, pd.DataFrame, "to_frame() makes one of a Series")
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise ValueError(f"expected columns of different names, got {names}: rename some")
    columns = {name: [null_if_missing(value) for value in frame.iloc[:, at]] for at, name in enumerate(names)}
    added = reward_columns(reward_model, rows_of(columns, readable(read, names)), kind)
    refuse_taken(added, names)
    plain = {name: pd.Series(values, frame.index, dtype=dtype_of(name, kind)) for name, values in added.items()}
    return frame.assign(**plain)


def score_polars(
    reward_model: RewardModel, frame: pl.DataFrame, kind: Kind = "reward", read: Sequence[str] | None = None
) -> pl.DataFrame:
    """A new DataFrame with the rewards; bad rows have null."""
    import polars as pl

    refuse_other(frame, pl.DataFrame, "collect() makes one of a LazyFrame")
    columns = {name: [null_if_missing(value) for value in frame[name].to_list()] for name in frame.columns}
    added = reward_columns(reward_model, rows_of(columns, readable(read, frame.columns)), kind)
    refuse_taken(added, frame.columns)
    number = pl.List(pl.Float64) if kind == "candidates" else pl.Float64
    error = pl.Struct({"code": pl.String, "message": pl.String})
    return frame.with_columns(
        pl.Series(name, values, dtype=error if name == "reward_error" else number) for name, values in added.items()
    )


def rows_of(columns: Mapping[str, Sequence[Any]], read: Sequence[str]) -> list[dict[str, Any]]:
    return [dict(zip(read, values, strict=True)) for values in zip(*(columns[name] for name in read), strict=True)]


def readable(read: Sequence[str] | None, names: Iterable[str]) -> list[str]:
    """The columns that rows are made of. Raises ValueError where one is missing."""
    there = list(names)
    if isinstance(read, str):
        raise ValueError(f"expected read to be a list of columns, got {read!r}: write [{read!r}]")
    if missing := [name for name in read or () if name not in there]:
        raise ValueError(f"expected read to name columns, got {missing}: there are {there}")
    return list(read) if read is not None else [name for name in there if name not in WRITTEN]


def refuse_other(frame: object, wanted: type, advice: str) -> None:
    if not isinstance(frame, wanted):
        raise TypeError(f"expected a {wanted.__name__}, got a {type(frame).__name__}: {advice}")


def refuse_taken(added: Iterable[str], names: Iterable[str]) -> None:
    """A column of an earlier run is not overwritten without a word."""
    if taken := sorted(set(added) & set(names)):
        raise ValueError(f"expected no columns {taken}, which are to be added: rename or drop them")


def null_if_missing(value: Any) -> Any:
    """pandas says NaN, NaT and NA for what JSON calls null: of the first two neither equals itself, and NA is asked in vain."""
    if hasattr(value, "__len__"):  # texts, lists and arrays, which are compared by element
        return value
    try:
        return value if value == value else None  # noqa: PLR0124 - NaN is what differs from itself
    except TypeError:
        return None


def dtype_of(name: str, kind: Kind) -> Literal["float64", "object"]:
    return "float64" if name != "reward_error" and kind != "candidates" else "object"
