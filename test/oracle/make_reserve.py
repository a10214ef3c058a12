"""Writes reserve.json: rows, and the rewards that transformers gives them where prompts leave room for a response.

The rule (`--reserve N`): with P tokens in all the text before the response, tokenized alone, max(0, P - (max_length - N))
tokens are dropped from the left of the whole text's tokens, and more only if more than max_length remain.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, GPT2TokenizerFast
from transformers.utils.logging import disable_progress_bar

from make_rewards import DEFAULT_VOCABULARY, PACKAGES, PAD_TOKEN_ID, load_tokenizer, reward_text
from recipe import read_models, write_model

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
MODEL = "base"
SETTINGS = [(256, 64), (256, 255), (64, 16), (64, 1), (24, 20)]

REPLIES = [
    "Sure.",
    "I would rather not, but if you insist I can tell you how the lighthouse keeper lost his hat and found it again.",
    "Yes! " * 40,
    "<|endoftext|>",
    "fine<|endoftext|>",
]


def talk(turns: int, user: str = "Anna", bot: str = "Bot") -> list[Json]:
    """Messages of a made-up conversation, in turn, the first of them the system's."""
    said = [
        "Tell me about the lighthouse, would you?",
        "It stands on the northern rocks, it has 199 steps, and nobody has counted them twice.",
        "And the keeper?",
        "He keeps bees, two goats, and a diary in green ink.",
    ]
    talked = [{"role": (user, bot)[turn % 2], "content": said[turn % 4]} for turn in range(turns)]
    return [{"role": "system", "content": "A quiet evening by the sea."}, *talked]


def chai(messages: list[Json]) -> str:
    """The messages in the layout of Chai's models."""
    return "".join(
        f"{each['content']}\n" if each["role"] == "system" else f"{each['role']}: {each['content']}\n"
        for each in messages
    )


def chatml(messages: list[Json]) -> str:
    """The messages in OpenAI's layout, all closed."""
    return "".join(f"<|im_start|>{each['role']}\n{each['content']}<|im_end|>\n" for each in messages)


def rows() -> list[Json]:
    """Rows as users write them, each with its texts as (before the response, response, after it)."""
    made: list[Json] = []

    def add(flags: list[str], row: Json, *parts: tuple[str, str, str]) -> None:
        made.append({"flags": flags, "row": row, "parts": parts})

    for turns in (1, 3, 9, 33):
        messages = talk(turns)
        before = f"{chai(messages)}Bot: "
        add([], {"messages": messages, "candidates": REPLIES}, *((before, reply, "\n") for reply in REPLIES))
        add([], {"prompt": before[:-1], "response": f" {REPLIES[1]}"}, (before[:-1], f" {REPLIES[1]}", ""))
        # The seam lies within a word, or a token: the whole has other tokens than its parts.
        add([], {"prompt": f"{before}light", "response": "house keepers"}, (f"{before}light", "house keepers", ""))
        add([], {"prompt": f"{before}<|endoftext|", "response": "> so"}, (f"{before}<|endoftext|", "> so", ""))
        last = messages[-1]
        judged = f"{chai(messages[:-1])}{last['role']}: "
        add([], {"messages": messages}, (judged, last["content"], "\n"))
        pair = {"prompt": before, "chosen": REPLIES[0], "rejected": REPLIES[2]}
        add([], pair, (before, REPLIES[0], ""), (before, REPLIES[2], ""))
        both = [[*messages, {"role": "Bot", "content": reply}] for reply in REPLIES[:2]]
        add([], {"chosen": both[0], "rejected": both[1]}, *((before, reply, "\n") for reply in REPLIES[:2]))
        # Chat templates know roles, and names that stand for them.
        named, roles = talk(turns, "Human", "gpt"), talk(turns, "user", "assistant")
        open_turn = f"{chatml(roles)}<|im_start|>assistant\n"
        add(["--template", "chatml"], {"messages": named, "response": REPLIES[1]}, (open_turn, REPLIES[1], ""))
        joined = "<|endoftext|>".join(each["content"] for each in messages)
        parts = (f"{joined}<|endoftext|>", REPLIES[0], "")
        add(["--template", "dialogrpt"], {"messages": messages, "response": REPLIES[0]}, parts)
        jinja = "".join(f"[{each['role']}]{each['content']}" for each in roles) + "[assistant]"
        trimmed = {"messages": named, "response": f"  {REPLIES[1]} "}
        add(["--template", "TRIMMING"], trimmed, (jinja, REPLIES[1], "[end]"))
    add([], {"prompt": "", "response": REPLIES[2] * 3}, ("", REPLIES[2] * 3, ""))
    return made


def kept(tokenizer: GPT2TokenizerFast, before: str, text: str, max_length: int, reserve: int) -> list[int]:
    """The text's tokens that the rule keeps."""
    ids: list[int] = tokenizer(text)["input_ids"]
    drop = max(0, len(tokenizer(before)["input_ids"]) - (max_length - reserve))
    # Tokens may merge where prompt and response meet: of a text that is shorter than its prompt, the last one stays.
    return ids[min(drop, len(ids) - 1) :][-max_length:]


def main() -> None:
    """Command line."""
    torch.set_num_threads(1)
    disable_progress_bar()
    tokenizer = load_tokenizer(DEFAULT_VOCABULARY)
    scales, descriptions = read_models()
    with tempfile.TemporaryDirectory() as directory:
        write_model(Path(directory), next(each for each in descriptions if each["name"] == MODEL), scales)
        model = AutoModelForSequenceClassification.from_pretrained(directory, dtype=torch.float32).eval()
    model.config.pad_token_id = PAD_TOKEN_ID

    def reward(parts: tuple[str, str, str], max_length: int, reserve: int) -> str:
        ids = kept(tokenizer, parts[0], "".join(parts), max_length, reserve)
        with torch.no_grad():
            return reward_text(model(input_ids=torch.tensor([ids])).logits.item())

    made = rows()
    lines = []
    for each in made:
        rewards = [f"[{', '.join(reward(parts, *setting) for parts in each['parts'])}]" for setting in SETTINGS]
        flags, row = json.dumps(each["flags"]), json.dumps(each["row"])
        lines.append(f'    {{ "flags": {flags}, "rewards": [{", ".join(rewards)}], "row": {row} }}')
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    settings = [{"maxLength": max_length, "reserve": reserve} for max_length, reserve in SETTINGS]
    text = (
        f'{{\n  "versions": {json.dumps(versions)},\n  "model": "{MODEL}",\n  "settings": {json.dumps(settings)},\n'
        '  "rows": [\n' + ",\n".join(lines) + "\n  ]\n}\n"
    )
    (HERE / "reserve.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
