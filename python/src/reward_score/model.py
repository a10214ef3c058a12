"""RewardModel: rewards from `reward-score --stream`, a co-process that stays loaded."""

from __future__ import annotations

import datetime
import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Self, get_args

from reward_score.command import ANSWERLESS, environment, find_command
from reward_score.coprocess import CoProcess
from reward_score.errors import ProcessError, RowError

# Said last, these win over flags and environment variables that would change what an answer looks like.
PROTOCOL = "--stream --quiet --exit-zero --output=- --from=jsonl --to=jsonl --on-error=null --reward-field=reward"
OnError = Literal["raise", "return"]
WRITTEN = {"reward", "reward_chosen", "reward_rejected", "reward_error"}  # left by an earlier run, they do not count


class RewardModel:
    """A reward model: `RewardModel(model="./my-model", max_length=128)`.

    Flags are those of `reward-score score`, with underscores: True sets one that has no value, None and False leave it
    out. command is the program and its first arguments; without it, see reward_score.command.find_command.

    The model is loaded once, by a process that starts here and ends with close() or the end of a `with`. Threads may share
    a RewardModel, and their calls are answered one after the other. One that is pickled, or that a fork has inherited,
    starts a process of its own at its first call (`datasets.map(num_proc=…)`, a data loader's workers).

    Raises CommandNotFoundError, and ValueError for a flag that would leave rows without answers. A model that cannot be
    loaded is a ProcessError of the first call.
    """

    def __init__(self, command: Sequence[str] | None = None, **flags: Any) -> None:
        if isinstance(command, str):
            raise TypeError(
                f'expected command to be a list of arguments, such as ["npx", "reward-score"], got {command!r}'
            )
        if refused := sorted(name for name in ANSWERLESS & set(flags) if flags[name] not in {None, False}):
            raise ValueError(f"expected flags with which each row is answered, got {refused}: leave them out")
        self.__setstate__({"command": tuple(command) if command else None, "flags": flags})
        self._process: CoProcess | None = self._started()

    def __getstate__(self) -> dict[str, Any]:
        return {"command": self._command, "flags": self._flags}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._command: tuple[str, ...] | None = state["command"]
        self._flags: dict[str, Any] = state["flags"]
        self._closed = False
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._process = None

    def _belong_here(self) -> None:
        """In a fork, the process is the parent's, and the lock may be one that a thread of the parent held."""
        if self._pid != os.getpid():
            self._pid, self._lock, self._process = os.getpid(), threading.Lock(), None

    def _started(self) -> CoProcess:
        named = {f"--{name.replace('_', '-')}": value for name, value in self._flags.items() if value is not None}
        given = [flag if value is True else f"{flag}={value}" for flag, value in named.items() if value is not False]
        command = self._command or find_command()
        return CoProcess([*command, *given, *PROTOCOL.split()], environment(command))

    def score(self, rows: Iterable[Any], on_error: OnError = "raise") -> list[Any]:
        """The rewards of rows (texts, or objects as in a JSONL file), in their order.

        A row's reward is a number, a list (of candidates) or a tuple (chosen, rejected); with logit="all" each number is a
        dict from labels to numbers. When all rows are answered, the
        first bad one raises its RowError; with on_error="return", each has its RowError in the place of a reward.
        Rewards of equal rows agree within rounding (1e-5), whatever rows they are called with.

        NaN and infinities, which JSON lacks, are null.

        Raises ProcessError when the process has ended, and in every call after that; TypeError for a value that is no JSON,
        before anything is scored, and for one row, or a table, in the place of rows.
        """
        if on_error not in get_args(OnError):
            raise ValueError(f'expected on_error to be "raise" or "return", got {on_error!r}')
        refuse_one(rows)
        lines = [line_of(index, row) for index, row in enumerate(rows)]
        answers = self._answers_to(lines)
        # parse_int: a reward that is written without a point is a float all the same.
        rewards = [reward_of(index, json.loads(answer, parse_int=float)) for index, answer in enumerate(answers)]
        errors = [reward for reward in rewards if isinstance(reward, RowError)]
        if errors and on_error == "raise":
            raise errors[0]
        return rewards

    def _answers_to(self, lines: list[bytes]) -> list[bytes]:
        self._belong_here()
        with self._lock:  # answers come in the order of the lines, and belong to one call
            if self._closed:
                raise ProcessError(None, "")
            if self._process is None:
                self._process = self._started()
            return self._process.answers_to(lines)

    def close(self) -> None:
        """Ends the co-process, when the calls of other threads are answered. It may be called again."""
        self._belong_here()
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def refuse_one(rows: Any) -> None:
    """What would be taken for its letters, the names of its fields or its columns."""
    kind = type(rows).__name__
    if isinstance(rows, str | bytes | Mapping):
        raise TypeError(f"expected a list of rows, got one {kind}: write score([row])")
    if hasattr(rows, "columns"):
        raise TypeError(
            f"expected a list of rows, got a {kind}: see score_pandas and score_polars of reward_score.columns"
        )


def line_of(index: int, row: Any) -> bytes:
    """A row as a line of JSON, without what an earlier run has added."""
    bare = {name: value for name, value in row.items() if name not in WRITTEN} if isinstance(row, Mapping) else row
    try:
        text = json.dumps(bare, default=plain)
        if "NaN" in text or "Infinity" in text:
            text = json.dumps(json.loads(text, parse_constant=lambda _: None))
        return text.encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"rows[{index}]: expected what JSON can hold: {error}. Leave the field out, or make it a string"
        ) from None


def plain(value: Any) -> Any:
    """What numpy's values, arrays, dates and other mappings are in JSON."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if callable(tolist := getattr(value, "tolist", None)):
        return tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")


def reward_of(index: int, record: dict[str, Any]) -> Any:
    reward = record["reward"] if "reward" in record else (record["reward_chosen"], record["reward_rejected"])
    if (error := record.get("reward_error")) is None:
        return reward
    return RowError(index, error["code"], error["message"], reward)
