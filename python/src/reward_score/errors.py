"""What can go wrong: a row that has no reward, a process that ended, a command that is not there."""

from __future__ import annotations

from typing import Any


class RewardScoreError(Exception):
    """Every error of this package that is not a wrong argument."""


class RowError(RewardScoreError, ValueError):
    """Why a row has no reward.

    index: of the row in its call, from 0
    code: as in the command line's documentation, such as EMPTY_TEXT or BAD_ROW
    message: what is wrong with the row
    reward: what there is all the same: a list of candidates' rewards or a tuple (chosen, rejected), with None for those
      that have none; else None
    """

    def __init__(self, index: int, code: str, message: str, reward: Any = None) -> None:
        super().__init__(index, code, message, reward)  # all of them, so that a pickled one comes back whole
        self.index, self.code, self.message, self.reward = index, code, message, reward

    def __str__(self) -> str:
        return f"rows[{self.index}]: {self.code}: {self.message}"


class ProcessError(RewardScoreError, RuntimeError):
    """The co-process ended before all rows were answered; the RewardModel answers no further call.

    exit_code: of the process; negative is the number of the signal that killed it (None: it was stopped by this program,
      because a call was interrupted or the model was closed)
    stderr: the end of what it printed, at most 4 KiB
    """

    def __init__(self, exit_code: int | None, stderr: str) -> None:
        super().__init__(exit_code, stderr)
        self.exit_code, self.stderr = exit_code, stderr

    def __str__(self) -> str:
        if self.exit_code is None:
            return "reward-score was closed, or stopped when a call was interrupted: make a new RewardModel"
        lines = [line for line in self.stderr.split("\n") if line.strip()]
        last = lines[-1] if lines else "nothing on standard error"
        return f"reward-score ended (exit code {self.exit_code}) before all rows were answered: {last}"


class CommandNotFoundError(RewardScoreError, FileNotFoundError):
    """Neither reward-score nor a way to run it from npm is on this machine."""
