"""Messages to the person at the terminal: a line each, on standard error."""

import sys


def log(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def counted(number: int, noun: str) -> str:
    """1 row, 2,000 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
