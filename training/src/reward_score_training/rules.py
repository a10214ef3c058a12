"""What counts as accepted: the target of a row, from what the user did."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from .conversations import Row
from .errors import RowError
from .layout import preview

YES = {"true", "yes", "1", "up", "like"}
NO = {"false", "no", "0", "down", "dislike", "-1"}


class Rule(Protocol):
    def target(self, row: Row) -> float | None:
        """0 (declined) to 1 (accepted); None where the user did not say."""

    def __str__(self) -> str:
        """The rule in words, for the account and the model card."""


@dataclass(frozen=True)
class Continued:
    """The card's rule: a user who presses retry, or who soon leaves, did not accept the reply."""

    min_remaining: int
    retry: str = "retry"
    remaining: str = "remaining_user_messages"

    def target(self, row: Row) -> float:
        if _yes_or_no(row, self.retry):
            return 0.0
        return 1.0 if self.min_remaining == 0 or _count(row, self.remaining) >= self.min_remaining else 0.0

    def __str__(self) -> str:
        if self.min_remaining == 0:
            return f"accepted: not {self.retry}"
        return f"accepted: not {self.retry}, and {self.remaining} at least {self.min_remaining}"


@dataclass(frozen=True)
class Stars:
    min_stars: float
    stars: str = "stars"

    def target(self, row: Row) -> float | None:
        if _missing(row, self.stars):
            return None
        return 1.0 if _number(row, self.stars) >= self.min_stars else 0.0

    def __str__(self) -> str:
        return f"accepted: {self.stars} at least {self.min_stars:g}"


@dataclass(frozen=True)
class Thumbs:
    thumbs: str = "thumbs"

    def target(self, row: Row) -> float | None:
        return None if _missing(row, self.thumbs) else float(_yes_or_no(row, self.thumbs))

    def __str__(self) -> str:
        return f"accepted: {self.thumbs} up"


@dataclass(frozen=True)
class Given:
    """Labels that somebody made before; between 0 and 1 they are soft targets."""

    label: str | None = None

    def target(self, row: Row) -> float | None:
        names = ("label", "labels") if self.label is None else (self.label,)
        name = next((name for name in names if name in row), names[0])
        if _missing(row, name):
            return None
        value = _number(row, name)
        if not 0 <= value <= 1:
            raise RowError("BAD_ROW", f"expected {name} to be from 0 to 1, got {preview(row[name])}")
        return value

    def __str__(self) -> str:
        return f"as the rows have it in {self.label or 'label or labels'}"


def _missing(row: Row, name: str) -> bool:
    # CSV spells that there is none as an empty cell.
    return row.get(name) in (None, "")


def _yes_or_no(row: Row, name: str) -> bool:
    value = row.get(name)
    # JSON's true is Python's True, whose spelling is that of the words below.
    word = str(value).strip().lower() if isinstance(value, (str, bool, int)) else ""
    if word in YES or word in NO:
        return word in YES
    raise RowError("BAD_ROW", f"expected {name} to be true or false, yes or no, got {_shown(row, name)}")


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    if isinstance(value, str):
        if (word := value.strip().lower()) in ("true", "yes", "false", "no"):
            return float(word in YES)
        try:
            value = float(value)
        except ValueError:
            value = None
    if not isinstance(value, (bool, int, float)) or not math.isfinite(value):
        raise RowError("BAD_ROW", f"expected {name} to be a number, got {_shown(row, name)}")
    return float(value)


def _count(row: Row, name: str) -> int:
    value = _number(row, name)
    if isinstance(row[name], bool) or value < 0 or value != int(value):
        raise RowError("BAD_ROW", f"expected {name} to be a count, got {_shown(row, name)}")
    return int(value)


def _shown(row: Row, name: str) -> str:
    return preview(row[name]) if name in row else "no such field"
