"""The command `label`: logs become labelled rows that `train` and `reward-score eval` read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from . import __version__, conversations
from .chat_logs import LogFile, Place
from .conversations import Fields, Reply, Row
from .errors import RowError, UsageError
from .log import counted, log
from .rules import Rule
from .splits import SPLITS, Counts, Shares, SplitFiles

ACCOUNT = "account.json"
# Bad rows that are logged one by one, where no file takes them all.
LOGGED = 20
# Rows of prompt and response that are enough to see that no white space stands between them.
BOUNDARIES_TO_CHECK = 100


@dataclass(frozen=True)
class LabelOptions:
    logs: Sequence[str]
    output: Path
    rule: Rule
    shares: Shares
    fields: Fields = field(default_factory=Fields)
    format_name: str | None = None
    errors: Path | None = None
    overwrite: bool = False


def label(options: LabelOptions) -> int:
    """The exit code: 0, or 3 where rows were bad."""
    logs = [LogFile(path, options.format_name, options.fields.named.get("messages")) for path in options.logs]
    _prepare(options.output, options.overwrite)
    tally = Tally()
    with (
        options.errors.open("w", encoding="utf-8") if options.errors else nullcontext() as errors,
        SplitFiles(options.output) as files,
    ):
        report = BadRows(errors)
        for chats in logs:
            for place, row in chats.read():
                try:
                    _add(row, options, files, tally)
                except RowError as error:
                    report.add(place, error)
        tally.hint()
        report.end()
        if tally.labelled == 0:
            raise UsageError(f"expected rows to label, got none: {_account_of_rows(tally, report)}")
        splits = files.finish()
    account = _account(options, logs, tally, report, splits)
    (options.output / ACCOUNT).write_text(json.dumps(account, indent=2) + "\n", encoding="utf-8")
    _log_counts(options, tally, report, splits)
    return 3 if report.total else 0


@dataclass
class Tally:
    """What became of the rows that are not bad."""

    labelled: int = 0
    unlabelled: int = 0
    by_id: int = 0
    forms: Counter[str] = field(default_factory=Counter)
    boundaries: int = 0
    spaced: int = 0

    def add(self, reply: Reply, by_id: bool) -> None:
        self.labelled += 1
        self.by_id += by_id
        self.forms[reply.form] += 1
        if reply.form == "response" and self.boundaries < BOUNDARIES_TO_CHECK:
            self.boundaries += 1
            prompt = reply.prompt or ""
            self.spaced += prompt == "" or prompt[-1].isspace() or reply.response[0].isspace()

    def hint(self) -> None:
        if self.boundaries > 0 and self.spaced == 0:
            log(
                f"none of the first {counted(self.boundaries, 'row')} of prompt and response has white space between the two: "
                "they are joined as they are, as reward-score joins them"
            )


class BadRows:
    def __init__(self, file: TextIO | None) -> None:
        self._file = file
        self.codes: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return self.codes.total()

    def add(self, place: Place, error: RowError) -> None:
        self.codes[error.code] += 1
        if self._file is not None:
            line = {"file": place.file, "line": place.line, "code": error.code, "message": str(error)}
            self._file.write(json.dumps(line) + "\n")
        elif self.total <= LOGGED:
            log(f"{place}: {error.code}: {error}")

    def end(self) -> None:
        if self._file is None and self.total > LOGGED:
            log(f"and {counted(self.total - LOGGED, 'more bad row')}: --errors FILE lists all")


def _add(row: Row | RowError, options: LabelOptions, files: SplitFiles, tally: Tally) -> None:
    if isinstance(row, RowError):
        raise row
    reply = conversations.read(row, options.fields)
    conversation, by_id = conversations.identity(row, reply, options.fields)
    target = options.rule.target(row)
    if target is None:
        tally.unlabelled += 1
        return
    line = _line(reply, conversation, target)
    files.add(options.shares.split_of(conversation), line, reply.text, conversation, target)
    tally.add(reply, by_id)


def _line(reply: Reply, conversation: str, target: float) -> bytes:
    parts = {"text": reply.response} if reply.prompt is None else {"prompt": reply.prompt, "response": reply.response}
    row = {"conversation_id": conversation, **parts, "label": int(target) if target in (0, 1) else target}
    try:
        return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError("BAD_UTF8", f"expected text, got the lone surrogate {error.object[error.start]!a}") from None


def _prepare(directory: Path, overwrite: bool) -> None:
    made = [name for name in (*(f"{split}.jsonl" for split in SPLITS), ACCOUNT) if (directory / name).exists()]
    if made and not overwrite:
        raise UsageError(
            f"{directory}: expected a folder without labelled rows, got {made[0]}: --overwrite replaces it"
        )
    directory.mkdir(parents=True, exist_ok=True)
    # What an interrupted run leaves must not look whole.
    for name in made:
        (directory / name).unlink()


def _account(
    options: LabelOptions, logs: list[LogFile], tally: Tally, bad: BadRows, splits: dict[str, Counts]
) -> dict[str, Any]:
    return {
        "version": __version__,
        "rule": str(options.rule),
        "seed": options.shares.seed,
        "shares": {"validation": options.shares.validation, "test": options.shares.test},
        "inputs": [
            {"name": chats.name, "bytes": chats.bytes, "sha256": chats.sha256, "rows": chats.rows} for chats in logs
        ],
        "rows": tally.labelled + tally.unlabelled + bad.total,
        "labelled": tally.labelled,
        "unlabelled": tally.unlabelled,
        "bad": dict(bad.codes),
        "forms": dict(tally.forms),
        "conversations_by": {"id": tally.by_id, "beginning": tally.labelled - tally.by_id},
        "splits": {name: {**asdict(counts), "base_rate": counts.base_rate} for name, counts in splits.items()},
    }


def _account_of_rows(tally: Tally, bad: BadRows) -> str:
    codes = ", ".join(f"{code} {count:,}" for code, count in bad.codes.most_common())
    return (
        f"{counted(tally.labelled, 'row')} labelled, {tally.unlabelled:,} without what the rule asks for, "
        f"{bad.total:,} bad{f' ({codes})' if codes else ''}"
    )


def _log_counts(options: LabelOptions, tally: Tally, bad: BadRows, splits: dict[str, Counts]) -> None:
    log(_account_of_rows(tally, bad))
    log(str(options.rule))
    if tally.by_id < tally.labelled:
        log(
            f"{counted(tally.labelled - tally.by_id, 'row')} without a conversation's id: those that begin alike were taken "
            "as one conversation (--conversation FIELD names the id)"
        )
    log(f"{'split':<12}{'rows':>12}{'conversations':>15}{'base rate':>11}{'in an earlier split':>21}{'repeated':>11}")
    for name, counts in splits.items():
        rate = "-" if counts.base_rate is None else f"{counts.base_rate:.4f}"
        log(
            f"{name:<12}{counts.rows:>12,}{counts.conversations:>15,}{rate:>11}{counts.dropped:>21,}{counts.repeated:>11,}"
        )
    shares = {"train": 1, "validation": options.shares.validation, "test": options.shares.test}
    empty = [name for name, counts in splits.items() if shares[name] > 0 and counts.rows == 0]
    if empty:
        log(
            f"{' and '.join(empty)}: no rows. Are there enough conversations, and are they told apart (--conversation)?"
        )
