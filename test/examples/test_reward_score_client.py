"""The co-process client against the real binary."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import BINARY, json_lines, run
from reward_score_client import RewardModel, RowError

FORMS = [
    "a text",
    {"text": "another"},
    {"prompt": "User: hi\nBot:", "response": " a reply"},
    {"messages": [{"role": "user", "content": "ha"}, {"role": "bot", "content": "aha"}]},
    {"messages": [{"role": "user", "content": "ha"}], "response": "aaa"},
    {"messages": [{"role": "user", "content": "ha"}], "response": [{"role": "assistant", "content": "banana"}]},
    {"prompt": "User: hi\nBot:", "candidates": [" a", " b", " aa"]},
    {"prompt": "User: hi\nBot:", "chosen": " aaaa", "rejected": " b"},
]
UNICODE = ["à côté", "日本語 a", "🙂🙃 a", "a\u2028b", "a\0b", "e\u0301a", "line\r\nline\n", '"\\"', " a ", "\ufeffa"]


def rewards_of_file(rows: list[Any], model: Path, folder: Path) -> list[Any]:
    """As `reward-score FILE` gives them."""
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    records = json_lines(run("-m", model, file).stdout)
    return [r["reward"] if "reward" in r else (r["reward_chosen"], r["reward_rejected"]) for r in records]


def approx(rewards: list[Any]) -> list[Any]:
    return [pytest.approx(reward, rel=1e-5, abs=1e-5) for reward in rewards]


def test_all_forms_of_rows_have_the_rewards_of_a_file(
    reward_model: RewardModel, reward_model_path: Path, tmp_path: Path
) -> None:
    rows = [*FORMS, *UNICODE]
    rewards = reward_model.score(rows)
    assert rewards == approx(rewards_of_file(rows, reward_model_path, tmp_path))
    assert [type(reward) for reward in rewards] == [float] * 6 + [list, tuple] + [float] * len(UNICODE)


def test_ten_thousand_rows_in_one_call_are_answered_in_order(reward_model: RewardModel) -> None:
    # Together 10 MB each way, which no pipe holds.
    rows = [{"text": "a" * (i % 40) + "b" * (40 - i % 40), "note": "." * 900} for i in range(10_000)]
    rewards = reward_model.score(rows)
    assert rewards == approx(reward_model.score(rows[:40]) * 250)
    assert sorted(set(rewards[:40])) == rewards[:40]


def test_calls_of_any_size_follow_one_another(reward_model: RewardModel) -> None:
    assert reward_model.score([]) == []
    whole = reward_model.score(FORMS)
    assert reward_model.score(iter(FORMS)) == approx(whole)
    assert [reward_model.score([row])[0] for row in FORMS] == approx(whole)


def test_a_bad_row_raises_and_the_next_call_has_its_own_answers(reward_model: RewardModel) -> None:
    [expected] = reward_model.score(["a good one"])
    with pytest.raises(RowError, match=r"rows\[1\]: EMPTY_TEXT: text is empty") as raised:
        reward_model.score(["aaaa", {"text": ""}, "bbbb", 5])
    assert (raised.value.index, raised.value.code, raised.value.reward) == (1, "EMPTY_TEXT", None)
    assert reward_model.score(["a good one"]) == approx([expected])


def test_a_bad_row_has_an_error_in_its_place(reward_model: RewardModel) -> None:
    rows = ["a", {"text": ""}, 5, None, {"prompt": "no reply"}, "\ud800", float("nan"), "a"]
    rewards = reward_model.score(rows, on_error="return")
    assert [getattr(reward, "code", "") for reward in rewards] == (
        ["", "EMPTY_TEXT", "BAD_ROW", "BAD_ROW", "BAD_ROW", "BAD_UTF8", "BAD_JSON", ""]
    )
    assert rewards[0] == rewards[-1]


def test_of_several_texts_the_good_ones_keep_their_rewards(reward_model: RewardModel) -> None:
    rows = [{"prompt": "x", "candidates": ["a", "", "b"]}, {"chosen": "a", "rejected": ""}]
    candidates, pair = reward_model.score(rows, on_error="return")
    assert isinstance(candidates, RowError)
    assert isinstance(pair, RowError)
    assert candidates.reward[0] > candidates.reward[2]
    assert (candidates.reward[1], pair.reward[1]) == (None, None)


def test_what_an_earlier_run_wrote_does_not_count(reward_model: RewardModel) -> None:
    [expected] = reward_model.score(["aab"])
    scored = {"text": "aab", "reward": 1e6, "reward_error": {"code": "EMPTY_TEXT"}, "reward_chosen": 1e6}
    assert reward_model.score([scored]) == [expected]


def test_on_error_is_one_of_two(reward_model: RewardModel) -> None:
    with pytest.raises(ValueError, match="expected on_error to be"):
        reward_model.score(["a"], on_error="skip")


def interrupt(model: RewardModel, monkeypatch: pytest.MonkeyPatch, after: int, act: Any) -> None:
    """Does something when so many answers of a call are read."""
    read, count = model._read, 0

    def read_and_act() -> bytes:
        nonlocal count
        count += 1
        if count == after:
            act()
        return read()

    monkeypatch.setattr(model, "_read", read_and_act)


def test_a_process_killed_in_the_middle_raises(reward_model: RewardModel, monkeypatch: pytest.MonkeyPatch) -> None:
    kill = lambda: os.kill(reward_model._process.pid, signal.SIGKILL)  # noqa: E731
    interrupt(reward_model, monkeypatch, 100, kill)
    # More than the pipes hold: the writer is still at work.
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"reward-score ended \(exit code -9\) before all rows were answered"):
            reward_model.score([{"text": "a", "note": "." * 900}] * 10_000)


def test_an_interrupted_call_leaves_no_answers_to_the_next(
    reward_model: RewardModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    interrupt(reward_model, monkeypatch, 3, stop)
    with pytest.raises(KeyboardInterrupt):
        reward_model.score(["a"] * 10_000)
    with pytest.raises(RuntimeError, match="exit code -9"):
        reward_model.score(["b"])


def test_a_process_that_gives_up_is_quoted(reward_model_path: Path) -> None:
    with (
        RewardModel(BINARY, model="./no-such-model") as model,
        pytest.raises(RuntimeError, match=r"\(exit code 2\).*no-such-model"),
    ):
        model.score(["a"])
    with (
        RewardModel(BINARY, model=reward_model_path, max_errors=1) as model,
        pytest.raises(RuntimeError, match=r"\(exit code 1\).*max-errors"),
    ):
        model.score(["a", "", "a"])


def test_threads_share_one_process(reward_model: RewardModel) -> None:
    texts = [f"{'a' * i}{'b' * (50 - i)}" for i in range(50)]
    expected = reward_model.score(texts)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(reward_model.score, texts[i % 40 : i % 40 + 10]) for i in range(200)]
        for i, call in enumerate(calls):
            assert call.result() == approx(expected[i % 40 : i % 40 + 10])


def test_flags_are_those_of_the_command(reward_model_path: Path) -> None:
    flags = {"max_length": 2, "logit": 0, "offline": True, "debug": False, "template": None}
    with RewardModel(BINARY, model=reward_model_path, **flags) as model:
        cut, whole = model.score(["bbbbbaa", "aa"])
    assert cut == whole


def test_the_environment_does_not_change_what_an_answer_is(
    reward_model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in [("TO", "scores"), ("FROM", "text"), ("OUTPUT", "out.jsonl"), ("REWARD_FIELD", "r")]:
        monkeypatch.setenv(f"REWARD_SCORE_{name}", value)
    for name, value in [("ON_ERROR", "fail"), ("ERRORS", "errors.jsonl"), ("MODEL", str(reward_model_path))]:
        monkeypatch.setenv(f"REWARD_SCORE_{name}", value)
    monkeypatch.chdir(tmp_path)
    with RewardModel(BINARY) as model:
        good, bad = model.score(["a", ""], on_error="return")
    assert (type(good), bad.code, list(tmp_path.iterdir())) == (float, "EMPTY_TEXT", [])


def test_it_closes_cleanly_and_twice(reward_model_path: Path) -> None:
    with RewardModel(BINARY, model=reward_model_path) as model:
        model.score(["a"])
    model.close()
    assert model._process.returncode == 0
    with RewardModel(BINARY, model=reward_model_path) as unused:
        pass
    assert unused._process.returncode == 0
