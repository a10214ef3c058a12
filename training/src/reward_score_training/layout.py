"""How messages become the text that is scored: the layout `chai`, as reward-score renders it (schema/row-fields.json)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from .errors import RowError
from .row_fields import (
    AUTHOR_FIELDS,
    CONTENT_FIELDS,
    COUNTERPARTS,
    MESSAGE,
    ROLE_OF_SPEAKER,
    SYSTEM,
    SYSTEM_MESSAGE,
    UNNAMED_BOT,
)


class Message(NamedTuple):
    author: str
    content: str


def render(messages: Sequence[Message]) -> str:
    """`NAME: CONTENT` and a newline for each message; a system message is its content alone."""
    return "".join(
        (SYSTEM_MESSAGE if author == SYSTEM else MESSAGE).format(author=author, content=content)
        for author, content in messages
    )


def split(messages: Sequence[Message]) -> tuple[str, str]:
    """The text before the last message's content, and that content to the end: joined, they are `render`'s text."""
    response = f"{messages[-1].content}\n"
    return render(messages).removesuffix(response), response


def read_messages(value: object, field: str) -> list[Message]:
    """Messages in any of the field names in use."""
    if not isinstance(value, list):
        raise RowError("BAD_ROW", f"expected {field} to be an array of messages, got {preview(value)}")
    messages = []
    for index, item in enumerate(value):
        author = _first_string(item, AUTHOR_FIELDS)
        content = _first_string(item, CONTENT_FIELDS)
        if author is None or content is None:
            missing = ", ".join(AUTHOR_FIELDS if author is None else CONTENT_FIELDS)
            raise RowError(
                "BAD_ROW", f"expected {field}[{index}] to have a string {missing} or so, got {preview(item)}"
            )
        messages.append(Message(author, content))
    return messages


def with_response(
    context: Sequence[Message], response: object, field: str, bot_name: str | None = None
) -> list[Message]:
    """The context and a response after it. A response in messages is its last one, after any that repeat the context's."""
    if isinstance(response, str):
        if response == "":
            raise RowError("EMPTY_TEXT", f"{field} is empty")
        return [*context, Message(bot_name or answering_author(context), response)]
    messages = read_messages(response, field)
    repeated = 0
    while repeated < min(len(context), len(messages)) and context[repeated] == messages[repeated]:
        repeated += 1
    added = messages[repeated:]
    if not added or added[-1].content == "":
        raise RowError("EMPTY_TEXT", f"{field} has no message of its own")
    return [*context, *added]


def answering_author(context: Sequence[Message]) -> str:
    """
    Who answers: the last speaker known as an assistant, else the last one other than the system and the user (the one
    known as a user, else who spoke first), else the counterpart of the user's name.
    """
    authors = [author for author, _ in context]
    assistants = [author for author in authors if role_of(author) == "assistant"]
    if assistants:
        return assistants[-1]
    speakers = [author for author in authors if role_of(author) != "system"]
    user = next((author for author in speakers if role_of(author) == "user"), speakers[0] if speakers else None)
    others = [author for author in speakers if author != user and role_of(author) != "user"]
    return others[-1] if others else COUNTERPARTS.get(user or "", UNNAMED_BOT)


def role_of(author: str) -> str | None:
    return ROLE_OF_SPEAKER.get(author.lower())


def preview(value: object) -> str:
    """The beginning of a value, as JSON."""
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _first_string(item: object, names: Sequence[str]) -> str | None:
    """The first of the fields that is there, if it is a string."""
    if not isinstance(item, dict):
        return None
    value = next((item[name] for name in names if item.get(name) is not None), None)
    return value if isinstance(value, str) else None
