"""What ends a run, and what is wrong with one row."""


class UsageError(Exception):
    """Wrong use, found before anything is written: exit code 2."""


class RowError(Exception):
    """One row that cannot be used; the code is one of those that reward-score writes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
