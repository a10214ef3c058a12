"""Rewards for a Python program from `reward-score --stream`, a co-process that stays loaded. Standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Iterable, Sequence
from subprocess import PIPE, Popen
from typing import Any

# Said last, these win over flags and environment variables that would change what an answer looks like.
PROTOCOL = "--stream --quiet --exit-zero --output=- --from=jsonl --to=jsonl --on-error=null --reward-field=reward"
WRITTEN = {"reward", "reward_chosen", "reward_rejected", "reward_error"}  # left by an earlier run, they do not count


class RowError(ValueError):
    """Why a row has no reward. `reward` holds what there is all the same: of candidates, those that have one."""

    def __init__(self, index: int, error: dict[str, Any], reward: Any) -> None:
        super().__init__(f"rows[{index}]: {error['code']}: {error['message']}")
        self.index, self.code, self.reward = index, error["code"], reward


class RewardModel:
    """`RewardModel(model="./my-model", max_length=128)`: the flags of `reward-score score`, with underscores."""

    def __init__(self, command: Sequence[str] = ("reward-score",), **flags: Any) -> None:
        named = {f"--{name.replace('_', '-')}": value for name, value in flags.items() if value is not None}
        given = [flag if value is True else f"{flag}={value}" for flag, value in named.items() if value is not False]
        self._lock = threading.Lock()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it; unlike a pipe, it is never full
        # With --errors, answers would not say why. In a session of its own, Ctrl-C is for this program to act upon.
        env = {name: value for name, value in os.environ.items() if name != "REWARD_SCORE_ERRORS"}
        everything = [*command, *given, *PROTOCOL.split()]
        self._process = Popen(everything, stdin=PIPE, stdout=PIPE, stderr=self._stderr, env=env, start_new_session=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._rows, self._answers = self._process.stdin, self._process.stdout

    def score(self, rows: Iterable[Any], on_error: str = "raise") -> list[Any]:
        """The rewards of rows (texts, or objects as in a JSONL file), in their order.

        A row's reward is a number, a list (of candidates) or a tuple (chosen, rejected). When all rows are answered, the
        first bad one raises its RowError; with on_error="return", each has its RowError in the place of a reward.
        """
        if on_error not in ("raise", "return"):
            raise ValueError(f'expected on_error to be "raise" or "return", got {on_error!r}')
        lines = [self._line(row) for row in rows]
        with self._lock:  # answers come in the order of the lines, and belong to one call
            try:
                # Beside the reading, so that neither process waits for the other before a full pipe.
                writer = threading.Thread(target=self._write, args=(lines,), daemon=True)
                writer.start()
                answers = [self._read() for _ in lines]
                writer.join()
            except BaseException:
                self._process.kill()
                self._answers.close()  # what is left unread would be taken for the answers of the next call
                raise
        records = [json.loads(answer, parse_int=float) for answer in answers]
        rewards = [self._reward(index, record) for index, record in enumerate(records)]
        errors = [reward for reward in rewards if isinstance(reward, RowError)]
        if errors and on_error == "raise":
            raise errors[0]
        return rewards

    @staticmethod
    def _line(row: Any) -> bytes:
        bare = {name: value for name, value in row.items() if name not in WRITTEN} if isinstance(row, dict) else row
        return json.dumps(bare).encode() + b"\n"

    @staticmethod
    def _reward(index: int, record: dict[str, Any]) -> Any:
        reward = record["reward"] if "reward" in record else (record["reward_chosen"], record["reward_rejected"])
        return RowError(index, record["reward_error"], reward) if "reward_error" in record else reward

    def _write(self, lines: list[bytes]) -> None:
        with contextlib.suppress(OSError):  # the reader learns that the process has ended, and why
            self._rows.writelines(lines)
            self._rows.flush()

    def _read(self) -> bytes:
        line = b"" if self._answers.closed else self._answers.readline()
        if line.endswith(b"\n"):
            return line
        code = self._process.wait()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").split("\n")
        last = next((text for text in reversed(lines) if text.strip()), "nothing on standard error")
        raise RuntimeError(f"reward-score ended (exit code {code}) before all rows were answered: {last}")

    def close(self) -> None:
        """Ends the co-process, when the calls of other threads are answered."""
        with self._lock:
            with contextlib.suppress(OSError):
                self._rows.close()
            self._process.wait()
            self._answers.close()
            self._stderr.close()

    def __enter__(self) -> RewardModel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
