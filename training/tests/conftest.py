"""Set before torch is loaded: one thread, so that sums have one order, and no network."""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
# The two-process test and the others see the same machine.
os.environ["ACCELERATE_USE_CPU"] = "true"

import shutil
import subprocess
from pathlib import Path

import pytest

from generated import conversations, write_jsonl, write_tokenizer
from reward_score_training.cli import main
from tool import RewardScore

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def reward_score() -> RewardScore:
    """The tool itself, as it was built beside this package."""
    node = shutil.which("node")
    if node is None or not (ROOT / "dist/cli/main.js").exists():
        pytest.fail("reward-score is not built: npm ci && npm run build")

    def run(*arguments: object, text: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [node, str(ROOT / "bin/reward-score.js"), *map(str, arguments)]
        return subprocess.run(command, input=text, text=True, capture_output=True, timeout=300, check=False)

    return run


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `label` makes of a log with a signal planted in it."""
    folder = tmp_path_factory.mktemp("labelled")
    log = write_jsonl(folder / "log.jsonl", conversations(700, seed=7))
    shares = ["--validation", "0.2", "--test", "0.2"]
    assert main(["label", str(log), "-o", str(folder / "data"), "--min-remaining", "2", *shares]) == 0
    return folder / "data"
