"""The reply that a row of a log holds, what came before it, and which conversation it belongs to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from . import layout
from .errors import RowError
from .row_fields import BOT_NAME, DEFAULT_NAMES, SYSTEM

Row = dict[str, Any]

# Not `id`: that is as often the row's own, and rows of one conversation would stand on both sides of a split.
CONVERSATION_NAMES = ("conversation_id", "chat_id", "dialogue_id")


@dataclass(frozen=True)
class Fields:
    """Names that flags give, by role, and that of the conversation's id."""

    named: dict[str, str] = field(default_factory=dict)
    conversation: str | None = None


@dataclass(frozen=True)
class Reply:
    """The text of a row in two parts, and whose it is. Without a prompt the response is the whole text."""

    prompt: str | None
    response: str
    # How the text came about: `text`, `response` (strings joined) or `messages` (the layout chai).
    form: str
    # Where nothing names the conversation: what it begins with.
    beginning: str

    @property
    def text(self) -> str:
        return (self.prompt or "") + self.response


def read(row: Row, fields: Fields) -> Reply:
    """The first form that the row has, in reward-score's order."""
    found = {role: value for role in DEFAULT_NAMES if (value := _find(row, role, fields)) is not None}
    if "text" in found and ("text" in fields.named or "response" not in fields.named):
        name, text = found["text"]
        if "text" not in fields.named and "prompt" in found and "response" in found:
            others = " and ".join(found[role][0] for role in ("prompt", "response"))
            raise RowError("BAD_ROW", f"expected {name}, or {others}, got both; say which with --text or --response")
        if not isinstance(text, str):
            raise RowError("BAD_ROW", f"expected {name} to be a string, got {layout.preview(text)}")
        if text == "":
            raise RowError("EMPTY_TEXT", f"{name} is empty")
        return Reply(None, text, "text", _first_line(text))
    context = found.get("prompt") or found.get("messages")
    if context is None:
        raise RowError(
            "BAD_ROW",
            f"expected text, messages, or prompt with response, got {layout.preview(sorted(row)) if row else 'no fields'}",
        )
    name, value = context
    response = found.get("response")
    if isinstance(value, str):
        return _after_text(name, value, response, row)
    messages = layout.read_messages(value, name)
    if response is not None:
        messages = layout.with_response(messages, response[1], response[0], _bot_name(row))
    elif not messages or messages[-1].content == "":
        raise RowError("EMPTY_TEXT", f"expected {name} to end with a message that is not empty")
    return _from_messages(messages)


def identity(row: Row, reply: Reply, fields: Fields) -> tuple[str, bool]:
    """What all rows of a conversation have in common, and whether it is an id."""
    names = CONVERSATION_NAMES if fields.conversation is None else (fields.conversation,)
    value = next((row[name] for name in names if row.get(name) not in (None, "")), None)
    if value is not None:
        if isinstance(value, (dict, list, bool)):
            raise RowError(
                "BAD_ROW", f"expected a conversation's id to be a string or a number, got {layout.preview(value)}"
            )
        return str(value), True
    if fields.conversation is not None:
        raise RowError("BAD_ROW", f"expected {fields.conversation} to name the conversation, got nothing")
    # A beginning may be long: its hash names it.
    return hashlib.blake2b(reply.beginning.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest(), False


def _after_text(name: str, prompt: str, response: tuple[str, Any] | None, row: Row) -> Reply:
    """A response after a prompt that is a string: nothing stands between the two."""
    if response is None:
        raise RowError("BAD_ROW", f"expected a response beside {name}, got {layout.preview(sorted(row))}")
    field_name, value = response
    if not isinstance(value, str):
        return _from_messages(layout.with_response([layout.Message("user", prompt)], value, field_name))
    if value == "":
        raise RowError("EMPTY_TEXT", f"{field_name} is empty")
    return Reply(prompt, value, "response", _first_line(prompt + value))


def _from_messages(messages: list[layout.Message]) -> Reply:
    prompt, response = layout.split(messages)
    # A bot's system message is that of all its conversations.
    first = next((index for index, message in enumerate(messages) if message.author != SYSTEM), 0)
    return Reply(prompt, response, "messages", layout.render(messages[: first + 1]))


def _find(row: Row, role: str, fields: Fields) -> tuple[str, Any] | None:
    named = fields.named.get(role)
    has_messages = "messages" not in fields.named and row.get("messages") is not None
    for name in DEFAULT_NAMES[role] if named is None else (named,):
        value = row.get(name)
        if value is None:
            continue
        # `context` is a prompt when it is a string (beside `messages` it is neither), and messages when it is not.
        if name == "context" and named is None:
            is_prompt = isinstance(value, str)
            if (not is_prompt or has_messages) if role == "prompt" else is_prompt:
                continue
        return name, value
    return None


def _bot_name(row: Row) -> str | None:
    value = row.get(BOT_NAME)
    return value if isinstance(value, str) else None


def _first_line(text: str) -> str:
    return text.lstrip().split("\n", 1)[0]
