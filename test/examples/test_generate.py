"""The generator: its contexts, its replies, and the whole pipe into `reward-score best`."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
import torch
from transformers import GPT2LMHeadModel

from conftest import BINARY, EXAMPLES, json_lines, run
from generate import Context, Generator, answer, parse_arguments, read_context
from tiny_models import write_language_model

GENERATE = [sys.executable, str(EXAMPLES / "best-of-n" / "generate.py")]
ROWS = [
    {"id": i, "prompt": f"b: {'abcdefgh'[i]}{'hgfedcba'[i]}\nc:"}
    if i % 2
    else {"id": i, "messages": [{"role": "b", "content": "abcdefgh"[: i + 1]}]}
    for i in range(8)
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def generate(model: Path, *flags: object, stdin: str = LINES) -> str:
    output = io.BytesIO()
    answer(parse_arguments(["-m", *map(str, [model, *flags])]), io.BytesIO(stdin.encode()), output)
    return output.getvalue().decode()


def generator(model: Path, **changes: object) -> Generator:
    card = {"temperature": 0.72, "repetition_penalty": 1.13125, "top_p": 0.725, "top_k": 0, "max_new_tokens": 64}
    return Generator(argparse.Namespace(model=str(model), candidates=4, **(card | changes)))


@pytest.mark.parametrize(
    ("row", "text", "in_messages"),
    [
        ({"prompt": "User: hi\nBot:"}, "User: hi\nBot:", False),
        ({"messages": [{"role": "user", "content": "hi"}]}, "user: hi\nassistant:", True),
        ({"prompt": [{"role": "human", "content": "hi"}]}, "human: hi\ngpt:", True),
        ({"messages": [{"name": "Ann", "text": "hi"}]}, "Ann: hi\nBot:", True),
        ({"messages": [{"name": "Ann", "text": "hi"}, {"name": "AI", "text": "yes?"}]}, "Ann: hi\nAI: yes?\nAI:", True),
        ({"turns": [{"from": "Ann", "value": "hi"}], "bot_name": "Max"}, "Ann: hi\nMax:", True),
        (
            {
                "messages": [
                    {"role": "system", "content": "At sea."},
                    {"name": "Ann", "text": "hi"},
                    {"name": "Max", "text": "Ahoy"},
                    {"name": "Ann", "text": "well?"},
                ]
            },
            "At sea.\nAnn: hi\nMax: Ahoy\nAnn: well?\nMax:",
            True,
        ),
    ],
)
def test_a_context_is_the_text_that_the_reward_model_sees_before_the_reply(
    row: dict[str, Any], text: str, in_messages: bool
) -> None:
    assert read_context(json.dumps(row).encode()) == Context(text, in_messages)
    # Scored as text it has the reward of the row with a candidate.
    whole = {"text": f"{text} aha\n" if in_messages else f"{text} aha"}
    rows = [row | {"candidates": ["aha" if in_messages else " aha"]}, whole]
    model = Path(__file__).parents[2] / "fixtures" / "tiny-gpt2"
    stdin = "".join(json.dumps(one) + "\n" for one in rows)
    [[joined], alone] = [record["reward"] for record in json_lines(run("-m", model, stdin=stdin).stdout)]
    assert joined == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            "{",
            "[]",
            '"text"',
            "{}",
            '{"prompt": ""}',
            '{"prompt": "a", "candidates": []}',
            '{"prompt": "\\ud800"}',
        ),
        *('{"messages": []}', '{"messages": [{"role": "a"}]}', '{"messages": ["a"]}', '{"messages": "a"}'),
    ],
)
def test_what_is_no_context_is_passed_on(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of any message
        read_context(line.encode())


def test_every_row_comes_out_in_order_with_its_bytes_and_n_replies(language_model_path: Path) -> None:
    odd = '{"n": 1e400, "prompt": "ab:"}\n'
    stdin = f"{LINES}not JSON\n\n{odd}{LINES}".rstrip("\n")
    lines = generate(language_model_path, "-n", 3, "--batch-size", 4, stdin=stdin).split("\n")
    given = stdin.split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(given)
    for line, before in zip(lines, given, strict=True):
        if before in ("not JSON", ""):
            assert line == before
            continue
        assert line.startswith(before[:-1])
        candidates = json.loads(line)["candidates"]
        assert len(candidates) == 3
        assert all("\n" not in text and text == text.rstrip() for text in candidates)
        if "messages" in before:
            assert all(text == text.strip() for text in candidates)


def test_a_seed_repeats_its_replies_and_another_one_does_not(language_model_path: Path) -> None:
    first, again, other = (generate(language_model_path, "--seed", seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_distinct_replies(language_model_path: Path) -> None:
    # At this temperature replies repeat.
    whole, distinct = (
        json_lines(generate(language_model_path, "--temperature", 0.05, *flags)) for flags in ([], ["--distinct"])
    )
    kept = [list(dict.fromkeys(row["candidates"])) for row in whole]
    assert [row["candidates"] for row in distinct] == kept
    assert sum(map(len, kept)) < 8 * len(ROWS)


def test_padding_changes_nothing(language_model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # With top_k 1 sampling has no choice: a row's reply is the same alone and beside longer ones.
    model = generator(language_model_path, top_k=1)
    contexts = [Context("abcdefg"[:length] * length + "b:", True) for length in (1, 3, 5, 7)]
    given: list[torch.Tensor] = []
    draw = model.model.generate

    def generate(**inputs: Any) -> Any:
        given.append(inputs["input_ids"])
        return draw(**inputs)

    monkeypatch.setattr(model.model, "generate", generate)
    together = model.candidates(contexts)
    assert together == [model.candidates([context])[0] for context in contexts]
    assert len({reply for group in together for reply in group}) > 1
    # Nor to the repetition penalty, which looks at masked tokens too: padding brings in no token that the text has not.
    assert [set(ids.tolist()) for ids in given[0]] == [set(ids[0].tolist()) for ids in given[1:]]


def test_a_long_context_is_cut_on_the_left(language_model_path: Path) -> None:
    model = generator(language_model_path, top_k=1)
    kept = "abcdefgh" * 8  # 64 of the model's 128 positions; the others are for the reply
    assert model.candidates([Context("h" * 500 + kept, True)]) == model.candidates([Context(kept, True)])
    with pytest.raises(SystemExit, match="expected --max-new-tokens below 128"):
        generator(language_model_path, max_new_tokens=128)


def test_a_reply_ends_at_any_token_with_a_newline(tmp_path: Path) -> None:
    model = generator(write_language_model(tmp_path, "abc"))
    newline = model.tokenizer.convert_tokens_to_ids("Ċ")
    assert model.ends == sorted([newline, model.tokenizer.eos_token_id])
    # A model that prefers the newline to everything says nothing but what it must before it.
    assert isinstance(model.model, GPT2LMHeadModel)
    with torch.no_grad():
        model.model.transformer.ln_f.bias.copy_(10 * model.model.transformer.wte.weight[newline])
    replies = [reply for group in model.candidates([Context("ab", False)] * 8) for reply in group]
    assert all(len(reply) <= 1 for reply in replies)
    assert any(replies)


def test_a_pipe_into_best_chooses_and_tells_the_gain(
    language_model_path: Path, reward_model_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "prompts.jsonl").write_text(LINES * 4)
    generating = " ".join([*GENERATE, "-m", str(language_model_path), "-n", "8"])
    pipe = (
        f"{generating} < prompts.jsonl | tee drawn.jsonl | {' '.join(BINARY)} best -m {reward_model_path} --exit-zero"
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", pipe], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    drawn, winners = json_lines((tmp_path / "drawn.jsonl").read_text()), json_lines(done.stdout)
    assert [row["id"] for row in winners] == [row["id"] for row in drawn] == [row["id"] for row in ROWS] * 4

    def liked(row: dict[str, Any], reply: str) -> float:
        text = row["prompt"] + reply if "prompt" in row else f"b: {row['messages'][0]['content']}\nBot: {reply}\n"
        return text.count("a") / len(text)

    for row, winner in zip(drawn, winners, strict=True):
        assert len(row["candidates"]) == 8
        shares = [liked(row, reply) for reply in row["candidates"] if reply]
        assert liked(row, winner["response"]) == max(shares)
        # An empty reply is a bad one: it has no reward, and is never chosen.
        assert [reward is None for reward in winner["reward"]] == [reply == "" for reply in row["candidates"]]

    curve = [
        line.split()[1:5] for line in done.stderr.splitlines() if line.split()[1:2] in (["1"], ["2"], ["4"], ["8"])
    ]
    best = [float(row[2]) for row in curve]
    assert [int(row[0]) for row in curve] == [1, 2, 4, 8]
    assert best[0] < best[1] < best[2] < best[3]
    assert best[3] > best[0] + 0.1
    whole = [winner for winner in winners if None not in winner["reward"]]
    assert int(curve[3][1]) == len(whole) > 16
    assert best[3] == pytest.approx(mean(winner["best_reward"] for winner in whole), abs=1e-3)
