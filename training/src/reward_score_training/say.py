"""Messages to the person at the terminal: standard error, a line each."""

import sys


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def counted(number: int, noun: str) -> str:
    """1 row, 2,000 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
