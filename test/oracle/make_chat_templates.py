"""Writes chat_templates.json: what apply_chat_template makes of conversations by the templates of chat_templates/.

The templates are written for this test and have the features of public ones: tools and thoughts in ChatML, headers with and
without a date, instructions that alternate, turns without a system role. The conversations are chat_conversations.json, which
this script writes, too. A text is kept as the start of its SHA-256, the first ones of each template whole.
"""

import hashlib
import json
import random
from datetime import datetime
from pathlib import Path

import jinja2
import transformers
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

HERE = Path(__file__).resolve().parent
DAY = "2024-07-06"
SPECIAL_TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
WHOLE = (0, 3, 7)
HASH_LENGTH = 24

CONTENTS = [
    "Hi!",
    "  leading and trailing \n",
    "\n\n  Fine, thänks 😀\n",
    "",
    "<s>[INST] <|im_end|></s> {{ 7 }} {% raw %}",
    "line\r\nline\rline",
    "<think>\nso\n</think>\n\n yes \n",
    "</think>no thought",
    "\u0085\u001c\ufeff\u200bspaces\u2003\u00a0",
    "\"quotes\" 'and' \\back\\slashes & <tags>",
    "0",
    "a\tb\u2028c",
    "日本語と한국어",
    "x" * 60,
]

CALL = {
    "id": "abcdefghi",
    "type": "function",
    "function": {"name": "add", "arguments": {"b": 2, "a": [1.5, None, True]}},
}
TOOL = {
    "type": "function",
    "function": {
        "name": "add",
        "description": 'Adds two numbers "fast"',
        "parameters": {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
    },
}


def message(role: str, content: str, **more: object) -> dict:
    return {"role": role, "content": content, **more}


def by_hand() -> list[dict]:
    user, assistant = message("user", "How are you?"), message("assistant", " Fine. ")
    system = message("system", "Be kind.")
    asked = message("assistant", "", tool_calls=[CALL])
    result = message("tool", "3.5", name="add")
    rows: list[list[dict]] = [
        [system, user, assistant],
        [user, assistant],
        [user],
        [message("system", ""), user, assistant],
        [user, user, assistant],
        [user, assistant, assistant],
        [assistant],
        [system],
        [system, system, user, assistant],
        [user, assistant, user, assistant, user, assistant],
        [system, user, assistant, user],
        [user, message("assistant", "")],
        [message("user", ""), assistant],
        [user, message("assistant", "yes", reasoning_content="because\n")],
        [user, message("assistant", "yes", thinking="so")],
        [user, message("assistant", "<think>a</think>b"), user, message("assistant", "\n<think>\nc\n</think>\n\n d")],
        [user, asked, result, assistant],
        [user, message("assistant", "I add.", tool_calls=[CALL, CALL]), result, result, assistant],
        [message("user", "hi", name="Anna"), message("assistant", "hi", name="Bot")],
        [message("narrator", "Once"), user, assistant],
    ]
    conversations = [{"messages": messages} for messages in rows]
    conversations += [
        {"messages": messages, "tools": [TOOL, TOOL]} for messages in (rows[0], rows[1], rows[16], rows[7])
    ]
    return conversations


def made(count: int) -> list[dict]:
    draw = random.Random(19)
    conversations = []
    for _ in range(count):
        messages = [message("system", draw.choice(CONTENTS))] if draw.random() < 0.4 else []
        for turn in range(draw.randrange(1, 6)):
            messages.append(message("assistant" if turn % 2 else "user", draw.choice(CONTENTS)))
        conversations.append({"messages": messages})
    return conversations


class FixedDatetime(datetime):
    """The day at midnight."""

    @classmethod
    def now(cls, tz=None):
        return cls.fromisoformat(DAY)


def outcome(tokenizer: PreTrainedTokenizerFast, template: str, conversation: dict) -> str | None:
    """The text; None where the reference refuses the conversation."""
    tools = conversation.get("tools")
    try:
        return tokenizer.apply_chat_template(
            conversation["messages"], tools=tools, chat_template=template, tokenize=False
        )
    except (jinja2.TemplateError, TypeError, ValueError):
        return None


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def main() -> None:
    chat_template_utils.datetime = FixedDatetime
    fixture = HERE.parent.parent / "fixtures" / "tiny-gpt2" / "tokenizer.json"
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(fixture), **SPECIAL_TOKENS)
    hand = by_hand()
    conversations = hand + made(54 - len(hand))
    (HERE / "chat_conversations.json").write_text(
        "[\n" + ",\n".join(json.dumps(conversation) for conversation in conversations) + "\n]\n", encoding="utf-8"
    )
    texts = {}
    for path in sorted((HERE / "chat_templates").glob("*.jinja")):
        template = path.read_bytes().decode("utf-8")
        found = [outcome(tokenizer, template, conversation) for conversation in conversations]
        texts[path.name] = {
            "hashes": [None if text is None else hash_of(text) for text in found],
            "whole": {index: found[index] for index in WHOLE},
        }
        print(f"{path.name}: {sum(text is None for text in found)} of {len(found)} refused")
    result = {
        "versions": {"transformers": transformers.__version__, "jinja2": jinja2.__version__},
        "day": DAY,
        "special_tokens": SPECIAL_TOKENS,
        "templates": texts,
    }
    (HERE / "chat_templates.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
