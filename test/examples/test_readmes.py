"""What the pages about Python and the examples' READMEs show is what they do: their commands are run, in order and as they are written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

NOT_RUN = ("pip install",)  # needs the package index


PAGES = ["examples/python/README.md", "examples/best-of-n/README.md", "python/README.md", "docs/python.md"]


@pytest.mark.parametrize("page", PAGES)
def test_commands(page: str, reward_model_path: Path, language_model_path: Path, tmp_path: Path) -> None:
    text = (ROOT / page).read_text()
    if page.startswith("examples/"):
        shutil.copytree((ROOT / page).parent, tmp_path, dirs_exist_ok=True)
    (tmp_path / "gpt2-reward-model").symlink_to(reward_model_path)
    (tmp_path / "language-model").symlink_to(language_model_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "reward-score").symlink_to(ROOT / "bin" / "reward-score.js")
    conversation = "" if page == "examples/python/README.md" else '{"messages": [{"role": "b", "content": "ha"}]}\n'
    (tmp_path / "prompts.jsonl").write_text('{"prompt": "b: ab\\nc:"}\n' + conversation)
    path = os.pathsep.join([str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = 0
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        assert language in ("sh", "python", "jsonl", "text"), (
            "commands stand in blocks of sh, programs in blocks of python"
        )
        commands = [line for line in block.replace("\\\n", " ").split("\n") if line and not line.startswith("#")]
        for command in commands if language == "sh" else [block] if language == "python" else []:
            if command.startswith(NOT_RUN):
                continue
            program = ["bash", "-o", "pipefail", "-c"] if language == "sh" else [sys.executable, "-c"]
            done = subprocess.run(
                [*program, command],
                cwd=tmp_path,
                env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "python" / "src")},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{command}\n{done.stderr}"
            ran += 1
    assert ran > 0
