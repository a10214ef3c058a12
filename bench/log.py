"""Progress, for whoever waits: standard output is the name of the page alone."""

import sys


def log(text: str) -> None:
    """Prints one line on standard error."""
    print(text, file=sys.stderr, flush=True)
