"""Rewards as columns of datasets, pandas and polars, against those of a list of rows."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import BINARY
from reward_score import RewardModel
from reward_score.columns import score_dataset, score_pandas, score_polars
from tiny_models import write_reward_model

TEXTS = ["aab", "", "b", "aaaa"]
EMPTY = {"code": "EMPTY_TEXT", "message": "text is empty"}


@pytest.fixture
def expected(reward_model: RewardModel) -> list[Any]:
    a, b, c = reward_model.score(["aab", "b", "aaaa"])
    return [pytest.approx(a, rel=1e-5), None, pytest.approx(b, rel=1e-5), pytest.approx(c, rel=1e-5)]


@pytest.mark.parametrize("options", [{}, {"num_proc": 2}], ids=["alone", "two processes"])
def test_datasets(reward_model: RewardModel, expected: list[Any], options: dict[str, Any]) -> None:
    from datasets import Dataset, Value

    rows = Dataset.from_dict({"text": TEXTS, "id": [1, 2, 3, 4]})
    # The first batch has no error, and one has nothing else.
    scored = score_dataset(reward_model, rows, batch_size=1, **options)
    assert scored.column_names == ["text", "id", "reward", "reward_error"]
    assert scored.features["reward"] == Value("float64")
    assert scored["reward"][:] == expected
    assert scored["reward_error"][:] == [None, EMPTY, None, None]
    with pytest.raises(ValueError, match=r"expected no columns \['reward', 'reward_error'\]"):
        score_dataset(reward_model, scored)


def test_what_is_no_data_set_or_frame(reward_model: RewardModel) -> None:
    import polars as pl
    from datasets import Dataset, DatasetDict

    rows = Dataset.from_dict({"text": ["a"]})
    with pytest.raises(TypeError, match=r"expected one data set, got splits: score each of \['test', 'train'\]"):
        score_dataset(reward_model, DatasetDict(train=rows, test=rows))
    with pytest.raises(TypeError, match="expected a DataFrame, got a LazyFrame: collect"):
        score_polars(reward_model, pl.LazyFrame({"text": ["a"]}))
    with pytest.raises(TypeError, match="expected a DataFrame, got a Dataset"):
        score_pandas(reward_model, rows)


def test_a_data_set_without_rows_has_the_columns(reward_model: RewardModel) -> None:
    from datasets import Dataset

    rows = Dataset.from_dict({"text": ["a"], "n": [1]})
    for kind in ("reward", "candidates", "pair"):
        none = score_dataset(reward_model, rows.select([]), kind=kind)
        assert none.num_rows == 0
        if kind == "reward":
            assert none.features == score_dataset(reward_model, rows).features


def test_datasets_of_candidates_and_in_a_stream(reward_model: RewardModel) -> None:
    from datasets import Dataset

    rows = Dataset.from_dict({"prompt": ["x", "y"], "candidates": [["a", ""], ["b"]]})
    streamed = list(score_dataset(reward_model, rows.to_iterable_dataset(), kind="candidates"))
    assert [row["reward"] for row in score_dataset(reward_model, rows, kind="candidates")] == (
        [pytest.approx(row["reward"]) for row in streamed]
    )
    assert [[value is None for value in row["reward"]] for row in streamed] == [[False, True], [False]]
    with pytest.raises(ValueError, match=r'expected kind "reward", got "candidates"'):
        score_dataset(reward_model, rows)


def test_a_data_set_on_disk_is_scored_anew_when_the_model_has_changed(tmp_path: Path) -> None:
    from datasets import Dataset, load_from_disk

    Dataset.from_dict({"text": ["aab"]}).save_to_disk(tmp_path / "rows")
    rewards = []
    for liked in "ab":
        write_reward_model(tmp_path / "model", liked)
        with RewardModel(BINARY, model=tmp_path / "model") as model:
            rewards += score_dataset(model, load_from_disk(tmp_path / "rows"))["reward"][:]
    assert rewards[0] > 0 > rewards[1]


def test_a_stream_without_features(reward_model: RewardModel) -> None:
    from datasets import IterableDataset

    rows = IterableDataset.from_generator(lambda: iter([{"text": "a"}, {"text": ""}]))
    assert [row["reward"] is None for row in score_dataset(reward_model, rows)] == [False, True]


def test_pandas(reward_model: RewardModel, expected: list[Any]) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "text": TEXTS,
            "missing": [1.5, None, 2, float("nan")],
            "at": [pd.Timestamp("2026-11-30"), pd.NaT, None, pd.Timestamp("2026-11-30")],
            "n": pd.array([1, None, 3, 4], dtype="Int64"),
        },
        index=[7, 7, 8, 9],
    )
    scored = score_pandas(reward_model, frame)
    pd.testing.assert_frame_equal(scored[list(frame.columns)], frame)
    assert scored["reward"].astype(object).where(scored["reward"].notna(), None).tolist() == expected
    assert scored["reward_error"].tolist() == [None, EMPTY, None, None]
    pairs = pd.DataFrame({"chosen": ["aa", "a"], "rejected": ["b", ""], "note": ["x", "y"]})
    scored = score_pandas(reward_model, pairs, kind="pair", read=["chosen", "rejected"])
    assert [column.isna().tolist() for _, column in scored[["reward_chosen", "reward_rejected"]].items()] == (
        [[False, False], [False, True]]
    )
    with pytest.raises(ValueError, match=r"expected read to name columns, got \['answer'\]"):
        score_pandas(reward_model, pairs, read=["answer"])


def test_polars(reward_model: RewardModel, expected: list[Any]) -> None:
    import polars as pl

    frame = pl.DataFrame({"text": TEXTS, "x": [1.0, float("nan"), None, 2.0], "at": [datetime.date(2026, 11, 30)] * 4})
    scored = score_polars(reward_model, frame)
    assert scored.select(frame.columns).equals(frame)
    assert scored["reward"].to_list() == expected
    assert scored["reward_error"].to_list() == [None, EMPTY, None, None]
    rows = pl.DataFrame({"prompt": ["x"], "candidates": [["a", ""]]})
    assert score_polars(reward_model, rows, kind="candidates").schema["reward"] == pl.List(pl.Float64)


def test_a_reward_for_each_label(tmp_path: Path) -> None:
    """A number of each label in its place; columns hold one."""
    import torch
    from transformers import GPT2ForSequenceClassification

    model_path = write_reward_model(tmp_path / "one", "a")
    one = GPT2ForSequenceClassification.from_pretrained(model_path)
    config = one.config
    config.id2label = {0: "bad", 1: "good"}
    two = GPT2ForSequenceClassification(config)
    two.load_state_dict({**one.state_dict(), "score.weight": torch.cat([-one.score.weight, one.score.weight])})
    for file in model_path.iterdir():
        if file.name.startswith("tokenizer"):
            (tmp_path / "two").mkdir(exist_ok=True)
            (tmp_path / "two" / file.name).write_bytes(file.read_bytes())
    two.save_pretrained(tmp_path / "two")
    with (
        RewardModel(BINARY, model=model_path) as single,
        RewardModel(BINARY, model=tmp_path / "two", logit="all") as model,
    ):
        [expected] = single.score(["aab"])
        assert model.score(["aab"]) == [{"bad": pytest.approx(-expected), "good": pytest.approx(expected)}]
        with pytest.raises(ValueError, match=r"rows\[0\]: expected one reward for a text, got one for each label"):
            score_pandas(model, pd_frame(["aab"]))


def pd_frame(texts: list[str]) -> Any:
    import pandas as pd

    return pd.DataFrame({"text": texts})
