"""
Names of a row's fields, and the template chai, as reward-score has them. row_fields.json is a copy of schema/row-fields.json, so that
this package can be installed alone; a test holds the two equal.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

_TABLE: dict[str, Any] = json.loads(files(__package__).joinpath("row_fields.json").read_text(encoding="utf-8"))

# The roles that have a place in a labelled row, each with its names in the order in which they are looked for.
DEFAULT_NAMES = {role: tuple(_TABLE["roles"][role]) for role in ("text", "prompt", "response", "messages")}
BOT_NAME: str = _TABLE["botName"]
AUTHOR_FIELDS: tuple[str, ...] = tuple(_TABLE["author"])
CONTENT_FIELDS: tuple[str, ...] = tuple(_TABLE["content"])

# The names that stand for the roles of a conversation, in any case, and who answers a user of a name.
ROLE_OF_SPEAKER: dict[str, str] = {name: role for role, names in _TABLE["speakers"].items() for name in names}
COUNTERPARTS: dict[str, str] = _TABLE["counterparts"]

# Patterns for str.format.
MESSAGE: str = _TABLE["chai"]["message"]
SYSTEM_MESSAGE: str = _TABLE["chai"]["system"]
SYSTEM: str = _TABLE["chai"]["systemAuthor"]
UNNAMED_BOT: str = _TABLE["chai"]["unnamedBot"]
