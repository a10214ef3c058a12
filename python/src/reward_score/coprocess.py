"""A process that answers each line with a line, in order."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from subprocess import PIPE, Popen

from reward_score.errors import CommandNotFoundError, ProcessError

CHUNK = 1 << 16
"""Bytes of rows that are written together."""
TAIL = 4096
"""Bytes of standard error that an error quotes."""


class CoProcess:
    """Answers to lines. One call at a time; the caller holds the lock. Raises CommandNotFoundError."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it; unlike a pipe, it is never full
        # In a session of its own, Ctrl-C is for this program to act upon. Without buffers: a fork would flush its copy of one.
        try:
            self.process = Popen(
                command, stdin=PIPE, stdout=PIPE, stderr=self._stderr, env=env, start_new_session=True, bufsize=0
            )
        except OSError as error:
            self._stderr.close()
            raise CommandNotFoundError(f"expected {command[0]} to be a program that can be run: {error}") from error
        assert isinstance(self.process.stdin, io.FileIO)
        assert isinstance(self.process.stdout, io.FileIO)
        self._rows, self._answers = self.process.stdin, io.BufferedReader(self.process.stdout, CHUNK)
        _running.add(self)

    def answers_to(self, lines: Sequence[bytes]) -> list[bytes]:
        """A line for each line, which ends with a newline. Raises ProcessError if the process has ended."""
        if self._answers.closed:
            raise ProcessError(None, "")
        try:
            # Beside the reading, so that neither process waits for the other before a full pipe.
            writer = threading.Thread(target=self._write, args=(lines,), daemon=True)
            writer.start()
            answers = [self._read() for _ in lines]
            writer.join()
        except ProcessError:
            raise
        except BaseException:
            self.kill()
            self._answers.close()  # what is left unread would be taken for the answers of the next call
            raise
        return answers

    def _write(self, lines: Sequence[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):  # the reader learns that the process has ended, and why
            for chunk in chunks(lines):
                rest = memoryview(chunk)
                while rest:
                    rest = rest[self._rows.write(rest) or 0 :]

    def _read(self) -> bytes:
        line = self._answers.readline()
        if line.endswith(b"\n"):
            return line
        code = self.process.wait()
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - TAIL))
        raise ProcessError(code, self._stderr.read().decode(errors="replace"))

    def kill(self) -> None:
        """The whole session: npx, and what it has started."""
        if self.process.poll() is not None:
            return
        if sys.platform == "win32":
            self.process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends it, and waits for it. It may be called again."""
        with contextlib.suppress(OSError):
            self._rows.close()
        self.process.wait()
        self._answers.close()
        self._stderr.close()
        _running.discard(self)

    def abandon(self) -> None:
        """In a fork: the pipes are those of the process that was forked, which could not end them while this one has them."""
        self._rows.close()
        self._answers.close()
        self._stderr.close()
        self.process.returncode = 0  # it is no child of this process, which need not be told that it runs


def chunks(lines: Sequence[bytes]) -> Iterator[bytes]:
    part: list[bytes] = []
    size = 0
    for line in lines:
        part.append(line)
        size += len(line)
        if size >= CHUNK:
            yield b"".join(part)
            part, size = [], 0
    yield b"".join(part)


_running: weakref.WeakSet[CoProcess] = weakref.WeakSet()


def _abandon_all() -> None:
    for each in list(_running):
        each.abandon()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
