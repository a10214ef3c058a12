"""Labelled rows as token ids, in Arrow files that are mapped into memory: rows do not have to fit into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from . import conversations
from .chat_logs import FORMATS, LogFile
from .conversations import Fields
from .errors import RowError, UsageError
from .rules import Given

# Rows that are tokenised at once.
BLOCK = 1000


@dataclass(frozen=True)
class Source:
    """A split's file, for the model card: its name has no folders."""

    name: str
    sha256: str
    rows: int
    base_rate: float
    # Rows of which tokens were cut off, and whether a target stands between 0 and 1.
    truncated: int
    soft: bool


@dataclass(frozen=True)
class Split:
    source: Source
    # input_ids, labels, length
    rows: Dataset


def find_split(directory: Path, name: str) -> Path | None:
    """`train.jsonl` and the like."""
    endings = [ending + packed for ending in FORMATS for packed in ("", ".gz")]
    found = [path for ending in endings if (path := directory / f"{name}{ending}").is_file()]
    if len(found) > 1:
        raise UsageError(f"{directory}: expected one file for {name}, got {' and '.join(path.name for path in found)}")
    return found[0] if found else None


def tokenized(path: Path, sha256: str, tokenizer: PreTrainedTokenizerBase, max_length: int, directory: Path) -> Split:
    """Made once for a file, a tokenizer and a length; an interrupted run finds it again."""
    key = hashlib.sha256(f"{sha256} {sha256_of_tokenizer(tokenizer)} {max_length}".encode()).hexdigest()[:16]
    stored = directory / f"{path.name.split('.')[0]}-{key}.arrow"
    account = stored.with_suffix(".json")
    if not account.exists():
        directory.mkdir(parents=True, exist_ok=True)
        source = _write(path, tokenizer, max_length, stored)
        account.write_text(json.dumps(asdict(source)), encoding="utf-8")
    return Split(Source(**json.loads(account.read_text(encoding="utf-8"))), Dataset.from_file(str(stored)))


def encode(texts: list[str], tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[tuple[list[int], int]]:
    """The last `max_length` tokens of each text, and how many it has in all."""
    encoded = tokenizer(texts, add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]
    return [(ids[-max_length:], len(ids)) for ids in encoded]


def _write(path: Path, tokenizer: PreTrainedTokenizerBase, max_length: int, stored: Path) -> Source:
    id_type = pa.uint16() if len(tokenizer) <= 2**16 else pa.int32()
    schema = pa.schema({"input_ids": pa.list_(id_type), "labels": pa.float32(), "length": pa.int32()})
    file = LogFile(str(path))
    rows, truncated, accepted, soft = 0, 0, 0.0, False
    partial = stored.with_suffix(".partial")
    with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        labelled = _labelled(file)
        while block := list(islice(labelled, BLOCK)):
            texts, labels = zip(*block, strict=True)
            encoded = encode(list(texts), tokenizer, max_length)
            ids = [row for row, _ in encoded]
            columns = [ids, list(labels), [len(row) for row in ids]]
            writer.write_batch(
                pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
            )
            rows += len(ids)
            truncated += sum(length > max_length for _, length in encoded)
            accepted += sum(labels)
            soft = soft or any(0 < label < 1 for label in labels)
    if rows == 0:
        raise UsageError(f"{path}: expected labelled rows, got none")
    partial.replace(stored)
    return Source(path.name, file.sha256, rows, accepted / rows, truncated, soft)


def _labelled(file: LogFile) -> Iterator[tuple[str, float]]:
    rule, fields = Given(), Fields()
    for place, row in file.read():
        try:
            if isinstance(row, RowError):
                raise row
            label = rule.target(row)
            if label is None:
                raise RowError("BAD_ROW", "expected a label, got none")
            text = conversations.read(row, fields).text
            text.encode("utf-8")
            yield text, label
        except (RowError, UnicodeEncodeError) as error:
            raise UsageError(f"{place}: {error} (`label --given` sorts bad rows out)") from None


def sha256_of_tokenizer(tokenizer: PreTrainedTokenizerBase) -> str:
    return hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode("utf-8")).hexdigest()


def sha256_of(paths: Iterable[Path]) -> str:
    """Of the files' bytes, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
