"""Starts contenders as processes of their own, and watches the memory they take."""

import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from environment import ROOT, WORK

PROGRAM = "bin/reward-score.js"


@dataclass(frozen=True)
class Finished:
    """`seconds` from start to end; memory in MB: `private` is backed by no file (RssAnon), `peak` is all (VmHWM)."""

    seconds: float
    private: float
    peak: float
    output: bytes


def environment() -> dict[str, str]:
    """No setting of the user's is in it; prepared models are kept in the bench's own folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("REWARD_SCORE_", "NODE_"))}
    offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "TRANSFORMERS_VERBOSITY": "error"}
    return clean | offline | {"REWARD_SCORE_CACHE": str(WORK / "cache"), "HF_HOME": str(WORK / "hugging-face")}


def node(arguments: list[str]) -> str:
    """Runs Node to its end; gives what it printed."""
    command = ["node", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), check=True, stdout=subprocess.PIPE, text=True).stdout


def measure(command: list[str], every: float = 0.1) -> Finished:
    """Runs a command to its end and looks at its memory `every` so many seconds.

    Raises RuntimeError with what it said where it fails.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    peaks = {"RssAnon": 0.0, "VmHWM": 0.0}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(every):
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                return  # not Linux: no memory is reported
            for name, peak in peaks.items():
                if found := re.search(rf"^{name}:\s*(\d+)", status, re.MULTILINE):
                    peaks[name] = max(peak, int(found[1]) / 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, said = process.communicate()
    seconds = time.perf_counter() - started
    ended.set()
    watcher.join()
    if process.returncode != 0:
        last = (said.decode(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        raise RuntimeError(last.replace(f"{ROOT}/", ""))  # it goes into the results
    return Finished(seconds, peaks["RssAnon"], peaks["VmHWM"], output)
