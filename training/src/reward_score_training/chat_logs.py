"""Rows of JSONL, CSV and TSV files, one at a time, each with the place where it stands."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from .conversations import Row
from .errors import RowError, UsageError
from .layout import preview
from .row_fields import DEFAULT_NAMES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv"}
# Columns whose cells hold messages as JSON.
MESSAGE_COLUMNS = frozenset(DEFAULT_NAMES["messages"])


@dataclass(frozen=True)
class Place:
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class LogFile:
    """A file that is read once; its hash and size are known when it was read to its end."""

    def __init__(self, path: str, format_name: str | None = None, message_column: str | None = None) -> None:
        self.path = path
        self._message_columns = MESSAGE_COLUMNS if message_column is None else {message_column}
        self.name = "standard input" if path == "-" else Path(path).name
        self.format = format_name or format_of(path)
        self._hash = hashlib.sha256()
        self.bytes = 0
        self.rows = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def read(self) -> Iterator[tuple[Place, Row | RowError]]:
        with self._open() as stream:
            for line, row in _jsonl(stream) if self.format == "jsonl" else self._table(stream):
                self.rows += 1
                yield Place(self.path, line), row

    def _table(self, stream: BinaryIO) -> Iterator[tuple[int, Row | RowError]]:
        csv.field_size_limit(2**31 - 1)
        # Bytes that are no UTF-8 become surrogates, so that they spoil their own row only.
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        reader = csv.reader(text, delimiter="\t" if self.format == "tsv" else ",", strict=True)
        header: list[str] | None = None
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                # The reader goes on after the line.
                yield line, RowError("BAD_CSV", f"expected CSV: {error}")
                continue
            if not cells:
                continue
            if header is None:
                header = [name.strip() for name in cells]
                if len({name.lower() for name in header}) < len(header):
                    raise UsageError(f"{self.path}:{line}: expected columns of different names, got {preview(cells)}")
            elif len(cells) != len(header):
                yield line, RowError("BAD_CSV", f"expected {len(header)} fields, got {len(cells)}")
            else:
                try:
                    yield line, self._row(header, cells)
                except RowError as error:
                    yield line, error
        if header is None:
            raise UsageError(f"{self.path}: expected a header, got nothing")

    def _row(self, header: list[str], cells: list[str]) -> Row:
        """Columns are found by their names, or by these in small letters."""
        row: Row = {}
        for name, cell in zip(header, cells, strict=True):
            value = _messages(name, cell) if {name, name.lower()} & self._message_columns else cell
            row[name] = row[name.lower()] = value
        return row

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        if self.path == "-":
            source: BinaryIO = sys.stdin.buffer
        else:
            try:
                source = Path(self.path).open("rb")  # noqa: SIM115 - the with statement below closes it
            except OSError as error:
                raise UsageError(f"{self.path}: expected a file to read: {error.strerror}") from error
        with source:
            hashed = io.BufferedReader(_Counted(source, self), 1 << 20)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=hashed)) if self.path.endswith(".gz") else cast(BinaryIO, hashed)

    def count(self, block: memoryview) -> None:
        self._hash.update(block)
        self.bytes += len(block)


class _Counted(io.RawIOBase):
    def __init__(self, source: BinaryIO, file: LogFile) -> None:
        # Both a file that was opened and standard input are such.
        self._source = cast(io.BufferedReader, source)
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        read = self._source.readinto(buffer)
        self._file.count(memoryview(buffer)[:read])
        return read


def format_of(path: str) -> str:
    name = Path(path).name.lower().removesuffix(".gz")
    for ending, format_name in FORMATS.items():
        if name.endswith(ending):
            return format_name
    if path == "-":
        return "jsonl"
    raise UsageError(f"{path}: expected a name that ends in {', '.join(FORMATS)} (and .gz), or --from")


def _jsonl(stream: BinaryIO) -> Iterator[tuple[int, Row | RowError]]:
    for number, raw in enumerate(stream, 1):
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if line.strip():
            yield number, _parsed(line)


def _parsed(line: bytes) -> Row | RowError:
    try:
        row = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        return RowError("BAD_UTF8", f"expected UTF-8, got byte {line[error.start]:#04x}")
    except (ValueError, RecursionError) as error:
        return RowError("BAD_JSON", f"expected JSON: {error}")
    if isinstance(row, dict):
        return row
    return RowError("BAD_ROW", f"expected an object, got {preview(row)}")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _messages(name: str, cell: str) -> object:
    """Messages in a cell are JSON; a cell of the column `context` may as well hold a prompt, as a text."""
    value = None
    if cell.startswith("["):
        with suppress(ValueError, RecursionError):
            value = json.loads(cell)
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    if cell == "" or name.lower() == "context":
        return cell
    raise RowError("BAD_ROW", f"expected {name} to be an array of messages as JSON, got {preview(cell)}")
