"""The layout chai against values written by hand, and against the tool itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reward_score_training import conversations, layout
from reward_score_training.conversations import Fields
from reward_score_training.errors import RowError
from reward_score_training.layout import Message
from tool import RewardScore

TALK = [
    {"role": "system", "content": "A ship at sea."},
    {"speaker": "Ann", "text": "Is that a storm?"},
    {"name": "Captain", "message": "Aye."},
    {"from": "Ann", "value": "Shall we turn?"},
]
CONTEXT = "A ship at sea.\nAnn: Is that a storm?\nCaptain: Aye.\nAnn: Shall we turn?\n"

# A row, the text before its reply, and the reply.
CASES: list[tuple[dict[str, Any], str | None, str]] = [
    ({"messages": TALK, "response": "Hold on."}, f"{CONTEXT}Captain: ", "Hold on.\n"),
    ({"messages": TALK, "response": "Hold on.", "bot_name": "Mate"}, f"{CONTEXT}Mate: ", "Hold on.\n"),
    ({"messages": TALK}, CONTEXT.removesuffix("Shall we turn?\n"), "Shall we turn?\n"),
    ({"messages": TALK[:2], "response": "Aye."}, "A ship at sea.\nAnn: Is that a storm?\nBot: ", "Aye.\n"),
    ({"messages": TALK, "response": [*TALK, {"role": "Mate", "content": "No."}]}, f"{CONTEXT}Mate: ", "No.\n"),
    ({"messages": TALK, "response": [{"role": "Mate", "content": "No."}]}, f"{CONTEXT}Mate: ", "No.\n"),
    ({"prompt": TALK, "response": "Hold on."}, f"{CONTEXT}Captain: ", "Hold on.\n"),
    ({"context": TALK, "completion": "Hold on."}, f"{CONTEXT}Captain: ", "Hold on.\n"),
    ({"turns": TALK[1:3]}, "Ann: Is that a storm?\nCaptain: ", "Aye.\n"),
    ({"prompt": "Ann: hi\nBot:", "response": " hello"}, "Ann: hi\nBot:", " hello"),
    ({"context": "Ann: hi\nBot:", "response": " hello\n"}, "Ann: hi\nBot:", " hello\n"),
    ({"prompt": "hi", "response": [{"role": "Mate", "content": "No."}]}, "user: hi\nMate: ", "No.\n"),
    ({"messages": [{"role": "system", "content": "Only this."}]}, "", "Only this.\n"),
    (
        {"messages": [{"role": "Ann", "content": ""}, {"role": "Bob", "content": " \u2028a\U0001f600 "}]},
        "Ann: \nBob: ",
        " \u2028a\U0001f600 \n",
    ),
    ({"messages": [], "response": "Hello."}, "Bot: ", "Hello.\n"),
    ({"text": "Ann: hi\nBot: hello\n"}, None, "Ann: hi\nBot: hello\n"),
    ({"input_text": "Ann: hi\nBot: hello\n", "prompt": "x"}, None, "Ann: hi\nBot: hello\n"),
    ({"messages": [{"role": "user", "content": "hi"}], "response": "yes"}, "user: hi\nassistant: ", "yes\n"),
    (
        {"messages": [*TALK, {"role": "AI", "content": "Land!"}], "response": "No."},
        f"{CONTEXT}AI: Land!\nAI: ",
        "No.\n",
    ),
]

BAD: list[tuple[dict[str, Any], str]] = [
    ({"messages": TALK, "response": ""}, "EMPTY_TEXT"),
    ({"prompt": "Ann: hi", "response": ""}, "EMPTY_TEXT"),
    ({"messages": [{"role": "Ann", "content": ""}]}, "EMPTY_TEXT"),
    ({"messages": TALK, "response": TALK}, "EMPTY_TEXT"),
    ({"messages": [{"role": "Ann"}]}, "BAD_ROW"),
    ({"messages": [{"content": "hi"}]}, "BAD_ROW"),
    ({"messages": [{"role": None, "speaker": 3, "content": "hi"}]}, "BAD_ROW"),
    ({"messages": {"role": "Ann", "content": "hi"}}, "BAD_ROW"),
    ({"prompt": "hi"}, "BAD_ROW"),
    ({"text": "x", "prompt": "hi", "response": "y"}, "BAD_ROW"),
    ({"text": ""}, "EMPTY_TEXT"),
    ({"text": 3}, "BAD_ROW"),
    ({}, "BAD_ROW"),
]


@pytest.mark.parametrize(("row", "prompt", "response"), CASES)
def test_text_of_a_row(row: dict[str, Any], prompt: str | None, response: str) -> None:
    reply = conversations.read(row, Fields())
    assert (reply.prompt, reply.response) == (prompt, response)


@pytest.mark.parametrize(("row", "code"), BAD)
def test_row_without_a_text(row: dict[str, Any], code: str) -> None:
    with pytest.raises(RowError) as caught:
        conversations.read(row, Fields())
    assert caught.value.code == code


def test_the_names_of_fields_are_the_tools() -> None:
    package = Path(layout.__file__).parent
    shared = Path(__file__).resolve().parents[2] / "schema/row-fields.json"
    assert (package / "row_fields.json").read_bytes() == shared.read_bytes(), (
        f"cp {shared.name} {package.name}/row_fields.json"
    )


def test_parts_are_the_whole() -> None:
    messages = [Message("Ann", "a"), Message("system", "b\n"), Message("Ann", "c")]
    assert layout.render(messages) == "Ann: a\nb\n\nAnn: c\n"
    assert "".join(layout.split(messages)) == layout.render(messages)


def test_the_tool_scores_the_same_texts(reward_score: RewardScore) -> None:
    """A network of random weights tells any two texts apart."""
    rows = [row for row, _, _ in CASES]
    texts = [{"text": conversations.read(row, Fields()).text} for row in rows]
    model = Path(__file__).resolve().parents[2] / "fixtures/tiny-gpt2"
    text = "".join(json.dumps(row) + "\n" for row in [*rows, *texts, *(row for row, _ in BAD)])
    run = reward_score("-m", model, "--to", "scores", "--exit-zero", "--no-cache", text=text)
    assert run.returncode == 0, run.stderr
    rewards = [json.loads(line) for line in run.stdout.splitlines()]
    own, rendered, bad = rewards[: len(rows)], rewards[len(rows) : 2 * len(rows)], rewards[2 * len(rows) :]
    assert own == rendered
    assert bad == [None] * len(BAD)
    assert len(set(own)) >= len({text["text"] for text in texts}) - 1
