"""What the tests share: the real binary, an environment without the developer's settings, and tiny models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
sys.path += [str(ROOT / "python" / "src"), str(EXAMPLES / "best-of-n")]

for variable in [name for name in os.environ if name.startswith(("REWARD_SCORE_", "HF_", "TRANSFORMERS_"))]:
    del os.environ[variable]
# No test reaches the network; a model is prepared once; models this small gain nothing from threads.
os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "REWARD_SCORE_CACHE": str(ROOT / ".test-build" / "cache"),
    "OMP_NUM_THREADS": "1",
}

from reward_score import RewardModel  # noqa: E402
from tiny_models import write_language_model, write_reward_model  # noqa: E402

BINARY = ("node", str(ROOT / "bin" / "reward-score.js"))
LIKED = "a"  # the letter that the reward model rewards


@pytest.fixture(scope="session")
def reward_model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reward_model(tmp_path_factory.mktemp("models") / "reward-model", LIKED)


@pytest.fixture(scope="session")
def language_model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_language_model(tmp_path_factory.mktemp("models") / "language-model", "abcdefgh:")


@pytest.fixture
def reward_model(reward_model_path: Path) -> Iterator[RewardModel]:
    with RewardModel(BINARY, model=reward_model_path) as model:
        yield model


@pytest.fixture
def reward_score_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder before all others on the PATH, with this checkout's reward-score."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "reward-score").symlink_to(ROOT / "bin" / "reward-score.js")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def process_of(model: RewardModel) -> subprocess.Popen[bytes]:
    assert model._process is not None
    return model._process.process


def run(*arguments: Any, stdin: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the binary to its end, which is to be with this exit code."""
    command = [*BINARY, *map(str, arguments)]
    done = subprocess.run(command, input=stdin.encode("utf-8", "surrogatepass"), capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    return subprocess.CompletedProcess(command, code, done.stdout.decode(), done.stderr.decode())


def json_lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.split("\n") if line]
