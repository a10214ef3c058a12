"""Logs to labelled rows, through the command."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from generated import conversations, read_jsonl, write_jsonl
from reward_score_training.cli import main
from reward_score_training.splits import SPLITS, Shares
from tool import RewardScore


def label(log: Path, *flags: str, output: Path | None = None) -> tuple[int, Path]:
    folder = output or log.parent / "data"
    return main(["label", str(log), "-o", str(folder), *flags]), folder


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [row for name in SPLITS for row in read_jsonl(folder / f"{name}.jsonl")]


def account(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "account.json").read_text())
    return found


def log_of(*rows: dict[str, Any], **common: object) -> list[dict[str, Any]]:
    return [{"prompt": f"Ann: {index}\nBot:", "response": " hi", **common, **row} for index, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("flags", "row", "target"),
    [
        (["--min-remaining", "2"], {"retry": False, "remaining_user_messages": 2}, 1),
        (["--min-remaining", "2"], {"retry": False, "remaining_user_messages": 1}, 0),
        (["--min-remaining", "2"], {"retry": True, "remaining_user_messages": 9}, 0),
        (["--min-remaining", "2"], {"retry": True}, 0),
        (["--min-remaining", "0"], {"retry": False}, 1),
        (["--min-remaining", "2"], {"retry": "No", "remaining_user_messages": " 3 "}, 1),
        (["--min-remaining", "1", "--retry-field", "again", "--remaining-field", "more"], {"again": 0, "more": 1}, 1),
        (["--min-stars", "4"], {"stars": 4}, 1),
        (["--min-stars", "4"], {"stars": 3.5}, 0),
        (["--min-stars", "4"], {"stars": None}, None),
        (["--min-stars", "4"], {}, None),
        (["--thumbs"], {"thumbs": "up"}, 1),
        (["--thumbs"], {"thumbs": -1}, 0),
        (["--thumbs"], {"thumbs": ""}, None),
        (["--given"], {"labels": 0.25}, 0.25),
        (["--given"], {"label": True}, 1),
        (["--given", "--label-field", "y"], {"y": "0", "label": 1}, 0),
    ],
)
def test_rule(tmp_path: Path, flags: list[str], row: dict[str, Any], target: float | None) -> None:
    # A row that has a label in any case, so that there is something to write.
    other = {
        "retry": False,
        "remaining_user_messages": 9,
        "again": 0,
        "more": 9,
        "stars": 5,
        "thumbs": 1,
        "label": 1,
        "y": 1,
    }
    code, folder = label(write_jsonl(tmp_path / "log.jsonl", log_of(row, other)), *flags)
    assert code == 0
    labels = [found["label"] for found in rows_of(folder) if found["prompt"] == "Ann: 0\nBot:"]
    assert labels == ([] if target is None else [target])
    assert account(folder)["unlabelled"] == (target is None)


def test_rows_of_a_conversation_stay_together(tmp_path: Path) -> None:
    log = write_jsonl(tmp_path / "log.jsonl", conversations(300, seed=3))
    code, folder = label(log, "--min-remaining", "2", "--validation", "0.2", "--test", "0.2")
    assert code == 0
    splits = {name: {row["conversation_id"] for row in read_jsonl(folder / f"{name}.jsonl")} for name in SPLITS}
    assert all(splits.values())
    assert sum(map(len, splits.values())) == len(set.union(*splits.values())) == 300
    shares = Shares(0.2, 0.2, seed=0)
    assert all(shares.split_of(conversation) == name for name, group in splits.items() for conversation in group)
    # In the order of the log, whatever else is in it; another seed is another split.
    again = label(log, "--min-remaining", "2", "--validation", "0.2", "--test", "0.2", output=tmp_path / "again")[1]
    assert (again / "train.jsonl").read_bytes() == (folder / "train.jsonl").read_bytes()
    other = label(
        log, "--min-remaining", "2", "--validation", "0.2", "--test", "0.2", "--seed", "1", output=tmp_path / "other"
    )[1]
    assert (other / "test.jsonl").read_bytes() != (folder / "test.jsonl").read_bytes()


def test_without_ids_conversations_are_what_begins_alike(tmp_path: Path) -> None:
    rows = [
        {name: value for name, value in row.items() if name != "conversation_id"} for row in conversations(200, seed=3)
    ]
    _, folder = label(
        write_jsonl(tmp_path / "log.jsonl", rows), "--min-remaining", "2", "--validation", "0.3", "--test", "0.3"
    )
    openings = {
        name: {"\n".join(row["prompt"].split("\n")[:2]) for row in read_jsonl(folder / f"{name}.jsonl")}
        for name in SPLITS
    }
    assert all(openings.values())
    assert sum(map(len, openings.values())) == len(set.union(*openings.values()))
    assert account(folder)["conversations_by"] == {"id": 0, "beginning": len(rows)}


def test_a_text_stands_in_one_split_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Ten texts, each said in forty conversations.
    rows = [
        {"conversation_id": f"c{index}", "prompt": f"Ann: {index % 10}\nBot:", "response": " hi", "label": index % 2}
        for index in range(400)
    ]
    _, folder = label(write_jsonl(tmp_path / "log.jsonl", rows), "--given", "--validation", "0.2", "--test", "0.2")
    counts = account(folder)["splits"]
    assert sum(split["rows"] + split["dropped"] for split in counts.values()) == 400
    # All of them are in train, so that nothing is left elsewhere.
    assert counts["train"]["dropped"] == 0
    assert counts["validation"]["rows"] == counts["test"]["rows"] == 0
    assert counts["train"]["repeated"] == counts["train"]["rows"] - 10
    error = capsys.readouterr().err
    assert "validation and test: no rows" in error

    # One text of train stands in every other conversation.
    rows = [{**row, "prompt": f"Ann: {index if index % 2 else 0}\nBot:"} for index, row in enumerate(rows)]
    _, folder = label(
        write_jsonl(tmp_path / "half.jsonl", rows),
        "--given",
        "--validation",
        "0.2",
        "--test",
        "0.2",
        output=tmp_path / "half",
    )
    texts = {name: {row["prompt"] for row in read_jsonl(folder / f"{name}.jsonl")} for name in SPLITS}
    assert all(texts.values())
    assert sum(map(len, texts.values())) == len(set.union(*texts.values()))
    for name in SPLITS:
        split, kept = account(folder)["splits"][name], read_jsonl(folder / f"{name}.jsonl")
        assert split["rows"] == len(kept)
        assert split["conversations"] == len({row["conversation_id"] for row in kept})
        assert split["base_rate"] == pytest.approx(sum(row["label"] for row in kept) / len(kept))


def test_bad_rows_are_told_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"prompt": "Ann: a\nBot:", "response": " b", "retry": False, "remaining_user_messages": 3}
    lines = [
        json.dumps(good).encode(),
        b"{",
        b"",
        b"[1]",
        b'{"prompt": "\xff"}',
        json.dumps({**good, "response": ""}).encode(),
        json.dumps({**good, "retry": "maybe"}).encode(),
        json.dumps({**good, "remaining_user_messages": -1}).encode(),
        json.dumps({"prompt": "Ann: a\nBot:", "response": " b"}).encode(),
        json.dumps({**good, "response": "\ud800"}).encode(),
        json.dumps({**good, "remaining_user_messages": float("nan")}).encode(),
        b"[" * 100_000,
    ]
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"\n".join(lines))
    code, folder = label(log, "--min-remaining", "2")
    assert code == 3
    assert account(folder)["bad"] == {"BAD_JSON": 3, "BAD_ROW": 4, "BAD_UTF8": 2, "EMPTY_TEXT": 1}
    assert account(folder)["rows"] == 11
    told = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in told if line.startswith(str(log))] == [
        f"{log}:{n}" for n in (2, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    ]

    errors = tmp_path / "errors.jsonl"
    assert (
        main(["label", str(log), "-o", str(folder), "--overwrite", "--min-remaining", "2", "--errors", str(errors)])
        == 3
    )
    assert [(row["line"], row["code"]) for row in read_jsonl(errors)][:2] == [(2, "BAD_JSON"), (4, "BAD_ROW")]


def test_tables(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    messages = json.dumps([{"role": "Ann", "content": 'a "b"'}]).replace('"', '""')
    log.write_bytes(
        b"\xef\xbb\xbfMessages ,Response,RETRY,remaining_user_messages\r\n"
        + f'"{messages}","two\r\nlines",false,2\r\n'.encode()
        + b"\r\nshort,row\r\n"
        + f'"{messages}",caf\xe9,false,2\r\n'.encode("latin-1")
        + b"not messages,x,false,2\r\n"
    )
    code, folder = label(log, "--min-remaining", "2")
    assert code == 3
    assert [(row["prompt"], row["response"], row["label"]) for row in rows_of(folder)] == [
        ('Ann: a "b"\nBot: ', "two\r\nlines\n", 1)
    ]
    assert account(folder)["bad"] == {"BAD_CSV": 1, "BAD_UTF8": 1, "BAD_ROW": 1}

    table = tmp_path / "table.tsv.gz"
    table.write_bytes(gzip.compress(b"input_text\tlabels\nAnn: hi\t1\nAnn: ho\t0.5\n"))
    code, folder = label(table, "--given", output=tmp_path / "table")
    assert code == 0
    assert sorted((row["text"], row["label"]) for row in rows_of(folder)) == [("Ann: hi", 1), ("Ann: ho", 0.5)]


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Standard:
        buffer = io.BytesIO(b'{"text": "a", "label": 1}\n')

    monkeypatch.setattr("sys.stdin", Standard)
    assert main(["label", "-", "-o", str(tmp_path / "data"), "--given"]) == 0
    assert [row["text"] for row in rows_of(tmp_path / "data")] == ["a"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "one of the arguments"),
        (["--min-remaining", "2", "--thumbs"], "not allowed with"),
        (["--min-remaining", "-1"], "expected a whole number from 0 up"),
        (["--given", "--validation", "0.6", "--test", "0.4"], "leave rows to train on"),
        (["--given", "--conversation", "chat"], "none: 0 rows labelled"),
    ],
)
def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str) -> None:
    log = write_jsonl(tmp_path / "log.jsonl", log_of({"label": 1}))
    try:
        code: object = label(log, *flags)[0]
    except SystemExit as error:
        code = error.code
    assert code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "data" / "train.jsonl").exists()


def test_work_that_is_there_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write_jsonl(tmp_path / "log.jsonl", log_of({"label": 1}))
    assert label(log, "--given")[0] == 0
    assert label(log, "--given")[0] == 2
    assert "--overwrite" in capsys.readouterr().err
    assert label(log, "--given", "--overwrite")[0] == 0
    assert main(["label", str(tmp_path / "none.jsonl"), "-o", str(tmp_path / "new"), "--given"]) == 2


def test_the_tool_evaluates_the_rows(labelled: Path, reward_score: RewardScore) -> None:
    model = Path(__file__).resolve().parents[2] / "fixtures/tiny-gpt2"
    run = reward_score("eval", labelled / "test.jsonl", "-m", model, "--json", "--no-cache")
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    counts = account(labelled)["splits"]["test"]
    assert result["rows"] == counts["rows"]
    assert result["failed"] == 0
    assert 0 < result["metrics"]["auc"]["value"] < 1
